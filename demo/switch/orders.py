"""What is done to a call from outside its own course: by a command, by a phone, or by a test on a phone's behalf."""

import queue
from dataclasses import dataclass, field

from demo.switch.legs import Leg


@dataclass(frozen=True, slots=True)
class Kill:
    """A leg is ended."""

    leg: Leg
    cause: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The phone of a leg puts the other one on hold, or takes it back."""

    leg: Leg
    begins: bool


@dataclass(frozen=True, slots=True)
class HandOver:
    """The phone of a leg hands the other leg over to a number, and is gone: a blind transfer."""

    leg: Leg
    number: str


@dataclass(frozen=True, slots=True)
class Join:
    """The phone of a leg joins the other leg with the one of a second call of its own, `consulted`: an attended transfer."""

    leg: Leg
    consulted: Leg


@dataclass(frozen=True, slots=True)
class Release:
    """The second call of an attended transfer gives its other leg away; None where it has none to give."""

    leg: Leg
    given: "queue.Queue[Leg | None]" = field(default_factory=queue.Queue)


Order = Kill | Hold | HandOver | Join | Release
