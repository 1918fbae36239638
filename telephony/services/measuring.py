"""Measure recordings in the background: whether the audio is still what was published, how long it is, and its waveform."""

import hashlib
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from telephony.models import Recording
from telephony.services import announcing
from telephony.services.waveforms import UnreadableAudioError, Waveform, measure
from web.jobs import HopelessJobError, task

# The longest that can be published has two gigabytes, which are read at some 20 megabytes a second.
LEASE = timedelta(minutes=15)
DAMAGED = "The audio is not what was published, or cannot be read."


@task("recording.measure", lease=LEASE)
def measure_recording(recording: int) -> None:
    """Measure the recording of this id; one that was deleted meanwhile stays as it is."""
    known = Recording.objects.defer("peaks").filter(pk=recording, state=Recording.State.READY).first()
    if known is None:
        return
    try:
        waveform = _read(known.path, known.sha256)
    except FileNotFoundError:
        if Recording.objects.filter(pk=recording, state=Recording.State.DELETED).exists():
            return
        raise
    except HopelessJobError:
        announcing.recording_failed(known.leg_uuid, "recording_damaged", DAMAGED)
        raise
    now = timezone.now()
    # Unless a person has deleted it this instant: then nothing of it is to be kept.
    Recording.objects.filter(pk=recording, state=Recording.State.READY).update(
        peaks=waveform.packed(), duration_ms=waveform.duration_ms, measured_at=now, updated_at=now
    )


def _read(path: Path, sha256: str) -> Waveform:
    """Read an audio file, as a stream, however long. Raises HopelessJobError where it is not what was published, OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise HopelessJobError(f"{path} is not the audio that was published: its SHA-256 is {digest}.")
    try:
        return measure(path)
    except UnreadableAudioError as error:
        raise HopelessJobError(f"{path} cannot be measured: {error}") from None
