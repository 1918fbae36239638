"""What a real switch told of calls that went on, of phones and of gateways."""

import json
from collections.abc import Sequence

from telephony.switch.esl import Event
from telephony.tests.captures import DATA

LIVE = DATA / "live"


def events(name: str) -> Sequence[Event]:
    """Return the events of a capture, in the order in which they came."""
    lines = (LIVE / f"{name}.jsonl").read_text().splitlines()
    return [Event(headers["Event-Name"], headers, headers.pop("_body", "")) for headers in map(json.loads, lines)]


def text(name: str) -> str:
    """Return what a command answered."""
    return (LIVE / name).read_text()
