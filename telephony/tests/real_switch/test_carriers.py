"""Calls from carriers, and calls out through gateways: what each side sees of the other."""

import re
from pathlib import Path
from typing import Any

import pytest

from telephony.tests.real_switch.sip.messages import SipMessage, user_of
from telephony.tests.real_switch.sip.phone import Phone, opened
from telephony.tests.real_switch.sipp import carrier as sipp
from telephony.tests.real_switch.story import OUTSIDE, Story, talk
from telephony.tests.services.test_dialing import FRAUD

# What a phone may put into its INVITE and a carrier must not see.
OWN_HEADERS = (
    ("Diversion", "<sip:18005551234@evil.example>;reason=unconditional"),
    ("P-Asserted-Identity", "<sip:18005551234@evil.example>"),
    ("P-Preferred-Identity", "<sip:18005551234@evil.example>"),
    ("Remote-Party-ID", "<sip:18005551234@evil.example>;party=calling"),
    ("X-Secret", "evil"),
    ("History-Info", "<sip:18005551234@evil.example>;index=1"),
    ("Privacy", "id"),
    ("User-to-User", "6576696c"),
    ("Call-Info", "<http://evil.example/>"),
    ("Alert-Info", "<http://evil.example/>"),
)


def shows_nothing_but(number: str, invite: SipMessage) -> None:
    """Check that a carrier sees a number of ours and nothing else of who calls."""
    assert user_of(invite.get("from")) == number
    assert invite.get("from").startswith((f'"{number}"', f"<sip:{number}@"))
    for identity in ("p-asserted-identity", "remote-party-id"):
        assert {user_of(value) for value in invite.all(identity)} <= {number}
    whole = invite.to_bytes().decode().lower()
    for leak in ("evil", "18005551234", "1006", "ann", "pbx.example.com", "portal_", "diversion", "x-secret"):
        assert leak not in whole, f"{leak} in {whole}"


# -- from outside ----------------------------------------------------------------------------------------------------------


def test_a_carrier_calls_a_number(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    with talk(carrier.call(story.exchange.people["ann"].number)) as clock:
        ann.next_call().until_heard(50).hang_up()
    call = story.only_call(
        call_from=OUTSIDE,
        call_to="17036879448",
        hangup_cause="NORMAL_CLEARING",
        answered=True,
        local=False,
        call_direction="inbound",
    )
    assert abs(call["bill_duration"] - clock["seconds"]) < 1.5
    assert story.seen_by("ann", call) is not None
    assert story.seen_by("bob", call) is None
    sound = story.recording(call)
    assert sound.speaks(0, "carrier")
    assert sound.speaks(1, "ann")


def test_others_equipment_calls_a_number(story: Story, tmp_path: Path) -> None:
    ann = story.phone("ann")
    with sipp(story.exchange, "calls", tmp_path, calls=story.exchange.people["ann"].number) as carrier:
        ann.next_call().until_ended()
    assert "1006" not in carrier.heard(), "which extension answers is no carrier's business"
    call = story.only_call(call_from=OUTSIDE, call_to="17036879448", hangup_cause="NORMAL_CLEARING", call_direction="inbound")
    assert call["bill_duration"] in (1, 2, 3)


def test_nobody_answers_a_carrier(story: Story) -> None:
    ann, carrier = story.phone("ann", "ring"), story.carrier()
    call = carrier.call(story.exchange.people["ann"].number).until_ringing()
    ann.next_call()
    call.hang_up()
    story.only_call(hangup_cause="ORIGINATOR_CANCEL", answered=False, call_direction="inbound", recording="")


@pytest.mark.parametrize("number", ["12403019517", "1006", "911", "17036879999", "19005551234"])
def test_a_carrier_gets_nowhere_else(story: Story, number: str) -> None:
    assert story.carrier().call(number).until_refused() == 404
    story.only_call(call_to=number, hangup_cause="UNALLOCATED_NUMBER", answered=False, call_direction="inbound")


@pytest.mark.parametrize(
    "name",
    [
        "x,api_hangup_hook=system touch /tmp/pwned",
        "${system(touch /tmp/pwned)}",
        "'><X-PRE-PROCESS cmd='exec' data='id'/>",
        "J\u00f6rg & <b>",
    ],
)
def test_a_hostile_caller_name(story: Story, name: str) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    shown = f'"{name}" <sip:{OUTSIDE}@carrier.example.net>'
    with talk(carrier.call(story.exchange.people["ann"].number, shown=shown), 20):
        ann.next_call().hang_up()
    call = story.only_call(call_from=OUTSIDE, hangup_cause="NORMAL_CLEARING", answered=True, call_direction="inbound")
    assert story.recording(call).seconds > 0
    assert not Path("/tmp/pwned").exists()  # noqa: S108 - where an attacker would show off


def test_a_stranger_is_no_carrier(story: Story) -> None:
    """Only the gateways' networks may call; here that is one address, and loopback has many."""
    stranger = Phone(("127.0.0.1", story.exchange.switch.carrier_port), OUTSIDE, "evil.example", address="127.0.0.2")
    with opened(stranger):
        assert stranger.call(story.exchange.people["ann"].number).until_refused() == 403
        assert stranger.register() >= 400
    story.no_call()


# -- to the outside --------------------------------------------------------------------------------------------------------


def test_the_carrier_sees_the_number_and_nothing_else(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    with talk(ann.call(OUTSIDE, *OWN_HEADERS)) as clock:
        heard = carrier.next_call().until_heard(50)
        heard.hang_up()
    assert heard.invitation is not None
    assert user_of(f"<{heard.invitation.uri}>") == OUTSIDE
    shows_nothing_but("17036879448", heard.invitation)
    call = story.only_call(
        call_from="1006", call_to=OUTSIDE, hangup_cause="NORMAL_CLEARING", answered=True, local=False, call_direction="outbound"
    )
    assert abs(call["bill_duration"] - clock["seconds"]) < 1.5
    assert call["didnumber"] != 0
    assert story.seen_by("bob", call) is None
    sound = story.recording(call)
    assert sound.speaks(0, "ann")
    assert sound.speaks(1, "carrier")


def test_others_equipment_sees_the_number(story: Story, tmp_path: Path) -> None:
    ann = story.phone("ann")
    with sipp(story.exchange, "answers", tmp_path) as carrier:
        call = ann.call("2403019517").until_answered().until_heard(50)
        call.hang_up()
    [invite] = carrier.received("INVITE")
    assert user_of(f"<{invite.uri}>") == OUTSIDE
    shows_nothing_but("17036879448", invite)
    story.only_call(call_from="1006", hangup_cause="NORMAL_CLEARING", answered=True, call_direction="outbound")


def test_who_is_busy_outside(story: Story, tmp_path: Path) -> None:
    ann, spare = story.phone("ann"), story.carrier(spare=True)
    with sipp(story.exchange, "busy", tmp_path):
        assert ann.call(OUTSIDE).until_refused() == 486
    assert spare.incoming.empty(), "he would be busy there, too"
    story.only_call(call_to=OUTSIDE, hangup_cause="USER_BUSY", answered=False, bill_duration=0)


@pytest.mark.parametrize("fault", [503, 500, None])
def test_the_second_gateway_when_the_first_is_down(story: Story, fault: int | None) -> None:
    ann, spare = story.phone("ann"), story.carrier(spare=True)
    if fault:
        story.carrier(fault)
    call = ann.call(OUTSIDE)
    with talk(call, 50):
        heard = spare.next_call(40)
        heard.until_heard(25).hang_up()
    assert heard.invitation is not None
    shows_nothing_but("17036879448", heard.invitation)
    story.only_call(call_to=OUTSIDE, hangup_cause="NORMAL_CLEARING", answered=True, call_direction="outbound")


def test_no_more_calls_at_once_than_two(story: Story) -> None:
    """What is stolen is used by many at once."""
    ann, carrier = story.phone("ann"), story.carrier()
    calls = [ann.call(f"124030195{n}").until_answered() for n in (61, 62)]
    assert ann.call("12403019563").until_refused() >= 400
    assert carrier.incoming.qsize() == 2
    for call in calls:
        call.until_heard(10).hang_up()
    causes = {call["call_to"]: (call["hangup_cause"], call["answered"]) for call in story.new_calls()}
    assert causes == {
        "12403019561": ("NORMAL_CLEARING", True),
        "12403019562": ("NORMAL_CLEARING", True),
        "12403019563": ("CALL_REJECTED", False),
    }


@pytest.mark.parametrize(
    "shown",
    [
        '"1005" <sip:1005@pbx.example.com>',
        "<sip:17036879447@pbx.example.com>",
        '"Bob" <sip:18005551234@evil.example>',
        "<sip:anonymous@anonymous.invalid>",
    ],
)
def test_a_forged_from_changes_nothing(story: Story, shown: str) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    call = ann.call(OUTSIDE, shown=shown)
    call.until(lambda: call.status >= 200, "a final answer")
    if call.status != 200:
        assert carrier.incoming.empty()
        return
    heard = carrier.next_call()
    call.until_heard(25).hang_up()
    assert heard.invitation is not None
    shows_nothing_but("17036879448", heard.invitation)
    found = story.only_call(call_from="1006", call_to=OUTSIDE, answered=True)
    assert story.seen_by("ann", found) is not None
    assert story.seen_by("bob", found) is None


def test_carriers_hand_nothing_over(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    call = ann.call(OUTSIDE).until_answered().until_heard(50)
    assert carrier.next_call().transfer("sip:2403019544@pbx.example.com") >= 400
    call.until_heard(25).hang_up()
    assert carrier.incoming.empty()
    story.only_call(call_from="1006", call_to=OUTSIDE, answered=True, hangup_cause="NORMAL_CLEARING")


def test_what_fraudsters_dial(story: Story) -> None:
    ann, carrier, spare = story.phone("ann"), story.carrier(), story.carrier(spare=True)
    answers: dict[str, Any] = {}
    for number in FRAUD:
        dialled = re.sub(r"[^0-9+]", "", number)
        answers[dialled] = ann.call(dialled).until_refused()
    assert len(answers) >= 60
    assert {status for status in answers.values() if status < 400} == set()
    assert carrier.incoming.empty()
    assert spare.incoming.empty()
    assert {call["hangup_cause"] for call in story.new_calls()} <= {"OUTGOING_CALL_BARRED", "NO_ROUTE_DESTINATION"}
