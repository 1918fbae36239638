"""Reading records: every capture, every encoding, whatever bytes."""

import base64
import dataclasses
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.switch.cdr import MAX_CDR_BYTES, LegRecord, parse_cdr
from telephony.switch.cdr_cleaning import STRIPPED
from telephony.switch.errors import CdrError
from telephony.tests.captures import TABLE, posts_of

POSTS = [post for scenario in TABLE for post in posts_of(scenario)]
A_LEG = posts_of("local-answered")[1].body
XML = posts_of("local-answered")[3].body
HOSTILE = posts_of("inbound-hostile-caller-name")[1].body


def facts(record: LegRecord) -> dict[str, object]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record) if field.name != "raw"}


def with_variables(**variables: object) -> bytes:
    record = json.loads(A_LEG)
    record["variables"] |= variables
    return json.dumps(record).encode()


@pytest.mark.parametrize("scenario", TABLE)
def test_json_and_xml_of_a_leg_say_the_same(scenario: str) -> None:
    legs: dict[str, list[dict[str, object]]] = {}
    for post in posts_of(scenario):
        record = parse_cdr(post.body, post.content_type)
        legs.setdefault(record.uuid, []).append(facts(record))
    for said in legs.values():
        assert len(said) >= 2
        assert all(one == said[0] for one in said)


def test_an_a_leg_in_full() -> None:
    record = parse_cdr(A_LEG)
    assert record.uuid == "3e6bc8f5-181d-4c52-9d6d-46965011989d"
    assert (record.originator_uuid, record.links) == ("", {"5a27a125-0331-4ea3-9b9b-f73c77174b02"})
    assert (record.user, record.user_domain, record.domain) == ("1006", "pbx.example.com", "pbx.example.com")
    assert (record.destination, record.caller_number, record.caller_name) == ("1005", "1006", "")
    assert (record.direction, record.call_direction, record.context) == ("inbound", "local", "internal")
    assert record.started_at == datetime(2026, 11, 23, 12, 47, 44, 424920, tzinfo=UTC)
    assert record.bridged_at == datetime(2026, 11, 23, 12, 47, 46, 104930, tzinfo=UTC)
    assert (record.billsec, record.duration, record.record_ms) == (4, 6, 5360)
    assert (record.mos, record.jitter_ms, record.packet_loss) == (4.5, 2.05, 1.36)
    assert record.talked


def test_a_b_leg_shows_the_person_not_the_contact_address() -> None:
    record = parse_cdr(posts_of("local-answered")[0].body)
    assert (record.destination, record.user) == ("1005", "1005")
    assert record.originator_uuid == "3e6bc8f5-181d-4c52-9d6d-46965011989d"


def test_a_hostile_name_stays_text() -> None:
    assert parse_cdr(HOSTILE).caller_name == "<script>alert(1)</script> Zoë %{system id}"


def encoded_values(body: bytes) -> bytes:
    record = json.loads(body)
    record["variables"] = {name: quote(value, safe="/,") for name, value in record["variables"].items()}
    return json.dumps(record).encode()


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "raw": lambda body: body,
    "with a byte order mark and blanks": lambda body: b"\xef\xbb\xbf \r\n" + body + b"\n\0",
    "form": lambda body: b"cdr=" + quote(body).encode(),
    "form after another field": lambda body: b"uuid=x&cdr=" + quote(body).encode() + b"&a=b",
    "form of a client that writes plus for a space": lambda body: b"cdr=" + quote(body).replace("%20", "+").encode(),
    "form of base64": lambda body: b"cdr=" + base64.b64encode(body),
    "form of percent-encoded base64": lambda body: b"cdr=" + quote(base64.b64encode(body)).encode(),
    "base64 alone": base64.b64encode,
    "percent-encoded alone, as spilled": lambda body: quote(body).encode(),
    "encoded values": encoded_values,
    "form of encoded values": lambda body: b"cdr=" + quote(encoded_values(body)).encode(),
    "indented": lambda body: json.dumps(json.loads(body), indent=2).encode(),
    "escaped": lambda body: json.dumps(json.loads(body), ensure_ascii=True).encode(),
}


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/nonsense", ""])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_bytes_decide(encoding: str, content_type: str) -> None:
    for body in (A_LEG, HOSTILE):
        assert facts(parse_cdr(ENCODINGS[encoding](body), content_type)) == facts(parse_cdr(body))


def test_xml_raw_in_a_form_and_in_base64() -> None:
    from_form = facts(parse_cdr(XML))
    raw = unquote_to_bytes(XML[4:])
    for body in (raw, b"cdr=" + base64.b64encode(raw), quote(raw).encode()):
        assert facts(parse_cdr(body)) == from_form


def test_a_plus_sign_of_a_number_survives() -> None:
    body = A_LEG.replace(b'"destination_number":"1005"', b'"destination_number":"+17036879447"')
    for encoding in ("raw", "form", "form of base64", "encoded values", "percent-encoded alone, as spilled"):
        assert parse_cdr(ENCODINGS[encoding](body)).destination == "+17036879447"


def test_a_percent_sign_in_a_record_that_is_not_encoded_stays() -> None:
    assert parse_cdr(with_variables(sip_from_display="50%25 off")).raw["variables"]["sip_from_display"] == "50%25 off"


def test_latin1_among_utf8() -> None:
    body = HOSTILE.replace("Zoë".encode(), b"Zo\xeb \xc3\xa9")
    assert parse_cdr(body).caller_name == "<script>alert(1)</script> Zoë é %{system id}"


@pytest.mark.parametrize(
    "score", [b"nan", b"-nan", b"NaN", b"inf", b"-inf", b"Infinity", b"nan(0x8000)", b"99999", b"null", b'"nan"', b"-1", b"[]"]
)
def test_a_score_without_a_value(score: bytes) -> None:
    record = parse_cdr(A_LEG.replace(b'"mos":4.5', b'"mos":' + score))
    assert record.mos is None
    assert record.billsec == 4
    json.dumps(record.raw, allow_nan=False)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"billsec": "9" * 5000}, {"billsec": 0}),
        ({"billsec": "-5"}, {"billsec": 0}),
        ({"billsec": str(10**17)}, {"billsec": 2**31 - 1}),
        ({"billsec": ["4"]}, {"billsec": 0}),
        ({"billsec": "٤"}, {"billsec": 0}),
        ({"portal_call_link": "77", "portal_extension_id": "x", "portal_number_id": "0"}, {"portal_call_link": 77, "portal_extension_id": None, "portal_number_id": None}),
        ({"hangup_cause": "NORMAL_CLEARING'; DROP"}, {"hangup_cause": ""}),
        ({"answer_uepoch": "9" * 18}, {"answered_at": None}),
        ({"answer_uepoch": "1"}, {"answered_at": None}),
        ({"call_direction": "sideways"}, {"call_direction": ""}),
        ({"uuid": "3E6BC8F5-181D-4C52-9D6D-46965011989D"}, {"uuid": "3e6bc8f5-181d-4c52-9d6d-46965011989d"}),
        ({"refer_uuid": "r-1", "transfer_to": "att:t-1"}, {"links": {"r-1", "t-1", "5a27a125-0331-4ea3-9b9b-f73c77174b02"}}),
        ({"transfer_to": "blind:t-2"}, {"links": {"t-2", "5a27a125-0331-4ea3-9b9b-f73c77174b02"}}),
        ({"refer_uuid": "../../x y", "transfer_to": "sip:1005@x"}, {"links": {"5a27a125-0331-4ea3-9b9b-f73c77174b02"}}),
        ({"hold_accum_seconds": "12"}, {"hold_seconds": 12}),
        ({"user_name": "10\u202e06\x07"}, {"user": "1006"}),
    ],
)  # fmt: skip
def test_values_as_they_come(variables: dict[str, object], expected: dict[str, object]) -> None:
    record = parse_cdr(with_variables(**variables))
    assert {name: getattr(record, name) for name in expected} == expected


def test_what_a_caller_from_outside_claims_to_be_counts_for_nothing() -> None:
    body = json.loads(posts_of("inbound-answered")[1].body)
    body["variables"]["presence_id"] = "1006@pbx.example.com"
    assert parse_cdr(json.dumps(body).encode()).user == ""


def test_all_entries_of_a_callflow_are_read() -> None:
    body = json.loads(posts_of("local-answered")[0].body)
    body["variables"].pop("originating_leg_uuid")
    newest = json.loads(json.dumps(body["callflow"][0]))
    newest["caller_profile"].pop("originator")
    newest["caller_profile"]["destination_number"] = "1009"
    newest["times"]["bridged_time"] = "0"
    body["callflow"].insert(0, newest)
    record = parse_cdr(json.dumps(body).encode())
    assert record.originator_uuid == "3e6bc8f5-181d-4c52-9d6d-46965011989d"
    assert record.talked


def test_a_callflow_of_odd_shapes() -> None:
    body = json.loads(A_LEG)
    for callflow in (
        {},
        [],
        [None, 5],
        "x",
        [{"caller_profile": 3, "times": []}],
        [{"caller_profile": {"originatee": {"originatee_caller_profiles": [1, {"uuid": {}}]}}}],
    ):
        record = parse_cdr(json.dumps(body | {"callflow": callflow}).encode())
        assert not record.talked
    one = body | {"callflow": body["callflow"][0]}
    assert parse_cdr(json.dumps(one).encode()).talked


SECRET_PLACES = {
    "sip_auth_password": "canary",
    "a1-hash": "canary",
    "sip_auth_response": "canary",
    "sip_auth_nonce": "canary",
    "x_api_key": "canary",
    "maintenance_token": "canary",
    "sip_authorization": 'Digest username="1006", response="canary"',
    "record_post_process_exec_api": "bgapi:http_put http://p:8000/freeswitch/recordings/u/1/canary.wav /tmp/x.wav",
    "last_arg": "{portal=1}http://p:8000/freeswitch/recordings/u/1/canary.wav",
    "current_application_data": "http://user:canary@10.0.0.1/x",
    "api_result": "password=canary;x",
    "sip_h_X-Auth": "Bearer canarycanary",
    "callback": "https://hook.example/x?a=1&signature=canary",
}


@pytest.mark.parametrize("name", SECRET_PLACES)
def test_secrets_are_stripped_wherever_they_stand(name: str) -> None:
    raw = parse_cdr(with_variables(**{name: SECRET_PLACES[name]})).raw
    assert "canary" not in json.dumps(raw)
    assert STRIPPED in raw["variables"][name]


def test_secrets_in_the_log_of_applications_and_in_the_plan() -> None:
    body = json.loads(A_LEG)
    url = "http://p/freeswitch/recordings/u/1/canary.wav"
    body["app_log"]["applications"].append(
        {"app_name": "set", "app_data": f"record_post_process_exec_api=bgapi:http_put {url} x"}
    )
    body["callflow"][0]["extension"]["applications"].append({"app_name": "set", "app_data": "sip_auth_password=canary"})
    body["params"] = [{"name": "password", "value": "canary"}]
    raw = parse_cdr(json.dumps(body).encode()).raw
    assert "canary" not in json.dumps(raw)
    assert raw["app_log"]["applications"][0]["app_data"] == "call_direction=local"


def test_what_is_no_secret_is_kept() -> None:
    raw = parse_cdr(A_LEG).raw
    assert raw["variables"]["sip_auth_username"] == "1006"
    assert raw["variables"]["sip_from_uri"] == "1006@pbx.example.com"
    assert raw["callStats"]["audio"]["inbound"]["mos"] == 4.5


def test_what_a_database_refuses_is_not_in_the_raw_record() -> None:
    raw = parse_cdr(with_variables(odd="a\0b\ud800c", big=10**30, deep=json.loads("[" * 60 + "]" * 60))).raw
    text = json.dumps(raw, ensure_ascii=False)
    assert "\0" not in text
    text.encode()
    assert raw["variables"]["big"] == str(10**30)
    assert "[too deep]" in text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\0", b"hello", b"{}", b"[]", b"null", b'"x"', b"{", b"cdr=", b"cdr=%7B", b"a=b", b"<cdr/>", b"<cdr><variables/></cdr>", b"<x/>",
        b"<cdr", b'<!DOCTYPE x [<!ENTITY a "b">]><cdr>&a;</cdr>', b'<?xml version="1.0" encoding="utf-7"?><cdr/>', b"[" * 100_000, b'{"a":' * 100_000,
        b"<a>" * 50_000, A_LEG[:-1], A_LEG[:5000], XML[:5000], b"x" * (MAX_CDR_BYTES + 1), b"A" * 999, with_variables(uuid=""),
        with_variables(uuid="a/b"), with_variables(start_uepoch="0"), with_variables(start_uepoch="9" * 5000), b'{"variables":{"uuid":1}}',
        b"<cdr><callflow>" + b"<x>" * 60 + b"</x>" * 60 + b"</callflow></cdr>",
    ],
)  # fmt: skip
def test_what_is_no_record(body: bytes) -> None:
    with pytest.raises(CdrError) as error:
        parse_cdr(body)
    assert error.value.reason.endswith(".")


# Not timed: what is quadratic in these takes minutes, which nobody overlooks.
@pytest.mark.parametrize(
    "filler", [b"[", b"{", b'"', b"\\", b"%", b"+", b"<", b"nan", b"=", b"&cdr=", b'"\\', b"://a:b", b"password="]
)
def test_large_bodies_end(filler: bytes) -> None:
    for start in (filler, b'{"a":"' + filler, b"<a>" + filler):
        with pytest.raises(CdrError):
            parse_cdr(start + filler * (1_000_000 // len(filler)))


@pytest.mark.parametrize(
    "filler", ["http://a", "://a:b@", "a:b@", "password=", "https://x?", "a-", "bearer ", "basic\t", "?", "/freeswitch/"]
)
def test_a_long_hostile_value_is_cleaned(filler: str) -> None:
    parse_cdr(with_variables(long=filler * (500_000 // len(filler))))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_at_all(body: bytes) -> None:
    for prefix in (b"", b"{", b"<", b"cdr="):
        try:
            parse_cdr(prefix + body)
        except CdrError:
            continue


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(POSTS) - 1), st.integers(0, 2**32), st.integers(1, 40))
def test_mutated_records(index: int, seed: int, changes: int) -> None:
    chance, body = random.Random(seed), bytearray(POSTS[index].body)
    for _ in range(changes):
        body[chance.randrange(len(body))] = chance.randrange(256)
    try:
        record = parse_cdr(bytes(body))
    except CdrError:
        return
    assert record.uuid
    assert record.started_at.tzinfo is UTC
    json.dumps(record.raw, allow_nan=False).encode()
