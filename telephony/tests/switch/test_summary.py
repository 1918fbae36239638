"""Summing up a call from its legs, without a database."""

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from telephony.switch.summary import CallSummary, summarise

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class FakeLeg:
    uuid: str
    originator_uuid: str = ""
    direction: str = "inbound"
    call_direction: str = ""
    context: str = "internal"
    user: str = ""
    user_domain: str = ""
    dialed_user: str = ""
    dialed_domain: str = ""
    domain: str = "pbx.example.com"
    gateway: str = ""
    caller_number: str = ""
    caller_name: str = ""
    destination: str = ""
    started_at: datetime = NOON
    bridged_at: datetime | None = None
    ended_at: datetime | None = None
    billsec: int = 0
    hangup_cause: str = "NORMAL_CLEARING"
    originate_disposition: str = ""
    portal_call_link: int | None = None
    portal_extension_id: int | None = None
    portal_number_id: int | None = None


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


CALLER = FakeLeg(uuid="a", user="1006", user_domain="pbx.example.com", destination="1005", call_direction="local", billsec=9)
CALLEE = FakeLeg(
    uuid="b", originator_uuid="a", direction="outbound", user="1005", destination="1005", started_at=later(1), billsec=4
)


def in_every_order(*legs: FakeLeg) -> CallSummary:
    """Sum up in every order; the order must not show."""
    summaries = {summarise(order) for order in itertools.permutations(legs)}
    assert len(summaries) == 1
    return summaries.pop()


def test_nobody_talked_though_the_caller_was_answered() -> None:
    summary = in_every_order(replace(CALLER, originate_disposition="NO_ANSWER"), replace(CALLEE, hangup_cause="NO_ANSWER"))
    assert (summary.answered, summary.bill_seconds, summary.answered_at) == (False, 0, None)
    assert summary.hangup_cause == "NO_ANSWER"


def test_an_announcement_keeps_its_own_cause() -> None:
    assert summarise([replace(CALLER, originate_disposition="SUCCESS")]).hangup_cause == "NORMAL_CLEARING"


def test_another_cause_than_normal_clearing_never_gives_way() -> None:
    summary = summarise([replace(CALLER, hangup_cause="ORIGINATOR_CANCEL", originate_disposition="USER_BUSY")])
    assert summary.hangup_cause == "ORIGINATOR_CANCEL"


def test_talk_is_billed_by_the_bridged_legs_other_than_the_a_leg() -> None:
    talked = replace(CALLEE, bridged_at=later(3), ended_at=later(7))
    unheard = replace(CALLEE, uuid="c", billsec=100)
    summary = in_every_order(replace(CALLER, bridged_at=later(3), ended_at=later(8)), talked, unheard)
    assert (summary.bill_seconds, summary.duration_seconds, summary.answered_at) == (4, 8, later(3))


def test_talk_is_billed_by_the_a_leg_while_no_other_record_came() -> None:
    assert summarise([replace(CALLER, bridged_at=later(3))]).bill_seconds == 9


def test_the_one_who_talked_is_the_callee_not_the_one_who_rang_first() -> None:
    summary = in_every_order(
        CALLER, replace(CALLEE, user="1004"), replace(CALLEE, uuid="c", user="1009", started_at=later(9), bridged_at=later(12))
    )
    assert summary.callee.user == "1009"


def test_a_callee_who_is_not_registered_is_still_the_callee() -> None:
    summary = summarise([replace(CALLER, dialed_user="1007", dialed_domain="pbx.example.com")])
    assert (summary.callee.user, summary.callee.domain) == ("1007", "pbx.example.com")


def test_a_call_to_the_outside_has_no_callee_extension_and_shows_our_number() -> None:
    trunk = replace(CALLEE, user="", gateway="carrier", destination="12403019517", caller_number="17036879447")
    summary = in_every_order(replace(CALLER, call_direction="outbound", destination="12403019517"), trunk)
    assert not summary.callee.user
    assert (summary.local, summary.our_numbers, summary.gateway) == (False, ("17036879447",), "carrier")


@pytest.mark.parametrize(("context", "direction"), [("public", "inbound"), ("internal", "outbound"), ("default", "outbound")])
def test_the_context_decides_where_the_variable_is_missing(context: str, direction: str) -> None:
    assert summarise([replace(CALLER, call_direction="", context=context)]).direction == direction


def test_a_caller_from_outside_is_never_taken_for_an_extension() -> None:
    outside = replace(
        CALLER, user="1006", call_direction="inbound", context="public", destination="17036879447", caller_number="15551234567"
    )
    summary = summarise([outside])
    assert (summary.caller.user, summary.caller_number) == ("", "15551234567")


def test_the_switch_rang_the_source_of_a_call_link() -> None:
    source = replace(CALLER, direction="outbound", call_direction="outbound", destination="1006", caller_name="Outbound Call")
    target = replace(CALLEE, user="", gateway="carrier", destination="12403019517")
    summary = in_every_order(replace(source, portal_call_link=77), target)
    assert (summary.caller_number, summary.callee_number, summary.call_link) == ("1006", "12403019517", 77)
    assert summary.caller_name == ""
    assert summarise([source]).callee_number == ""


def test_a_call_link_whose_source_is_a_cell_phone() -> None:
    source = replace(CALLER, user="", gateway="carrier", direction="outbound", destination="13015550123")
    assert summarise([source]).caller_number == "13015550123"


def test_only_the_b_leg_came_so_far() -> None:
    summary = summarise([replace(CALLEE, caller_number="1006")])
    assert (summary.call_uuid, summary.caller_number, summary.callee.user) == ("b", "1006", "")
    inbound = summarise([replace(CALLEE, context="public", caller_number="15551234567")])
    assert (inbound.direction, inbound.callee.user) == ("inbound", "1005")


def test_two_clocks_that_disagree_never_end_a_call_before_it_began() -> None:
    summary = summarise([replace(CALLER, ended_at=NOON - timedelta(hours=1))])
    assert (summary.ended_at, summary.duration_seconds) == (NOON, 0)


def test_a_call_without_an_end_has_no_length() -> None:
    assert summarise([CALLER]).duration_seconds == 0


def test_who_pays_comes_from_the_portals_own_variable() -> None:
    summary = summarise([replace(CALLER, call_direction="outbound", user="", portal_extension_id=16, portal_number_id=3)])
    assert (summary.caller.extension_id, summary.our_number_id) == (16, 3)
    inbound = summarise([replace(CALLER, call_direction="inbound", user="", portal_extension_id=16)])
    assert (inbound.caller.extension_id, inbound.callee.extension_id) == (None, 16)


def test_of_two_roots_the_earlier_is_the_a_leg() -> None:
    summary = in_every_order(replace(CALLER, started_at=later(5)), replace(CALLER, uuid="z", started_at=later(2)), CALLEE)
    assert summary.call_uuid == "z"
