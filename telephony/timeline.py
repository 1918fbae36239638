"""The course of a call as its page draws it: a bar for each leg, all on one scale."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from telephony.models import Call, Leg
from telephony.switch.holds import holds_of

TICKS = 5
# What people call the lengths between two ticks, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
_LABELS = {"waiting": "Waiting", "ringing": "Ringing", "answered": "Answered", "talk": "Talking", "hold": "On hold"}


class Segment(NamedTuple):
    """A part of a leg's bar; `left` and `width` are percent of the whole call."""

    kind: str
    left: float
    width: float
    seconds: float

    @property
    def label(self) -> str:
        """What the part is, for people."""
        return _LABELS[self.kind]


class Tick(NamedTuple):
    """A mark of the scale, so many seconds after the beginning; `left` is percent of the whole call."""

    left: float
    seconds: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A leg as it is drawn."""

    leg: Leg
    segments: list[Segment]

    @property
    def title(self) -> str:
        """Whose leg it is."""
        if not self.leg.originator_uuid and self.leg.direction == "inbound":
            return self.leg.user or self.leg.caller_number or "unknown"
        return self.leg.user or self.leg.destination or "unknown"

    @property
    def role(self) -> str:
        """What part the leg plays in the call."""
        if self.leg.gateway:
            return f"through {self.leg.gateway}"
        if self.leg.originator_uuid:
            return "called"
        return "caller" if self.leg.direction == "inbound" else "placed by the portal"


class Timeline:
    """All bars of a call, and their scale."""

    def __init__(self, call: Call) -> None:
        legs = list(call.legs.all())
        self.began_at = min((leg.started_at for leg in legs), default=call.started_at)
        ends = [leg.ended_at for leg in legs if leg.ended_at]
        self.seconds = max((max(ends, default=self.began_at) - self.began_at).total_seconds(), 1.0)
        self.bars = [Bar(leg, list(self._segments(leg))) for leg in legs]

    @property
    def ticks(self) -> list[Tick]:
        """The marks of the scale."""
        step = next((step for step in _STEPS if self.seconds / step <= TICKS), _STEPS[-1])
        return [Tick(100 * at / self.seconds, at) for at in range(0, int(self.seconds) + 1, step)]

    def _segments(self, leg: Leg) -> list[Segment]:
        """Cut a leg's life where something happened to it."""
        end = leg.ended_at or self.began_at + timedelta(seconds=self.seconds)
        cuts = [
            ("waiting", leg.started_at), ("ringing", leg.progress_at), ("answered", leg.answered_at), ("talk", leg.bridged_at)
        ]  # fmt: skip
        marks = [(kind, at) for kind, at in cuts if at is not None]
        spans = []
        for (kind, at), (_, until) in zip(marks, [*marks[1:], ("", end)], strict=True):
            spans.append(self._segment(kind, at, until))
        spans += [self._segment("hold", hold.began_at, min(hold.ended_at or end, end)) for hold in holds_of(leg.raw)]
        return [span for span in spans if span.width > 0]

    def _segment(self, kind: str, began_at: datetime, ended_at: datetime) -> Segment:
        left = (began_at - self.began_at).total_seconds()
        seconds = (ended_at - began_at).total_seconds()
        return Segment(kind, _percent(left, self.seconds), _percent(seconds, self.seconds), max(seconds, 0.0))


def _percent(seconds: float, of: float) -> float:
    """Return the share, between 0 and 100: clocks of two switches may disagree."""
    return round(min(max(100 * seconds / of, 0.0), 100.0), 3)
