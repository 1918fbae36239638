"""The two ends of a call link: what was asked for, and what the switch is to ring for it."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError

from accounts.models import User
from telephony.models import Assignment, Extension, Gateway
from telephony.models.holding import HoldingState
from telephony.services.cell_phones import cell_phone_of
from telephony.services.dialing import DestinationNotAllowedError, callable_number
from telephony.services.pool import assignment_of
from telephony.services.switchboard import SwitchAwayError
from telephony.switch.commands import Endpoint, ExtensionEndpoint, GatewayEndpoint


class NumberRequiredError(Exception):
    """The person has no number that the destination could see."""


class ExtensionClosedError(Exception):
    """The person's extension is closed; the message says so."""


class CellPhoneRequiredError(Exception):
    """The person has no registered cell phone to dial in from."""


class LinkNumberError(Exception):
    """One of the two numbers is none; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a link: what is shown of it, and what the switch is to ring, if anything."""

    shown: str
    endpoint: Endpoint


def number_holding_of(user: User) -> Assignment:
    """Return by what a person holds their number. Raises NumberRequiredError, ExtensionClosedError."""
    held = assignment_of(user)
    if held is None or held.number is None:
        raise NumberRequiredError
    if held.extension.state != HoldingState.ASSIGNED:
        raise ExtensionClosedError(f"{held.extension} is closed: no calls are placed for it.")
    return held


def source_of(text: str, held: Assignment) -> Party:
    """Return the end that is rung first: the person's own phone, or another number of theirs through the gateway."""
    own = ExtensionEndpoint(held.extension.number, held.extension.domain.name)
    if text.strip() == held.extension.number:
        return Party(held.extension.number, own)
    digits = _digits("source_number", text)
    if held.number is not None and digits == held.number.number:
        return Party(digits, own)
    return Party(digits, GatewayEndpoint(_gateway(held.extension), digits))


def caller_of(text: str, held: Assignment) -> str:
    """Return the number from which a person dials in: their registered cell phone, which is all that `text` may name.

    Raises CellPhoneRequiredError, LinkNumberError.
    """
    cell_phone = cell_phone_of(held.user)
    if not cell_phone:
        raise CellPhoneRequiredError
    if text and _digits("source_number", text) != cell_phone:
        raise LinkNumberError("source_number", "You dial in from your registered cell phone: give its number, or none.")
    return cell_phone


def destination_of(text: str, held: Assignment) -> Party:
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


def _gateway(extension: Extension) -> str:
    """Return the name of the gateway through which a domain's calls leave. Raises SwitchAwayError where none is in use."""
    gateway = Gateway.objects.filter(domain=extension.domain_id, is_active=True).order_by("priority", "name").first()
    if gateway is None:
        raise SwitchAwayError("No gateway is in use.")
    return gateway.name


def _digits(field: str, text: str) -> str:
    try:
        return callable_number(text)
    except ValidationError as error:
        raise LinkNumberError(field, " ".join(error.messages)) from None
    except DestinationNotAllowedError as error:
        error.field = field
        raise
