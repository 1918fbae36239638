"""Recordings: where the switch may put one, how it is published, who may fetch it, how it goes."""

import hashlib
import logging
import os
import secrets
import tempfile
import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import ApiKey, AuditEntry, User
from telephony.models import Call, Leg, Recording
from telephony.services import announcing
from telephony.services.measuring import measure_recording
from web.locks import lock_names

logger = logging.getLogger("portal.recordings")

UPLOAD_URL_LIFETIME = timedelta(hours=24)
# At least; for so long in addition an address stays the same, or no list with a recording were ever what it was a second ago.
LISTEN_URL_LIFETIME = timedelta(minutes=10)
LISTEN_URL_STAYS = timedelta(minutes=5)
PLAYED_AGAIN_AFTER = timedelta(minutes=10)
LISTEN_SALT = "telephony.recording.listen"
MAX_RECORDING_BYTES = 2 * 1024**3
INCOMING = ".incoming"


class RecordingRefusedError(Exception):
    """The upload is no recording that can be published; `code` for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RecordingConflictError(RecordingRefusedError):
    """Another recording stands under this leg already."""


class LegalHoldError(Exception):
    """The recording must be kept."""


# -- upload addresses ------------------------------------------------------------------------------------------------------


def upload_path(leg_uuid: str, expires_at: datetime | None = None) -> str:
    """Return the path to which a leg's recording can be PUT until it expires, without any other proof."""
    expires = int((expires_at or timezone.now() + UPLOAD_URL_LIFETIME).timestamp())
    return f"/freeswitch/recordings/{leg_uuid}/{expires}/{_upload_signature(leg_uuid, expires)}.wav"


def may_upload(leg_uuid: str, expires: int, signature: str) -> bool:
    """Tell whether the signature is ours for this leg and has not expired."""
    return constant_time_compare(signature, _upload_signature(leg_uuid, expires)) and expires >= timezone.now().timestamp()


def _upload_signature(leg_uuid: str, expires: int) -> str:
    return salted_hmac("telephony.recording.upload", f"{leg_uuid}:{expires}", algorithm="sha256").hexdigest()


# -- publishing ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Audio:
    """What a checked file holds."""

    sha256: str
    size_bytes: int
    channels: int
    sample_rate: int
    duration_ms: int


def publish(leg_uuid: str, chunks: Iterable[bytes], length: int) -> tuple[Recording, bool]:
    """Publish a leg's recording of `length` bytes; return it, and whether it is new.

    The file appears under its name only when whole and checked, and its row only after the file. Raises
    RecordingRefusedError where the bytes are cut or no WAV, RecordingConflictError where another stands there.
    """
    try:
        with _received(chunks, length) as (path, audio):
            return _store(leg_uuid, path, audio)
    except RecordingConflictError:
        # The one that stands there is good.
        raise
    except RecordingRefusedError as error:
        announcing.recording_failed(leg_uuid, error.code, str(error))
        raise


def try_out(chunks: Iterable[bytes], length: int) -> None:
    """Do all that publishing does up to the file's own name, and leave nothing. Raises RecordingRefusedError, OSError."""
    with _received(chunks, length):
        pass


@contextmanager
def _received(chunks: Iterable[bytes], length: int) -> Iterator[tuple[Path, _Audio]]:
    """Write what comes into a file that is gone afterwards, and look into it. Raises RecordingRefusedError."""
    folder = settings.RECORDINGS_ROOT / INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, suffix=".part")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest = _receive(file, chunks, length)
        yield path, _inspect(path, digest, length)
    finally:
        path.unlink(missing_ok=True)


def _receive(file: BinaryIO, chunks: Iterable[bytes], length: int) -> str:
    digest, received = hashlib.sha256(), 0
    for chunk in chunks:
        received += len(chunk)
        if received > length:
            break
        digest.update(chunk)
        file.write(chunk)
    if received != length:
        raise RecordingRefusedError("recording_incomplete", f"The audio is cut: {received} of {length} bytes came.")
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _inspect(path: Path, sha256: str, size: int) -> _Audio:
    """Check that a file is a whole RIFF/WAVE and read its shape."""
    with path.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        raise RecordingRefusedError("recording_not_wav", "The file is not a RIFF/WAVE file.")
    if int.from_bytes(header[4:8], "little") + 8 > size:
        raise RecordingRefusedError("recording_incomplete", "The audio is cut: its header announces more than there is.")
    try:
        with wave.open(str(path), "rb") as audio:
            channels, width, rate, frames = audio.getparams()[:4]
    except (wave.Error, EOFError) as error:
        raise RecordingRefusedError("recording_not_wav", f"The file is not a WAV that can be played: {error}.") from None
    if channels not in (1, 2) or not rate or not frames or frames * channels * width > size:
        raise RecordingRefusedError("recording_incomplete", "The file has no audio, or less than its header announces.")
    return _Audio(sha256=sha256, size_bytes=size, channels=channels, sample_rate=rate, duration_ms=frames * 1000 // rate)


@transaction.atomic(durable=True)
def _store(leg_uuid: str, path: Path, audio: _Audio) -> tuple[Recording, bool]:
    # The leg's record may come at the same instant: whoever is second must see the other.
    lock_names([leg_uuid])
    known = Recording.objects.filter(leg_uuid=leg_uuid).first()
    if known is not None:
        if known.sha256 != audio.sha256:
            raise RecordingConflictError("recording_exists", "Another recording of this leg is published already.")
        return known, False
    name = secrets.token_hex(16)
    file_name = f"{name[:2]}/{name}.wav"
    target = settings.RECORDINGS_ROOT / file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    # The name must outlast a power cut as the row does: once the row is there, the switch's own file is removed.
    for folder in (target.parent, settings.RECORDINGS_ROOT):
        _sync_folder(folder)
    leg = Leg.objects.only("call_id").filter(uuid=leg_uuid).first()
    recording = Recording.objects.create(
        leg_uuid=leg_uuid,
        call_id=leg.call_id if leg else None,
        file_name=file_name,
        sha256=audio.sha256,
        size_bytes=audio.size_bytes,
        channels=audio.channels,
        sample_rate=audio.sample_rate,
        duration_ms=audio.duration_ms,
    )
    measure_recording.enqueue(key=f"measure:{recording.pk}", recording=recording.pk)
    announcing.recording_ready(recording)
    return recording, True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def audio_path(recording: Recording) -> Path:
    """Return where the audio of a recording lies."""
    return recording.path


# -- listening -------------------------------------------------------------------------------------------------------------


class ListenSigner(signing.TimestampSigner):
    """Sign with the time at which this stretch of time began."""

    def timestamp(self) -> str:
        """Return it as Django writes it."""
        stretch = int(LISTEN_URL_STAYS.total_seconds())
        return signing.b62_encode(int(timezone.now().timestamp()) // stretch * stretch)


def listen_token(call: Call, user: User, key: ApiKey | None) -> str:
    """Return a proof, valid for minutes, that this person (by this key) may fetch the audio of this call."""
    claims = {"call": call.pk, "user": user.pk, "key": key.pk if key else None}
    return ListenSigner(salt=LISTEN_SALT).sign_object(claims)


def listener_of(call_id: int, token: str) -> User | None:
    """Return whom the token lets fetch the call's audio; None when it is not ours, old, or its person or key is refused."""
    try:
        claims = ListenSigner(salt=LISTEN_SALT).unsign_object(token, max_age=LISTEN_URL_LIFETIME + LISTEN_URL_STAYS)
    except signing.BadSignature:
        return None
    if claims["call"] != call_id:
        return None
    if claims["key"] is not None and not ApiKey.objects.usable().filter(pk=claims["key"], user=claims["user"]).exists():
        return None
    return User.objects.filter(pk=claims["user"], is_active=True).first()


def note_played(recording: Recording, listener: User) -> None:
    """Write down who listens to a recording; a player asks for it in many parts, which are one listening."""
    since = timezone.now() - PLAYED_AGAIN_AFTER
    of_this = AuditEntry.objects.filter(target_type=recording._meta.label_lower, target_id=str(recording.pk), at__gt=since)
    if not of_this.filter(action="recording.played", actor=listener).exists():
        call_uuid = recording.call.call_uuid if recording.call else ""
        AuditEntry.objects.record("recording.played", recording, actor=listener, after={"call_uuid": call_uuid})


def plays_of(call: Call, most: int = 20) -> list[AuditEntry]:
    """Return who listened to a call's recordings, the latest first."""
    recordings = [str(pk) for pk in call.recordings.values_list("pk", flat=True)]
    played = AuditEntry.objects.filter(
        action="recording.played", target_type=Recording._meta.label_lower, target_id__in=recordings
    )
    return list(played.select_related("actor").order_by("-at", "-id")[:most])


# -- deleting --------------------------------------------------------------------------------------------------------------


def delete_audio(recording: Recording, *, actor: User) -> None:
    """Delete the audio and keep its row; the same again changes nothing. Raises LegalHoldError under legal hold."""
    with transaction.atomic(durable=True):
        now = timezone.now()
        deleted = Recording.objects.filter(pk=recording.pk, state=Recording.State.READY, legal_hold=False).update(
            state=Recording.State.DELETED, deleted_at=now, deleted_by=actor, peaks=None, updated_at=now
        )
        if not deleted:
            if Recording.objects.filter(pk=recording.pk, legal_hold=True).exists():
                raise LegalHoldError
            return
        AuditEntry.objects.record(
            "recording.deleted",
            recording,
            actor=actor,
            before={"state": "ready"},
            after={"state": "deleted"},
        )
    # After the commit: a file without a row can be swept, a row without its file would be a broken promise.
    audio_path(recording).unlink(missing_ok=True)
