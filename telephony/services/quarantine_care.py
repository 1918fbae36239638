"""Look after what nobody could read: look at it, try it again by the same intake, or discard it."""

import time
from dataclasses import dataclass
from typing import Final

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import F, QuerySet

from accounts.models import AuditEntry, User
from telephony.models import Quarantine
from telephony.services.intake import Intake, Origin, Result, try_to_take_in
from telephony.switch.cdr_cleaning import readable
from web.encryption import cipher

# What is shown of a body, and how much is tried at one go.
SHOWN_BYTES: Final = 64 * 1024
MOST_AT_ONCE: Final = 200
SECONDS_AT_ONCE: Final = 15.0

TAKEN: Final = {
    Result.STORED: "It could be read now: its call is in the list.",
    Result.DUPLICATE: "Its leg was in the list already.",
    Result.PROBE: "It was the record of a call of the doctor's, which leaves none.",
}


GONE: Final = {
    Quarantine.State.RETRIED: "It was taken in since: its call has the record.",
    Quarantine.State.DISCARDED: "It was discarded: nothing is left of it.",
}
OTHER_KEY: Final = "It was encrypted with another CREDENTIALS_KEY: nobody can read it."


class NotRetriableError(Exception):
    """There is nothing that could be tried again; the message says why."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a whole set: how many were taken in and stayed, and how many were left for another go."""

    taken: int
    stayed: int
    left: int

    @property
    def sentence(self) -> str:
        """That, for people."""
        said = f"{self.taken} taken in, {self.stayed} could still not be read"
        return f"{said}; {self.left} more wait: try again for the next." if self.left else f"{said}."


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a body: `problem` says why nothing is, `is_cut` that there is more of it."""

    text: str = ""
    is_cut: bool = False
    problem: str = ""


def look_at(entry: Quarantine, *, actor: User | None) -> Shown:
    """Return what came, as text without the secrets that can be told, and write down who looked; None where nobody will."""
    if entry.state != Quarantine.State.NEW:
        return Shown(problem=GONE[Quarantine.State(entry.state)])
    try:
        body = entry.content
    except InvalidToken:
        return Shown(problem=OTHER_KEY)
    if actor is not None:
        AuditEntry.objects.record("quarantine.viewed", entry, actor=actor, after={"sha256": entry.sha256})
    return Shown(readable(body[:SHOWN_BYTES]), entry.size_bytes > SHOWN_BYTES)


def retry(entry: Quarantine, *, actor: User | None) -> Intake:
    """Give what came to the intake once more; what it can read now is a call, and the bytes are let go.

    Raises NotRetriableError; OperationalError or InterfaceError while the database is away.
    """
    body = _body_of(entry)
    origin = Origin(content_type=entry.content_type, leg_uuid=entry.leg_uuid, address=entry.address)
    intake = try_to_take_in(body, origin)
    with transaction.atomic():
        waiting = Quarantine.objects.filter(pk=entry.pk, state=Quarantine.State.NEW)
        if intake.result is Result.QUARANTINED:
            waiting.update(reason=intake.reason[:255], times_seen=F("times_seen") + 1)
        else:
            waiting.update(state=Quarantine.State.RETRIED, times_seen=F("times_seen") + 1, body=cipher().encrypt(b""))
        after = {"result": intake.result.value, "reason": intake.reason}
        AuditEntry.objects.record("quarantine.retried", entry, actor=actor, after=after)
    entry.refresh_from_db()
    return intake


def _body_of(entry: Quarantine) -> bytes:
    if entry.state != Quarantine.State.NEW:
        raise NotRetriableError(GONE[Quarantine.State(entry.state)])
    if entry.kind != Quarantine.Kind.CDR:
        raise NotRetriableError("Only records of calls can be tried again; a recording the switch has to send.")
    try:
        body = entry.content
    except InvalidToken:
        raise NotRetriableError(OTHER_KEY) from None
    if len(body) < entry.size_bytes:
        raise NotRetriableError(
            f"Only its first {len(body):,} bytes of {entry.size_bytes:,} were kept: take it in from the switch's own file."
        )
    return body


def retry_all(entries: QuerySet[Quarantine], *, actor: User | None) -> Retried:
    """Try those of a set that wait, the least tried first, as many as can be in some seconds."""
    waiting = entries.filter(state=Quarantine.State.NEW).order_by("times_seen", "pk")
    deadline = time.monotonic() + SECONDS_AT_ONCE
    total, taken, stayed = waiting.count(), 0, 0
    for entry in list(waiting[:MOST_AT_ONCE]):
        if time.monotonic() >= deadline:
            break
        try:
            is_taken = retry(entry, actor=actor).result is not Result.QUARANTINED
        except NotRetriableError:
            # So that it comes last the next time.
            Quarantine.objects.filter(pk=entry.pk).update(times_seen=F("times_seen") + 1)
            is_taken = False
        taken, stayed = taken + is_taken, stayed + (not is_taken)
    return Retried(taken, stayed, total - taken - stayed)


@transaction.atomic
def discard(entry: Quarantine, *, actor: User | None) -> bool:
    """Let the bytes go for good; what they were, and who discarded them, is kept. Tell whether they were there.

    The same bytes, sent again, are not kept again.
    """
    gone = Quarantine.objects.filter(pk=entry.pk, state=Quarantine.State.NEW).update(
        state=Quarantine.State.DISCARDED, body=cipher().encrypt(b"")
    )
    if gone:
        before = {
            "reason": entry.reason, "sha256": entry.sha256, "size_bytes": entry.size_bytes, "leg_uuid": entry.leg_uuid,
            "address": entry.address,
        }  # fmt: skip
        AuditEntry.objects.record("quarantine.discarded", entry, actor=actor, before=before)
    return bool(gone)
