"""Who may be given a number, found by whatever is known of a person."""

from collections.abc import Sequence
from typing import Final

from django.db.models import Prefetch

from accounts.models import User
from telephony.models import Assignment

MOST: Final = 20
FEWEST_LETTERS: Final = 2


def candidates(text: str) -> Sequence[User]:
    """Return the first active people who have this in name, e-mail address, user name or Auth0 id, with what they hold.

    What each holds is in `open_assignments`. Fewer than two letters find nobody.
    """
    text = text.strip().replace("\0", "")
    if len(text) < FEWEST_LETTERS:
        return ()
    held = Assignment.objects.open().select_related("extension__domain", "number").order_by("starts_at", "pk")
    people = User.objects.called(text).filter(is_active=True).order_by("name", "username")
    return list(people.prefetch_related(Prefetch("assignments", queryset=held, to_attr="open_assignments"))[:MOST])
