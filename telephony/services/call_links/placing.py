"""Place a call link: what was asked for, who may, the row, and the one command that dials it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, CallLink
from telephony.services.call_links.dialling import bring_up_to_date, dial
from telephony.services.call_links.parties import LinkNumberError, caller_of, destination_of, number_holding_of, source_of
from telephony.services.call_links.plans import SET_UP_WITHIN
from telephony.services.talk_limits import allowance_of, link_allowance_of, link_minutes_used_up, outside_minutes_used_up
from telephony.switch.commands import GatewayEndpoint
from web.locks import lock_names

REPEAT_WITHIN = timedelta(seconds=30)
# For how many minutes a link of mode dial_in waits for its call.
WAIT_MINUTES, LONGEST_WAIT_MINUTES = 5, 60


class CallLimitError(Exception):
    """The person calls too much; the message says what is too much, `retry_after` in how many seconds it may be less."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A link as it is to be: who is connected to whom, how long it may take to come about, and whether it costs something."""

    held: Assignment
    source: str
    destination: str
    mode: CallLink.Mode
    lifetime: timedelta
    costs: bool
    idempotency_key: str

    @property
    def user(self) -> User:
        """Who places it."""
        return self.held.user


def place(user: User, source: str, destination: str, *, idempotency_key: str = "") -> tuple[CallLink, bool]:
    """Return the link that rings the source, then the destination, and bridges them; tell whether it is new.

    Commits the link, then sends the switch the command: nothing else is needed to dial. The same pair by the same person
    within 30 seconds is the same link, and so is, for a day, the same idempotency key. Raises NumberRequiredError,
    ExtensionClosedError, LinkNumberError, DestinationNotAllowedError, CallLimitError, and SwitchAwayError where nothing was
    dialled.
    """
    held = number_holding_of(user)
    source_party, destination_party = source_of(source, held), destination_of(destination, held)
    if source_party.endpoint == destination_party.endpoint:
        raise LinkNumberError("destination_number", "This is the source's own phone: give another number.")
    _catch_up(user)
    wanted = _Wanted(
        held=held,
        source=source_party.shown,
        destination=destination_party.shown,
        mode=CallLink.Mode.CALLBACK,
        lifetime=SET_UP_WITHIN,
        costs=any(isinstance(party.endpoint, GatewayEndpoint) for party in (source_party, destination_party)),
        idempotency_key=idempotency_key,
    )
    link, is_new = _row(wanted)
    if is_new:
        dial(link, source_party.endpoint)
    return link, is_new


def await_call(
    user: User, destination: str, *, minutes: int, source: str = "", idempotency_key: str = ""
) -> tuple[CallLink, bool]:
    """Return the link that waits for so many minutes for its owner to dial their own number; tell whether it is new.

    From their registered cell phone, which `source` may name, they are connected to the destination, once. A person has
    one such link at a time: another one takes its place. The switch is told nothing. Raises what `place` does, and
    CellPhoneRequiredError.
    """
    held = number_holding_of(user)
    cell_phone, party = caller_of(source, held), destination_of(destination, held)
    if party.shown == cell_phone:
        raise LinkNumberError("destination_number", "This is the source's own phone: give another number.")
    _catch_up(user)
    wanted = _Wanted(
        held=held,
        source=cell_phone,
        destination=party.shown,
        mode=CallLink.Mode.DIAL_IN,
        lifetime=timedelta(minutes=minutes),
        costs=isinstance(party.endpoint, GatewayEndpoint),
        idempotency_key=idempotency_key,
    )
    return _row(wanted)


def place_in_mode(user: User, mode: str, source: str, destination: str, *, minutes: int, idempotency_key: str) -> CallLink:
    """Return the link as it was asked for: placed, or waiting for so many minutes for its owner's call. Raises what both do."""
    if mode == CallLink.Mode.DIAL_IN:
        return await_call(user, destination, minutes=minutes, source=source, idempotency_key=idempotency_key)[0]
    return place(user, source, destination, idempotency_key=idempotency_key)[0]


def _catch_up(user: User) -> None:
    """Find out what became of a person's links that are past their time: one that goes on counts, though no event told."""
    for link in CallLink.objects.of(user).open().filter(expires_at__lte=timezone.now()):
        bring_up_to_date(link)


@transaction.atomic(durable=True)
def _row(wanted: _Wanted) -> tuple[CallLink, bool]:
    # One at a time for a person: whoever asks at the same instant must see the other's link.
    lock_names([f"telephony.call_link:{wanted.user.pk}"])
    now = timezone.now()
    known = _same_as_before(wanted, now)
    if known is not None:
        return known, False
    _check_limits(wanted, now)
    if wanted.mode == CallLink.Mode.DIAL_IN:
        _make_room(wanted.user)
    link = CallLink.objects.create(
        user=wanted.user,
        extension=wanted.held.extension,
        number=wanted.held.number,
        mode=wanted.mode,
        source_number=wanted.source,
        destination_number=wanted.destination,
        call_uuid=uuid.uuid4(),
        destination_leg_uuid=uuid.uuid4(),
        job_uuid=uuid.uuid4(),
        expires_at=now + wanted.lifetime,
        idempotency_key=wanted.idempotency_key,
    )
    described = {
        "mode": link.mode,
        "source_number": link.source_number,
        "destination_number": link.destination_number,
        "call_uuid": str(link.call_uuid),
    }
    AuditEntry.objects.record("call_link.placed", link, actor=wanted.user, after=described)
    link.announce()
    return link, True


def _same_as_before(wanted: _Wanted, now: datetime) -> CallLink | None:
    """Return the link that this request repeats, None where it is a new one.

    One that failed because the switch was away has dialled nobody: asking again is no repeat.
    """
    recent = CallLink.objects.of(wanted.user).dialled()
    if wanted.idempotency_key:
        by_key = recent.filter(
            idempotency_key=wanted.idempotency_key, created_at__gt=now - timedelta(hours=24)
        ).first()  # fmt: skip
        if by_key is not None:
            return by_key
    if wanted.mode == CallLink.Mode.DIAL_IN:
        # Nothing was dialled yet: only one that still waits can be meant.
        recent = recent.awaiting_a_call().filter(expires_at__gt=now)
    return recent.filter(
        mode=wanted.mode,
        source_number=wanted.source,
        destination_number=wanted.destination,
        created_at__gt=now - REPEAT_WITHIN,
    ).first()


def _make_room(user: User) -> None:
    """Give up the link that waits for a person's call: whoever dials in has to know where they get to."""
    for link in CallLink.objects.of(user).awaiting_a_call():
        if link.end(CallLink.Status.CANCELLED, ""):
            AuditEntry.objects.record("call_link.cancelled", link, actor=user, before={"status": CallLink.Status.QUEUED})


def _check_limits(wanted: _Wanted, now: datetime) -> None:
    """Raise CallLimitError where one more link is one too many: stolen proofs are used to run up bills."""
    placed, allowed = CallLink.objects.of(wanted.user).dialled(), link_allowance_of(wanted.held.extension)
    if wanted.mode == CallLink.Mode.CALLBACK and placed.under_way(now).count() >= allowed.at_once:
        raise CallLimitError(f"You have {allowed.at_once} call links under way, which is the most at once.", 30)
    if placed.filter(created_at__gt=now - timedelta(hours=1)).count() >= allowed.an_hour:
        raise CallLimitError(f"You have placed {allowed.an_hour} call links within an hour.", 600)
    if link_minutes_used_up(wanted.held):
        raise CallLimitError(f"You have talked {allowed.minutes_a_day} minutes by call links within a day.", 3600)
    if wanted.costs and outside_minutes_used_up(wanted.held):
        minutes = allowance_of(wanted.held.extension).minutes_a_day
        raise CallLimitError(f"You have talked {minutes} minutes to the outside within a day.", 3600)
