"""The call records that a real switch sent, and what its calls came to."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

DATA = Path(__file__).parent / "data" / "freeswitch"


@dataclass(frozen=True)
class Post:
    """A record as the switch posted it, or as it left it in a file."""

    name: str
    content_type: str
    body: bytes


def _read(path: Path) -> Post:
    name = f"{path.parent.name}/{path.name}"
    if path.suffix != ".http":
        return Post(
            name, "application/json" if path.suffix == ".json" else "application/x-www-form-urlencoded", path.read_bytes()
        )
    head, body = re.split(rb"\r?\n\r?\n", path.read_bytes(), maxsplit=1)
    content_type = re.search(rb"(?im)^content-type: *([^\r\n]*)", head)
    return Post(name, content_type[1].decode() if content_type else "", body)


def posts_of(scenario: str) -> list[Post]:
    """Return a scenario's records in the order in which they came, JSON and XML."""
    files = [*(DATA / scenario).glob("*cdr*.http"), *(DATA / scenario).glob("*.cdr.*")]
    return [_read(path) for path in sorted(files)]


# scenario: from, to, bill_duration, hangup_cause
TABLE = {
    "local-answered": ("1006", "1005", 4, "NORMAL_CLEARING"),
    "cdr-post-failed": ("1006", "1005", 2, "NORMAL_CLEARING"),
    "spilled": ("1006", "1005", 2, "NORMAL_CLEARING"),
    "local-no-answer": ("1006", "1005", 0, "NO_ANSWER"),
    "local-caller-cancelled": ("1006", "1005", 0, "ORIGINATOR_CANCEL"),
    "local-rejected": ("1006", "1005", 0, "USER_BUSY"),
    "local-not-registered": ("1006", "1007", 0, "USER_NOT_REGISTERED"),
    "local-no-route": ("1006", "4444", 0, "NO_ROUTE_DESTINATION"),
    "outbound-answered": ("1006", "12403019517", 6, "NORMAL_CLEARING"),
    "inbound-answered": ("carrier", "17036879447", 5, "NORMAL_CLEARING"),
    "inbound-hostile-caller-name": ("carrier", "17036879447", 4, "NORMAL_CLEARING"),
    "call-link-answered": ("1006", "12403019517", 4, "NORMAL_CLEARING"),
    "call-link-destination-rejected": ("1006", "1005", 0, "USER_BUSY"),
    "call-link-source-no-answer": ("1005", "", 0, "NO_ANSWER"),
}


def question_of(path: Path | str) -> Post:
    """Return one question of the switch, by its path below the captures."""
    return _read(DATA / path)


def questions(kind: str) -> list[str]:
    """Return the paths of every captured question of a kind, such as `directory-sip_auth` or `dialplan`."""
    return sorted(str(path.relative_to(DATA)) for path in DATA.glob(f"*/*-{kind}.http"))


def answer_to(question: str) -> Element:
    """Return the answer that the switch accepted."""
    return fromstring((DATA / question).with_suffix(".answer.xml").read_bytes())


# Calls that were put on hold or handed over, each one call: from, to, direction, local, the sum of its other legs' billed seconds,
# its length, its legs; and who could be charged for what left. Recorded with the plans of the portal, on FreeSWITCH 1.11.1.
HANDED_OVER = {
    "hold-local": ("1006", "1005", "outbound", True, 8, 8, 2),
    "blind-by-caller-local": ("1006", "1005", "outbound", True, 9, 5, 3),
    "blind-by-callee-local": ("1006", "1005", "outbound", True, 6, 5, 3),
    "blind-by-caller-outbound": ("1006", "12403019517", "outbound", False, 8, 5, 3),
    "blind-by-callee-inbound": ("12025550123", "17036879447", "inbound", False, 5, 5, 3),
    "blind-inbound-to-outside": ("12025550123", "17036879447", "inbound", False, 7, 6, 3),
    "blind-local-to-outside-by-callee": ("1006", "1005", "outbound", True, 6, 6, 3),
    "blind-refused": ("1006", "1005", "outbound", True, 2, 2, 2),
    "blind-to-busy": ("1006", "1005", "outbound", True, 2, 2, 3),
    "blind-after-attended": ("1006", "1005", "outbound", True, 15, 7, 5),
    "attended-local": ("1006", "1005", "outbound", True, 15, 9, 4),
    "attended-inbound": ("12025550123", "17036879447", "inbound", False, 12, 9, 4),
    "attended-outbound": ("1006", "12403019517", "outbound", False, 15, 9, 4),
    "attended-by-callee-local": ("1005", "1006", "outbound", True, 12, 9, 4),
    "attended-while-ringing": ("1006", "1005", "outbound", True, 13, 10, 4),
    "attended-two-trunks": ("1006", "12403019517", "outbound", False, 12, 6, 4),
}
