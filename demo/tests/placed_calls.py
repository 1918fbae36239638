"""How tests have the simulated switch place calls, and what came of them."""

from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Frame, eventually
from demo.tests.portal_stub import PortalStub
from telephony.switch.cdr import LegRecord, parse_cdr
from telephony.switch.summary import CallSummary, summarise

A = "11111111-2222-4333-8444-555555555551"
B = "11111111-2222-4333-8444-55555555555b"
JOB = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
EVENTS = (
    "BACKGROUND_JOB", "CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_BRIDGE",
    "CHANNEL_HANGUP_COMPLETE", "RECORD_START", "RECORD_STOP",
)  # fmt: skip
USER, OTHER_USER = "user/1006@pbx.example.com", "user/1005@pbx.example.com"


def link(source: str, destination: str, source_variables: str = "", destination_variables: str = "") -> str:
    a = f"{{origination_uuid={A},origination_caller_id_number=17036879447{source_variables}}}{source}"
    b = f"{{origination_uuid={B},origination_caller_id_number=17036879447{destination_variables}}}{destination}"
    return f"bgapi originate {a} &bridge({b})\nJob-UUID: {JOB}"


def number(last_digits: str) -> str:
    return f"sofia/gateway/carrier/1240301{last_digits}"


def ended(switch: SimulatedSwitch) -> bool:
    """Wait until every call is over; legs live until their records are away."""
    return eventually(lambda: not switch.exchange.legs() and not switch.exchange.running())


def legs_of(portal: PortalStub) -> list[LegRecord]:
    """What the portal's own parser makes of the records, in the order in which they came."""
    return [parse_cdr(request.body, "application/json") for request in portal.records]


def call_of(portal: PortalStub) -> CallSummary:
    return summarise(legs_of(portal))


def is_end(frame: Frame) -> bool:
    """Tell whether the source's leg, which is the last to go, is gone."""
    return frame.name == "CHANNEL_HANGUP_COMPLETE" and frame.event["Unique-ID"] == A
