"""Publish the recordings that stayed on the switch, and remove those that have arrived.

The switch puts a recording once and keeps its file, whether that went well or not.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from telephony.models import Recording
from telephony.services import announcing
from telephony.services.probes import is_probe
from telephony.services.recordings import (
    MAX_RECORDING_BYTES,
    RecordingConflictError,
    RecordingRefusedError,
    audio_path,
    publish,
)
from telephony.services.spool import Spool, SpoolFile
from telephony.services.sweeps import YOUNG_SECONDS, Outcome, Verdict

# The longest call: on hold nothing is written for hours, and the header of a file says nothing until it is closed.
UNFINISHED_SECONDS: Final = 24 * 60 * 60
# The uuid of the leg that recorded, as our plans name the file. What is named otherwise is somebody else's.
_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.wav")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSweep:
    """The sweep of recordings: a file is removed only when its very bytes are published, or were and a person deleted them."""

    young: float = YOUNG_SECONDS
    unfinished: float = UNFINISHED_SECONDS  # seconds after which a file that is not whole has no more to come

    @property
    def pattern(self) -> re.Pattern[str]:
        """The names that our plans give."""
        return _NAME

    def take(self, spool: Spool, file: SpoolFile) -> Verdict:
        """Publish a recording unless it is known, then be rid of its file."""
        leg_uuid = file.name.removesuffix(".wav")
        if is_probe(leg_uuid):
            # The recording of a call to nobody: it has told what it had to.
            spool.remove(file)
            return Verdict(Outcome.REMOVED)
        try:
            known = Recording.objects.filter(leg_uuid=leg_uuid).first()
            if known is None:
                _check_finished(file)
                known, is_new = publish(leg_uuid, file.chunks(), file.size)
            else:
                is_new = False
                _check_same(file, known)
        except RecordingConflictError as error:
            return _set_aside(spool, file, str(error))
        except RecordingRefusedError as error:
            if file.age < self.unfinished:
                return Verdict(Outcome.LEFT)
            announcing.recording_failed(leg_uuid, error.code, str(error))
            return _set_aside(spool, file, str(error))
        if not _is_safe(known):
            return Verdict(
                Outcome.FAILED, f"{spool.path / file.name}: its published audio is not in its place, so this one stays"
            )
        spool.remove(file)
        return Verdict(Outcome.TAKEN if is_new else Outcome.KNOWN)


def _check_finished(file: SpoolFile) -> None:
    """Raise RecordingRefusedError where the switch has not closed the file: its header tells another length until then."""
    header = file.read(12)
    if file.size > MAX_RECORDING_BYTES:
        raise RecordingRefusedError("body_too_large", f"A recording has at most {MAX_RECORDING_BYTES} bytes.")
    if header[:4] == b"RIFF" and int.from_bytes(header[4:8], "little") + 8 != file.size:
        raise RecordingRefusedError("recording_incomplete", "The recording was never finished, or is cut.")


def _check_same(file: SpoolFile, known: Recording) -> None:
    """Raise RecordingConflictError where the leg's recording has other bytes."""
    if file.size == known.size_bytes:
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        if digest.hexdigest() == known.sha256:
            return
    raise RecordingConflictError("recording_exists", "Another recording of this leg is published already, or was deleted.")


def _is_safe(known: Recording) -> bool:
    """Tell whether the portal can do without the switch's file."""
    if known.state == Recording.State.DELETED:
        return True
    try:
        return audio_path(known).stat().st_size == known.size_bytes
    except FileNotFoundError:
        # Deleted this instant, or lost.
        return Recording.objects.filter(pk=known.pk, state=Recording.State.DELETED).exists()


def _set_aside(spool: Spool, file: SpoolFile, reason: str) -> Verdict:
    spool.set_aside(file, reason)
    return Verdict(Outcome.SET_ASIDE, f"{spool.path / file.name}: {reason}")
