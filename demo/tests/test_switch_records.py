"""Records of past calls have what a real switch's have, and come to what they describe."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.switch.audio import recording
from demo.switch.events import Switch
from demo.switch.legs import Quality
from demo.switch.records import PastCall, recording_of, records_of
from telephony.switch.cdr import LegRecord, parse_cdr
from telephony.switch.summary import CallSummary, summarise
from telephony.tests.captures import TABLE, posts_of

STARTED = datetime(2026, 10, 3, 9, 30, 15, 250000, tzinfo=UTC)
LOCAL = PastCall(kind="local", caller="1006", callee="1005", number="17036879447", started_at=STARTED)
OUTBOUND = replace(LOCAL, kind="outbound", callee="12403019517")
INBOUND = replace(LOCAL, kind="inbound", caller="carrier", callee="1006")
LINK = replace(LOCAL, kind="call_link", callee="12403019517")

# What was captured, described.
CALLS = {
    "local-answered": replace(LOCAL, talk_seconds=4.2, recorded=True),
    "local-no-answer": replace(LOCAL, cause="NO_ANSWER"),
    "local-rejected": replace(LOCAL, cause="USER_BUSY"),
    "local-caller-cancelled": replace(LOCAL, cause="ORIGINATOR_CANCEL"),
    "local-not-registered": replace(LOCAL, callee="1007", cause="USER_NOT_REGISTERED"),
    "local-no-route": replace(LOCAL, callee="4444", cause="NO_ROUTE_DESTINATION"),
    "outbound-answered": replace(OUTBOUND, talk_seconds=6, recorded=True),
    "inbound-answered": replace(INBOUND, talk_seconds=5, recorded=True),
    "call-link-answered": replace(
        LINK, talk_seconds=4, caller_hangs_up=False, variables={"originate_timeout": "20", "call_link_id": "77"}
    ),
    "call-link-destination-rejected": replace(LINK, callee="1005", cause="USER_BUSY"),
    "call-link-source-no-answer": replace(LINK, caller="1005", cause="NO_ANSWER", source_answers=False),
}
# What the captured calls had and not every call has.
OWN = {
    "export_vars", "call_timeout", "originate_timeout", "RECORD_STEREO", "RECORD_DISCARDED", "record_file_size", "record_samples",
    "record_seconds", "record_ms", "record_completion_cause", "outbound_caller_id_number",
    # Of the request that was made when the phone proved who it is.
    "Event-Name", "Core-UUID", "FreeSWITCH-Hostname", "FreeSWITCH-Switchname", "FreeSWITCH-IPv4", "FreeSWITCH-IPv6",
    "Event-Date-Local", "Event-Date-GMT", "Event-Date-Timestamp", "Event-Calling-File", "Event-Calling-Function",
    "Event-Calling-Line-Number", "Event-Sequence",
    # Depends on which of two messages came first when the caller cancelled.
    "sip_hangup_phrase", "last_bridge_hangup_cause", "last_bridge_proto_specific_hangup_cause",
}  # fmt: skip


def legs_of(call: PastCall) -> list[LegRecord]:
    return [parse_cdr(body, "application/json") for _, body in records_of(call)]


def summary_of(call: PastCall) -> CallSummary:
    return summarise(legs_of(call))


def is_b_leg(record: dict[str, Any]) -> bool:
    return "originator" in record["callflow"][0]["caller_profile"]


def structure(value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, dict):
        return {path for key, inner in value.items() for path in structure(inner, f"{prefix}/{key}")} or {prefix}
    return structure(value[0], f"{prefix}[]") if isinstance(value, list) else {prefix}


@pytest.mark.parametrize("name", CALLS)
def test_the_records_come_to_what_the_captured_ones_come_to(name: str) -> None:
    call = summary_of(CALLS[name])
    caller, callee, seconds, cause = TABLE[name]
    assert (call.caller_number, call.callee_number, call.bill_seconds, call.hangup_cause) == (caller, callee, seconds, cause)
    assert call.call_uuid == CALLS[name].uuid
    assert call.answered == (seconds > 0)
    assert call.started_at == STARTED
    real = summarise([parse_cdr(post.body, "application/json") for post in posts_of(name) if b'"core-uuid"' in post.body[:20]])
    assert (call.direction, call.local, call.gateway, call.caller.user) == (
        real.direction,
        real.local,
        real.gateway,
        real.caller.user,
    )
    assert call.callee.user == real.callee.user


@pytest.mark.parametrize("name", CALLS)
def test_the_records_have_what_the_captured_ones_have(name: str) -> None:
    real = [json.loads(post.body) for post in posts_of(name) if b'"core-uuid"' in post.body[:20]]
    mine = [json.loads(body) for _, body in records_of(CALLS[name])]
    assert sorted(map(is_b_leg, mine)) == sorted(map(is_b_leg, real))
    for record in mine:
        other = next(each for each in real if is_b_leg(each) == is_b_leg(record))
        missing = {*other["variables"]} - {*record["variables"]} - OWN
        assert not missing
        kept = [{key: value for key, value in each.items() if key != "variables"} for each in (record, other)]
        assert structure(kept[0]) == structure(kept[1])
        assert list(record) == list(other)


def test_the_b_leg_comes_first_and_names_its_parent() -> None:
    [(first, b_record), (second, a_record)] = records_of(CALLS["local-answered"])
    assert (first, second) == (LOCAL.callee_uuid, LOCAL.uuid)
    assert json.loads(b_record)["variables"]["originating_leg_uuid"] == second
    assert json.loads(a_record)["variables"]["bridge_uuid"] == first


def test_times_and_quality_are_those_described() -> None:
    call = replace(
        OUTBOUND, ring_seconds=7.5, talk_seconds=61, quality=Quality(mos=3.2, jitter_variance=400, loss=2.5),
        callee_quality=Quality(mos=4.1),
    )  # fmt: skip
    b_leg, a_leg = legs_of(call)
    assert a_leg.answered_at == a_leg.bridged_at == b_leg.answered_at
    ringing = a_leg.bridged_at - STARTED
    assert timedelta(seconds=7.5) <= ringing < timedelta(seconds=8)
    assert a_leg.ended_at - a_leg.bridged_at == timedelta(seconds=61)
    assert (a_leg.mos, a_leg.jitter_ms, a_leg.packet_loss) == (3.2, 20.0, pytest.approx(2.5, abs=0.1))
    assert (b_leg.mos, b_leg.packet_loss) == (4.1, 0.0)


def test_what_the_plan_set_is_there() -> None:
    variables = {"portal_extension_id": "5", "portal_number_id": "9", "portal_call_link": "77"}
    a_leg = legs_of(replace(LOCAL, variables=variables))[-1]
    assert (a_leg.portal_extension_id, a_leg.portal_number_id) == (5, 9)
    assert [leg.portal_call_link for leg in legs_of(replace(LINK, variables=variables, talk_seconds=1))] == [77, 77]


@pytest.mark.parametrize("cause", ["CALL_REJECTED", "UNALLOCATED_NUMBER", "NETWORK_OUT_OF_ORDER", "NORMAL_TEMPORARY_FAILURE"])
@pytest.mark.parametrize("call", [LOCAL, OUTBOUND, INBOUND, LINK], ids=lambda call: call.kind)
def test_every_kind_of_call_can_fail_for_any_cause(call: PastCall, cause: str) -> None:
    failed = replace(call, cause=cause)
    summary = summary_of(failed)
    assert (summary.hangup_cause, summary.answered, summary.bill_seconds) == (cause, False, 0)
    assert legs_of(failed)[0].hangup_cause == cause


def test_a_source_that_hangs_up_while_its_link_still_rings() -> None:
    b_leg, a_leg = legs_of(replace(LINK, cause="ORIGINATOR_CANCEL"))
    assert (a_leg.hangup_cause, a_leg.originate_disposition, b_leg.hangup_cause) == (
        "NORMAL_CLEARING", "ORIGINATOR_CANCEL", "ORIGINATOR_CANCEL",
    )  # fmt: skip


def test_names_of_callers() -> None:
    call = replace(INBOUND, caller="12025550123", caller_name='O\'Hara "Bob" Zoë, {a=b}', talk_seconds=3)
    summary = summary_of(call)
    assert (summary.caller_number, summary.caller_name) == ("12025550123", call.caller_name)
    assert summary.our_numbers == ("17036879447",)
    assert summary.callee.user == "1006"
    assert summary_of(replace(call, caller_name="")).caller_name == ""


def test_an_inbound_call_to_a_phone_that_is_off_names_it() -> None:
    assert summary_of(replace(INBOUND, cause="USER_NOT_REGISTERED")).callee.user == "1006"


def test_the_same_call_is_the_same_bytes_and_another_is_not() -> None:
    call = CALLS["inbound-answered"]
    assert records_of(call) == records_of(replace(call))
    later = replace(call, started_at=STARTED + timedelta(seconds=1))
    assert {uuid for uuid, _ in records_of(call)}.isdisjoint(uuid for uuid, _ in records_of(later))
    switch = Switch(core_uuid="22222222-2222-4222-8222-222222222222", name="fs9")
    assert {leg.switchname for leg in [parse_cdr(records_of(call, switch)[0][1], "application/json")]} == {"fs9"}


def test_the_recording_is_as_long_as_the_record_says() -> None:
    call = CALLS["outbound-answered"]
    record = json.loads(records_of(call)[-1][1])["variables"]
    file = recording_of(call)
    assert file == recording(call.uuid, 6)
    assert record["record_file_size"] == str(len(file))
    assert record["record_ms"] == "6000"


def test_many_calls_take_little_time() -> None:
    started = time.process_time()
    for minute in range(300):
        records_of(replace(OUTBOUND, started_at=STARTED + timedelta(minutes=minute), talk_seconds=60))
    assert time.process_time() - started < 2
