"""The causes for which a call ends, and their numbers.

Source: Q.850 for those up to 127, `switch_types.h` of FreeSWITCH for its own.
"""

CAUSES = {
    "NONE": 0, "UNALLOCATED_NUMBER": 1, "NO_ROUTE_TRANSIT_NET": 2, "NO_ROUTE_DESTINATION": 3, "CHANNEL_UNACCEPTABLE": 6,
    "NORMAL_CLEARING": 16, "USER_BUSY": 17, "NO_USER_RESPONSE": 18, "NO_ANSWER": 19, "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21, "NUMBER_CHANGED": 22, "EXCHANGE_ROUTING_ERROR": 25, "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28, "FACILITY_REJECTED": 29, "NORMAL_UNSPECIFIED": 31, "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38, "NORMAL_TEMPORARY_FAILURE": 41, "SWITCH_CONGESTION": 42, "OUTGOING_CALL_BARRED": 52,
    "INCOMPATIBLE_DESTINATION": 88, "MANDATORY_IE_MISSING": 96, "RECOVERY_ON_TIMER_EXPIRE": 102, "INTERWORKING": 127,
    "ORIGINATOR_CANCEL": 487, "SYSTEM_SHUTDOWN": 701, "LOSE_RACE": 702, "MANAGER_REQUEST": 703, "ALLOTTED_TIMEOUT": 802,
    "MEDIA_TIMEOUT": 804, "USER_NOT_REGISTERED": 806, "PROGRESS_TIMEOUT": 807, "INVALID_GATEWAY": 808, "GATEWAY_DOWN": 809,
}  # fmt: skip
_NAMES = {number: name for name, number in CAUSES.items()}
_HIGHEST_OF_Q850 = 127

# What the variable DIALSTATUS calls a cause; others keep their name.
_DIAL_STATUS = {
    "ORIGINATOR_CANCEL": "CANCEL",
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "DESTINATION_OUT_OF_ORDER": "INVALIDARGS",
    "CALL_REJECTED": "DONTCALL",
}
# A bridge that fails like this goes on to the next application instead of ending the caller's leg.
_NEVER_FATAL = frozenset({"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"})


def cause_of(text: str) -> str:
    """Return the cause that a client names or numbers; NORMAL_CLEARING for what is none, as the switch does."""
    if text.isascii() and text.isdigit():
        return _NAMES.get(int(text), "NORMAL_CLEARING")
    return text.upper() if text.upper() in CAUSES else "NORMAL_CLEARING"


def q850_of(cause: str) -> int:
    """Return a cause's Q.850 number; causes of the switch's own have none and show as a normal end."""
    number = CAUSES.get(cause, CAUSES["NORMAL_CLEARING"])
    return number if number <= _HIGHEST_OF_Q850 else CAUSES["NORMAL_CLEARING"]


def dial_status_of(cause: str) -> str:
    """Return what the variable DIALSTATUS shows for a cause."""
    return _DIAL_STATUS.get(cause, cause)


def goes_on_after(cause: str, continue_on_fail: str | None) -> bool:
    """Tell whether a caller's leg survives a bridge that failed for a cause, by its variable `continue_on_fail`."""
    if continue_on_fail is None:
        return cause in _NEVER_FATAL
    if continue_on_fail.lower() == "true":
        return True
    wanted = {word.strip().upper() for word in continue_on_fail.split(",")}
    return cause in wanted or str(CAUSES.get(cause)) in wanted
