"""How far somebody has come who begins: a number, a phone, a call."""

from typing import NamedTuple

from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Registration
from telephony.services.pool import holding_of


class FirstSteps(NamedTuple):
    """What somebody who has no calls yet holds, and whether a phone of theirs is set up, and registered now."""

    held: Assignment | None
    has_password: bool
    is_registered: bool

    @property
    def has_number(self) -> bool:
        """Whether calls of theirs can leave."""
        return self.held is not None and self.held.number is not None


def first_steps_of(user: User) -> FirstSteps:
    """Return how far somebody has come."""
    held = holding_of(user)
    if held is None:
        return FirstSteps(None, has_password=False, is_registered=False)
    phones = Registration.objects.current(timezone.now()).filter(extension=held.extension_id)
    return FirstSteps(held, has_password=bool(held.extension.encrypted_ha1), is_registered=phones.exists())
