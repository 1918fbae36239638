"""Where a person's calls go that nobody answers at their phones: who set which, and where they may go."""

from django.db import transaction

from accounts.models import User
from telephony.models import Assignment, Extension
from telephony.services.call_links.parties import NumberRequiredError
from telephony.services.dialing import forwardable_number
from telephony.services.extensions import change_extension
from telephony.services.pool import assignment_of


def forwarding_of(user: User) -> str:
    """Return the E.164 digits to which a person's extension is forwarded, "" where it is not. Raises NumberRequiredError."""
    held = assignment_of(user)
    if held is None:
        raise NumberRequiredError
    return str(held.extension.forward_to)


@transaction.atomic
def forward(user: User, text: str, *, actor: User) -> str:
    """Forward a person's own extension to a number, in any notation; return its E.164 digits.

    What is forwarded is their own call to the outside, so it goes where they may dial. Raises NumberRequiredError,
    ValidationError for what is no number, or one of ours, and DestinationNotAllowedError for one that may not be called.
    """
    extension = _own_extension(user)
    change_extension(extension, {"forward_to": f"+{forwardable_number(text)}"}, actor=actor)
    return str(extension.forward_to)


@transaction.atomic
def stop_forwarding(user: User, *, actor: User) -> None:
    """Forward a person's own extension no more; the same again changes nothing. Raises NumberRequiredError."""
    change_extension(_own_extension(user), {"forward_to": ""}, actor=actor)


def _own_extension(user: User) -> Extension:
    """Return the extension that goes with a person's number, held until the end of the transaction."""
    # Whoever takes it back waits: what is forwarded must not outlast its holder.
    open_ones = Assignment.objects.open().select_for_update(of=("self",)).filter(user=user, number__isnull=False)
    held = open_ones.select_related("extension__domain").first()
    if held is None:
        raise NumberRequiredError
    return held.extension
