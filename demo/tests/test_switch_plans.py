"""What else a source can be there for: other applications, and the portal's dialplan."""

from collections.abc import Callable

import pytest

from demo.switch.simulator import SimulatedSwitch
from demo.tests.conversations import Client, eventually
from demo.tests.placed_calls import EVENTS, USER, A, B, call_of, ended, legs_of, number
from demo.tests.portal_stub import PortalStub

Connect = Callable[..., Client]
Start = Callable[..., SimulatedSwitch]


def test_a_source_that_is_parked_hangs_up_by_itself(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    assert connect(switch).api(f"originate {{origination_uuid={A}}}{USER} &park()") == f"+OK {A}\n"
    assert ended(switch)
    [leg] = legs_of(portal)
    assert (leg.hangup_cause, leg.billsec, leg.bridged_at) == ("NORMAL_CLEARING", 4, None)


def test_a_source_that_is_parked_can_be_ended(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(talk=1000)
    client = connect(switch)
    client.api(f"originate {{origination_uuid={A}}}{USER} &park()")
    client.api(f"uuid_kill {A} CALL_REJECTED")
    assert ended(switch)
    assert legs_of(portal)[0].hangup_cause == "CALL_REJECTED"


def test_a_bridge_to_nonsense_ends_the_source(switch: SimulatedSwitch, portal: PortalStub, connect: Connect) -> None:
    connect(switch).api(f"originate {{origination_uuid={A}}}{USER} &bridge(nonsense)")
    assert ended(switch)
    assert [leg.hangup_cause for leg in legs_of(portal)] == ["CHAN_NOT_IMPLEMENTED"]


PLAN = b"""<document type="freeswitch/xml"><section name="dialplan"><context name="portal">
<extension name="other"><condition field="destination_number" expression="^link78$"><action application="hangup"/></condition></extension>
<extension name="x"><condition field="destination_number" expression="^link77$">
<action application="set" data="hangup_after_bridge=true"/>
<action application="set" data="wanted=12403019517"/>
<action application="bridge" data="{portal_role=destination}sofia/gateway/carrier/${wanted}"/>
<action application="hangup" data="${originate_disposition}"/>
</condition></extension></context></section></document>"""


@pytest.mark.parametrize(
    ("answer", "destination", "causes"),
    [
        ((200, PLAN), "link77", ["NORMAL_CLEARING", "NORMAL_CLEARING"]),
        ((200, PLAN), "link78", ["NORMAL_CLEARING"]),
        ((200, PLAN), "link79", ["NO_ROUTE_DESTINATION"]),
        ((200, PLAN.replace(b"9517", b"0019")), "link77", ["NO_ANSWER", "NO_ANSWER"]),
        ((404, b""), "link77", ["NO_ROUTE_DESTINATION"]),
        ((200, b"<no xml"), "link77", ["NO_ROUTE_DESTINATION"]),
    ],
)
def test_a_source_that_is_sent_to_the_dialplan(
    switch: SimulatedSwitch,
    portal: PortalStub,
    connect: Connect,
    answer: tuple[int, bytes],
    destination: str,
    causes: list[str],
) -> None:
    portal.answers = {"/freeswitch/xml": answer} | portal.answers
    portal.answers["/freeswitch/xml"] = answer
    client = connect(switch)
    client.api(f"originate {{origination_uuid={A}}}{number('9500')} {destination} XML portal")
    assert ended(switch)
    assert [leg.hangup_cause for leg in legs_of(portal)] == causes
    [asked] = portal.got("/freeswitch/xml")
    wanted = {"section": "dialplan", "Hunt-Destination-Number": destination, "Hunt-Context": "portal"}
    assert wanted.items() <= asked.fields.items()


def test_without_a_portal_there_is_neither_plan_nor_record(start: Start, portal: PortalStub, connect: Connect) -> None:
    switch = start(portal=None)
    client = connect(switch, *EVENTS)
    client.say(f"bgapi originate {{origination_uuid={A}}}{USER} link77 XML portal")
    last = client.until(lambda frame: frame.name == "CHANNEL_HANGUP_COMPLETE")[-1].event
    assert last["Hangup-Cause"] == "NO_ROUTE_DESTINATION"
    assert portal.requests == []


LIMITED = PLAN.replace(
    b'<action application="bridge"',
    b'<action application="limit" data="hash portal_user 7 1 !CALL_REJECTED"/><action application="bridge"',
)


@pytest.mark.parametrize(
    ("limit", "causes"),
    [
        (b"hash portal_user 7 1 !CALL_REJECTED", ["CALL_REJECTED"]),
        (b"hash portal_user 7 2 !CALL_REJECTED", []),
        (b"hash hour 7 1/3600 !USER_BUSY", ["USER_BUSY"]),
        (b"db portal_user 7 9", ["CALL_REJECTED", "CALL_REJECTED"]),
    ],
)
def test_more_calls_than_a_limit_lets_through_are_ended(
    start: Start, portal: PortalStub, connect: Connect, limit: bytes, causes: list[str]
) -> None:
    switch = start(talk=1000)
    portal.answers["/freeswitch/xml"] = 200, LIMITED.replace(b"hash portal_user 7 1 !CALL_REJECTED", limit)
    client = connect(switch)
    for leg in (A, B):
        client.api(f"originate {{origination_uuid={leg}}}{number('9500')} link77 XML portal")
        assert eventually(lambda: not any(leg.times.answered and not leg.times.bridged for leg in switch.exchange.legs()))
    assert eventually(lambda: len(legs_of(portal)) == len(causes))
    assert [leg.hangup_cause for leg in legs_of(portal)] == causes


# -- calls from outside ----------------------------------------------------------------------------------------------------

INCOMING = PLAN.replace(b'name="portal"', b'name="public"').replace(b"^link77$", b"^17036879447$")


@pytest.mark.parametrize(
    ("answer", "causes", "answered"),
    [
        ((200, INCOMING), ["NORMAL_CLEARING", "NORMAL_CLEARING"], True),
        ((200, INCOMING.replace(b"9517", b"0017")), ["USER_BUSY", "USER_BUSY"], False),
        ((200, INCOMING.replace(b"^17036879447$", b"^1$")), ["NO_ROUTE_DESTINATION"], False),
    ],
)
def test_somebody_outside_calls(
    switch: SimulatedSwitch, portal: PortalStub, connect: Connect, answer: tuple[int, bytes], causes: list[str], answered: bool
) -> None:
    portal.answers["/freeswitch/xml"] = answer
    leg = connect(switch).api("simulator call 12025550123 17036879447").removeprefix("+OK ").strip()
    assert ended(switch)
    assert [found.hangup_cause for found in legs_of(portal)] == causes
    [asked] = portal.got("/freeswitch/xml")
    wanted = {"Hunt-Context": "public", "Caller-Caller-ID-Number": "12025550123", "Unique-ID": leg}
    assert wanted.items() <= asked.fields.items()
    call = call_of(portal)
    assert (call.call_uuid, call.caller_number, call.callee_number) == (leg, "12025550123", "17036879447")
    assert (call.direction, call.answered, switch.originates) == ("inbound", answered, 0)
