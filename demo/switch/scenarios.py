"""What becomes of a dialled number: a table of data, the same for a source and for a destination."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the far end does when it is called.

    `answers` and talks; `refuses` with a SIP status that the switch turns into a cause; `silent` rings until somebody
    gives up; `absent` is not there at all, so that no channel comes into being.
    """

    does: Literal["answers", "refuses", "silent", "absent"] = "answers"
    cause: str = "NORMAL_CLEARING"
    sip_status: int = 200
    sip_phrase: str = "OK"
    rings: bool = True
    early_media: bool = False
    # What a phone that has answered does a moment later: `holds` for two seconds, or `hands over` to HANDED_TO.
    then: Literal["", "holds", "hands over"] = ""


ANSWERS = Outcome()

# By the last four digits, which are the Q.850 number of the cause.
NUMBERS = {
    "0001": Outcome("refuses", "UNALLOCATED_NUMBER", 404, "Not Found", rings=False),
    "0003": Outcome("refuses", "NO_ROUTE_DESTINATION", 604, "Does Not Exist Anywhere", rings=False),
    "0017": Outcome("refuses", "USER_BUSY", 486, "Busy Here"),
    "0019": Outcome("silent", "NO_ANSWER", 487, "CANCEL"),
    "0021": Outcome("refuses", "CALL_REJECTED", 603, "Decline"),
    "0034": Outcome("refuses", "NORMAL_CIRCUIT_CONGESTION", 503, "Service Unavailable", rings=False),
    "0038": Outcome("refuses", "NETWORK_OUT_OF_ORDER", 502, "Bad Gateway", rings=False),
    "0183": Outcome(early_media=True),
}
EXTENSIONS = {
    "1007": Outcome("absent", "USER_NOT_REGISTERED"),
    "1017": Outcome("refuses", "USER_BUSY", 486, "Rejected"),
    "1019": Outcome("silent", "NO_ANSWER", 487, "CANCEL"),
    "1021": Outcome("refuses", "CALL_REJECTED", 603, "Decline"),
}
# Phones that do something by themselves once they have answered.
ACTING = {"1030": Outcome(then="holds"), "1040": Outcome(then="hands over")}
HANDED_TO = "1005"
_SUFFIX = 4


def outcome_of_number(number: str) -> Outcome:
    """Return what becomes of a number that is called through a gateway."""
    return NUMBERS.get(number[-_SUFFIX:], ANSWERS)


def outcome_of_extension(extension: str) -> Outcome:
    """Return what becomes of an extension."""
    return (EXTENSIONS | ACTING).get(extension, ANSWERS)


def _line(what: str, outcome: Outcome) -> str:
    if outcome.then:
        what_then = {"holds": "holds whoever calls", "hands over": f"hands whoever calls over to {HANDED_TO}"}[outcome.then]
        return f"  {what}  answers, then {what_then}"
    if outcome.does == "answers":
        return f"  {what}  183 with early media, then answers and talks"
    ringing = "rings" if outcome.rings and outcome.does != "absent" else "does not ring"
    return f"  {what}  {outcome.cause}, {ringing}"


def table() -> str:
    """Return the table as a person reads it."""
    return "\n".join(
        [
            "Numbers, by their last four digits:",
            *(_line(f"…{suffix}", outcome) for suffix, outcome in NUMBERS.items()),
            "Extensions:",
            *(_line(extension, outcome) for extension, outcome in (EXTENSIONS | ACTING).items()),
            "Everything else answers and talks; then the far end hangs up.",
        ]
    )
