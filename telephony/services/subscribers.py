"""Who may use the switch at this moment: asked anew each time, so that what was revoked is refused at once."""

from typing import Any

from telephony.models import Assignment
from telephony.models.holding import HoldingState
from telephony.services.credentials import CredentialsKeyError, ha1_of
from telephony.switch.directory import Subscriber


def holder_at(user: str, domain: str) -> Assignment | None:
    """Return the assignment by which an active person holds `user@domain` now; None for everybody else."""
    return _holder(extension__number=user, extension__domain__name=domain.lower())


def holder_of(extension_id: int) -> Assignment | None:
    """Return the assignment by which an active person holds an extension now; None where nobody does."""
    return _holder(extension=extension_id)


def holder_of_number(digits: str) -> Assignment | None:
    """Return the assignment by which an active person holds one of our numbers now; None for any other number."""
    return _holder(number__number=digits, number__state=HoldingState.ASSIGNED)


def _holder(**which: Any) -> Assignment | None:
    held = Assignment.objects.in_use().filter(**which)
    return held.select_related("user", "extension__domain", "number").first()


def subscriber_of(held: Assignment) -> Subscriber:
    """Return what the switch is told of an extension."""
    extension = held.extension
    return Subscriber(
        extension_id=extension.pk,
        number=extension.number,
        domain=extension.domain.name,
        display_name=extension.display_name or held.user.name,
        caller_id=held.number.number if held.number else "",
    )


def proof_of(held: Assignment) -> str | None:
    """Return the HA1 with which an extension proves itself; None where it has none that can be read."""
    try:
        return ha1_of(held.extension)
    except CredentialsKeyError:
        return None
