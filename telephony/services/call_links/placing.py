"""Place a call link: what was asked for, who may, the row, and the one command that dials it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, CallLink, Extension, Gateway
from telephony.models.holding import HoldingState
from telephony.services.call_links.dialling import bring_up_to_date, dial
from telephony.services.dialing import callable_number
from telephony.services.pool import assignment_of
from telephony.services.switchboard import SwitchAwayError
from telephony.services.talk_limits import link_minutes_used_up, outside_minutes_used_up
from telephony.switch.commands import Endpoint, ExtensionEndpoint, GatewayEndpoint
from web.locks import lock_names

REPEAT_WITHIN = timedelta(seconds=30)
# Both phones ring, one after the other, and then some: a link of which nothing was heard by then is asked after.
SET_UP_WITHIN = timedelta(seconds=75)


class NumberRequiredError(Exception):
    """The person has no number that the destination could see."""


class CallLimitError(Exception):
    """The person calls too much; the message says what is too much, `retry_after` in how many seconds it may be less."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LinkNumberError(Exception):
    """One of the two numbers is none; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a link: what is shown of it, and what the switch is to ring."""

    shown: str
    endpoint: Endpoint


def place(user: User, source: str, destination: str, *, idempotency_key: str = "") -> tuple[CallLink, bool]:
    """Return the link that rings the source, then the destination, and bridges them; tell whether it is new.

    Commits the link, then sends the switch the command: nothing else is needed to dial. The same pair by the same person
    within 30 seconds is the same link, and so is, for a day, the same idempotency key. Raises NumberRequiredError,
    LinkNumberError, DestinationNotAllowedError, CallLimitError, and SwitchAwayError where nothing was dialled.
    """
    held = assignment_of(user)
    if held is None or held.number is None:
        raise NumberRequiredError
    source_party = _source(source, held)
    destination_party = _destination(destination, held)
    if source_party.endpoint == destination_party.endpoint:
        raise LinkNumberError("destination_number", "This is the source's own phone: give another number.")
    _catch_up(user)
    link, is_new = _row(held, source_party, destination_party, idempotency_key)
    if is_new:
        dial(link, source_party.endpoint)
    return link, is_new


def _gateway(extension: Extension) -> str:
    """Return the name of the gateway through which a domain's calls leave. Raises SwitchAwayError where none is in use."""
    gateway = Gateway.objects.filter(domain=extension.domain_id, is_active=True).order_by("priority", "name").first()
    if gateway is None:
        raise SwitchAwayError("No gateway is in use.")
    return gateway.name


def _source(text: str, held: Assignment) -> Party:
    """Return the end that is rung first: the person's own phone, or another number of theirs through the gateway."""
    own = ExtensionEndpoint(held.extension.number, held.extension.domain.name)
    if text.strip() == held.extension.number:
        return Party(held.extension.number, own)
    digits = _digits("source_number", text)
    if held.number is not None and digits == held.number.number:
        return Party(digits, own)
    return Party(digits, GatewayEndpoint(_gateway(held.extension), digits))


def _destination(text: str, held: Assignment) -> Party:
    """Return the end that is rung second: an extension of the same domain, somebody's number of ours, or any other."""
    domain = held.extension.domain
    given = text.strip()
    if given.isascii() and given.isdigit() and len(given) <= 7:
        extension = Extension.objects.filter(domain=domain, number=given, state=HoldingState.ASSIGNED).first()
        if extension is not None:
            return Party(given, ExtensionEndpoint(given, domain.name))
    digits = _digits("destination_number", text)
    holder = Assignment.objects.open().filter(number__number=digits).select_related("extension__domain").first()
    if holder is not None:
        return Party(digits, ExtensionEndpoint(holder.extension.number, holder.extension.domain.name))
    return Party(digits, GatewayEndpoint(_gateway(held.extension), digits))


def _catch_up(user: User) -> None:
    """Find out what became of a person's links that are past their time: one that goes on counts, though no event told."""
    for link in CallLink.objects.of(user).open().filter(expires_at__lte=timezone.now()):
        bring_up_to_date(link)


def _digits(field: str, text: str) -> str:
    try:
        return callable_number(text)
    except ValidationError as error:
        raise LinkNumberError(field, " ".join(error.messages)) from None


@transaction.atomic(durable=True)
def _row(held: Assignment, source: Party, destination: Party, idempotency_key: str) -> tuple[CallLink, bool]:
    # One at a time for a person: whoever asks at the same instant must see the other's link.
    lock_names([f"telephony.call_link:{held.user_id}"])
    now = timezone.now()
    known = _same_as_before(held.user, source, destination, idempotency_key, now)
    if known is not None:
        return known, False
    costs = any(isinstance(party.endpoint, GatewayEndpoint) for party in (source, destination))
    _check_limits(held.user, now, costs=costs)
    link = CallLink.objects.create(
        user=held.user,
        extension=held.extension,
        number=held.number,
        source_number=source.shown,
        destination_number=destination.shown,
        call_uuid=uuid.uuid4(),
        destination_leg_uuid=uuid.uuid4(),
        job_uuid=uuid.uuid4(),
        expires_at=now + SET_UP_WITHIN,
        idempotency_key=idempotency_key,
    )
    described = {"source_number": source.shown, "destination_number": destination.shown, "call_uuid": str(link.call_uuid)}
    AuditEntry.objects.record("call_link.placed", link, actor=held.user, after=described)
    return link, True


def _same_as_before(user: User, source: Party, destination: Party, idempotency_key: str, now: datetime) -> CallLink | None:
    """Return the link that this request repeats, None where it is a new one.

    One that failed because the switch was away has dialled nobody: asking again is no repeat.
    """
    recent = CallLink.objects.of(user).dialled()
    if idempotency_key:
        by_key = recent.filter(idempotency_key=idempotency_key, created_at__gt=now - timedelta(hours=24)).first()
        if by_key is not None:
            return by_key
    return recent.filter(
        source_number=source.shown, destination_number=destination.shown, created_at__gt=now - REPEAT_WITHIN
    ).first()


def _check_limits(user: User, now: datetime, *, costs: bool) -> None:
    """Raise CallLimitError where one more link is one too many: stolen proofs are used to run up bills."""
    placed = CallLink.objects.of(user).dialled()
    if placed.open().filter(expires_at__gt=now).count() >= settings.CALL_LINKS_AT_ONCE:
        raise CallLimitError(f"You have {settings.CALL_LINKS_AT_ONCE} call links under way, which is the most at once.", 30)
    if placed.filter(created_at__gt=now - timedelta(hours=1)).count() >= settings.CALL_LINKS_AN_HOUR:
        raise CallLimitError(f"You have placed {settings.CALL_LINKS_AN_HOUR} call links within an hour.", 600)
    if link_minutes_used_up(user):
        raise CallLimitError(f"You have talked {settings.CALL_LINK_MINUTES_A_DAY} minutes by call links within a day.", 3600)
    if costs and outside_minutes_used_up(user):
        raise CallLimitError(f"You have talked {settings.CALL_MINUTES_A_DAY} minutes to the outside within a day.", 3600)
