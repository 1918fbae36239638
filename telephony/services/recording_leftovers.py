"""What a crash leaves behind in the folder of recordings: parts of uploads, and audio whose row was never committed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from django.conf import settings

from telephony.models import Recording
from telephony.services.recordings import INCOMING
from telephony.services.spool import Spool, SpoolFile
from telephony.services.sweeps import Outcome, Verdict, found, verdicts

UNCLAIMED: Final = ".unclaimed"
LEFT_BEHIND_SECONDS: Final = 24 * 60 * 60
_PART = re.compile(r"[0-9A-Za-z_]{1,64}\.part")
_SHELF = re.compile(r"[0-9a-f]{2}")
_AUDIO = re.compile(r"[0-9a-f]{32}\.wav")
_AT_ONCE = 500


class PartSweep:
    """The sweep of uploads that never ended: nothing was promised for them."""

    pattern = _PART
    young: float = LEFT_BEHIND_SECONDS

    def take(self, spool: Spool, file: SpoolFile) -> Verdict:
        """Remove a part."""
        spool.remove(file)
        return Verdict(Outcome.REMOVED)


class AudioSweep:
    """The sweep of audio that nobody can listen to.

    What a person deleted goes. What has no row is set aside and not removed: with a database that was put back to an earlier
    state it may be the only copy.
    """

    pattern = _AUDIO
    young: float = LEFT_BEHIND_SECONDS

    def take(self, spool: Spool, file: SpoolFile) -> Verdict:
        """Remove deleted audio, set aside what has no row; called only for files that had no row to listen to."""
        known = Recording.objects.filter(file_name=f"{spool.path.name}/{file.name}").first()
        if known is None:
            with Spool(settings.RECORDINGS_ROOT) as root, root.subfolder(UNCLAIMED) as unclaimed:
                spool.move(file, unclaimed)
            return Verdict(Outcome.SET_ASIDE, f"{spool.path / file.name}: no recording has this audio")
        if known.state == Recording.State.DELETED:
            spool.remove(file)
            return Verdict(Outcome.REMOVED)
        return Verdict(Outcome.PASSED_OVER)


def tidy() -> Iterator[Verdict]:
    """Sweep the folder of recordings; yield what became of each file that is nobody's. Raises TemporaryFailureError."""
    incoming = settings.RECORDINGS_ROOT / INCOMING
    if incoming.is_dir():
        with Spool(incoming) as spool:
            yield from verdicts(found([spool], PartSweep()), PartSweep())
    for shelf in _shelves():
        with Spool(shelf) as spool:
            names = spool.names(_AUDIO)
            for start in range(0, len(names), _AT_ONCE):
                nobodys = _without_audience(shelf, names[start : start + _AT_ONCE])
                yield from verdicts([(spool, name) for name in nobodys], AudioSweep())


def _shelves() -> list[Path]:
    root: Path = settings.RECORDINGS_ROOT
    return sorted(path for path in root.iterdir() if _SHELF.fullmatch(path.name) and path.is_dir()) if root.is_dir() else []


def _without_audience(shelf: Path, names: Sequence[str]) -> list[str]:
    """Return the names of the files that no recording needs."""
    wanted = [f"{shelf.name}/{name}" for name in names]
    ready = set(Recording.objects.filter(file_name__in=wanted, state=Recording.State.READY).values_list("file_name", flat=True))
    return [name for name in names if f"{shelf.name}/{name}" not in ready]
