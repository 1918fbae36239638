"""What an event says of the thing that it is about, as one person may see it; the apps above say so in `webhook_data.py`."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from accounts.models import User

Shape = Callable[[Any, User], dict[str, Any]]
S = TypeVar("S", bound=Shape)

_SHAPES: Final[dict[str, Shape]] = {}


def shape_of(*types: str) -> Callable[[S], S]:
    """Have a function of the thing and its viewer make the `data` of events of these types, as JSON can have it."""

    def register(function: S) -> S:
        for each in types:
            if each in _SHAPES:
                raise ValueError(f"Something makes the data of {each} already.")
            _SHAPES[each] = function
        return function

    return register


def shown(event_type: str, subject: Any, viewer: User) -> dict[str, Any]:
    """Return what an event of this type tells this person."""
    return _SHAPES[event_type](subject, viewer)
