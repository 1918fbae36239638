"""Hangup causes, as the switch names them, in the words of people.

Source: ITU-T Q.850 and FreeSWITCH's table of causes.
"""

from typing import Final, NamedTuple


class Outcome(NamedTuple):
    """What became of a call: `slug` for programs, `label` for people."""

    slug: str
    label: str


TALKED = Outcome("answered", "Answered")
# No cause of the switch's: it started anew in the middle of a call, of which no record came.
UNKNOWN: Final = "UNKNOWN"
LOST = Outcome("unknown", "Unknown: the switch restarted")

_UNANSWERED = {
    "NORMAL_CLEARING": Outcome("no_answer", "Hung up before talking"),
    "NO_ANSWER": Outcome("no_answer", "No answer"),
    "NO_USER_RESPONSE": Outcome("no_answer", "Phone did not respond"),
    "ALLOTTED_TIMEOUT": Outcome("no_answer", "Rang too long"),
    "RECOVERY_ON_TIMER_EXPIRE": Outcome("unreachable", "Phone did not respond in time"),
    "MEDIA_TIMEOUT": Outcome("failed", "Sound was lost"),
    "PROGRESS_TIMEOUT": Outcome("no_answer", "Did not ring in time"),
    "USER_BUSY": Outcome("busy", "Busy"),
    "ORIGINATOR_CANCEL": Outcome("cancelled", "Caller hung up"),
    "LOSE_RACE": Outcome("cancelled", "Answered elsewhere"),
    "PICKED_OFF": Outcome("cancelled", "Picked up elsewhere"),
    "CALL_REJECTED": Outcome("rejected", "Declined"),
    "USER_CHALLENGE": Outcome("rejected", "Wrong password"),
    "MANDATORY_IE_MISSING": Outcome("rejected", "Refused by the switch"),
    "OUTGOING_CALL_BARRED": Outcome("rejected", "Not allowed to call out"),
    "INCOMING_CALL_BARRED": Outcome("rejected", "Takes no calls"),
    "BEARERCAPABILITY_NOTAUTH": Outcome("rejected", "Not allowed"),
    "USER_NOT_REGISTERED": Outcome("unreachable", "Phone not registered"),
    "SUBSCRIBER_ABSENT": Outcome("unreachable", "Phone not reachable"),
    "DESTINATION_OUT_OF_ORDER": Outcome("unreachable", "Phone out of order"),
    "GATEWAY_DOWN": Outcome("unreachable", "Carrier not reachable"),
    "NETWORK_OUT_OF_ORDER": Outcome("unreachable", "Network out of order"),
    "NORMAL_TEMPORARY_FAILURE": Outcome("unreachable", "Not reachable at the moment"),
    "NORMAL_CIRCUIT_CONGESTION": Outcome("unreachable", "All lines busy"),
    "SWITCH_CONGESTION": Outcome("unreachable", "Switch overloaded"),
    "EXCHANGE_ROUTING_ERROR": Outcome("unreachable", "Routing error"),
    "UNALLOCATED_NUMBER": Outcome("not_found", "Number does not exist"),
    "NUMBER_CHANGED": Outcome("not_found", "Number has changed"),
    "INVALID_NUMBER_FORMAT": Outcome("not_found", "Not a valid number"),
    "NO_ROUTE_DESTINATION": Outcome("not_found", "Nowhere to send the call"),
    "NO_ROUTE_TRANSIT_NET": Outcome("not_found", "Nowhere to send the call"),
    "INVALID_GATEWAY": Outcome("failed", "No such carrier"),
    "INCOMPATIBLE_DESTINATION": Outcome("failed", "No sound format in common"),
    "BEARERCAPABILITY_NOTAVAIL": Outcome("failed", "Not available"),
    "SERVICE_UNAVAILABLE": Outcome("failed", "Service unavailable"),
    "SERVICE_NOT_IMPLEMENTED": Outcome("failed", "Not supported"),
    "MANAGER_REQUEST": Outcome("cancelled", "Ended by staff"),
    "SYSTEM_SHUTDOWN": Outcome("failed", "The switch was stopped"),
    "CRASH": Outcome("failed", "The switch failed"),
}

# Whatever may become of a call.
SLUGS: Final = tuple(sorted({outcome.slug for outcome in (TALKED, LOST, *_UNANSWERED.values())}))

# What `originate_disposition` holds where nothing went wrong.
_NOT_A_CAUSE = frozenset({"", "SUCCESS", "NONE"})


def true_cause(hangup_cause: str, originate_disposition: str, *, talked: bool) -> str:
    """Return why a first leg ended: where nobody talked, a normal clearing only hides why the second did not come."""
    if not talked and hangup_cause == "NORMAL_CLEARING" and originate_disposition not in _NOT_A_CAUSE:
        return originate_disposition
    return hangup_cause


def outcome_of(cause: str, talked: bool) -> Outcome:
    """Return what became of a call that ended by this cause; `talked` outweighs every cause of the switch's."""
    if cause == UNKNOWN:
        return LOST
    if talked:
        return TALKED
    return _UNANSWERED.get(cause) or Outcome("failed", cause.replace("_", " ").capitalize() or "Unknown")
