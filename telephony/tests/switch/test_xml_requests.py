"""What the switch posts when it asks: what a caller wrote into it is not believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.switch.xml_requests import parse_request
from telephony.tests.captures import question_of, questions

HEAD = b"hostname=fs1&section=directory&tag_name=domain&key_name=name&key_value="
TAIL = b"&Event-Name=REQUEST_PARAMS&action=sip_auth&user=1006&domain=pbx.example.com"


@pytest.mark.parametrize("question", questions("directory-sip_auth"))
def test_captured_authentications(question: str) -> None:
    asked = parse_request(question_of(question).body)
    assert (asked.section, asked["action"], asked["domain"]) == ("directory", "sip_auth", "pbx.example.com")
    assert asked["user"] in ("1005", "1006")


def test_a_captured_call() -> None:
    asked = parse_request(question_of("inbound-hostile-caller-name/01-dialplan.http").body)
    assert asked.section == "dialplan"
    assert asked["Hunt-Caller-ID-Name"] == "<script>alert(1)</script> Zoë %{system id}"
    assert asked.first_of("Hunt-Destination-Number", "Caller-Destination-Number") == "17036879447"
    assert asked.first_of("nothing", "of the kind") == ""


def test_the_shortest_question() -> None:
    asked = parse_request(question_of("startup/24-acl.conf.http").body)
    assert (asked.section, asked["key_value"], asked["user"]) == ("configuration", "acl.conf", "")


@pytest.mark.parametrize(
    "realm",
    [
        b"x&user=1005&domain=evil.example.com&action=user_call",
        b"x&section=configuration&key_value=sofia.conf",
        b"x&Event-Name=REQUEST_PARAMS&section=dialplan&user=1005&purpose=gateways",
        b"%26user%3D1005", b"%", b"\xff\xfe", b"&&&===", b"=&=&user=%31%30%30%35", b"x" * 512,
    ],
)  # fmt: skip
def test_what_a_caller_writes_into_the_fields_that_are_not_encoded(realm: bytes) -> None:
    asked = parse_request(HEAD + realm + TAIL)
    assert (asked.section, asked["action"], asked["user"], asked["domain"], asked["purpose"]) == (
        "directory", "sip_auth", "1006", "pbx.example.com", "",
    )  # fmt: skip


@given(st.binary(max_size=512))
def test_whatever_is_written_there(realm: bytes) -> None:
    asked = parse_request(HEAD + realm + TAIL)
    assert (asked.section, asked["action"], asked["user"], asked["domain"]) == (
        "directory", "sip_auth", "1006", "pbx.example.com",
    )  # fmt: skip
    assert set(asked.fields) <= {"hostname", "section", "tag_name", "key_name", "key_value", "Event-Name"} | {
        "action", "user", "domain",
    }  # fmt: skip


@given(st.binary())
def test_any_bytes_are_read(body: bytes) -> None:
    assert isinstance(parse_request(body).section, str)


def test_of_a_repeated_field_the_last_counts() -> None:
    assert parse_request(HEAD + b"x" + TAIL + b"&user=1007")["user"] == "1007"
    assert parse_request(b"section=directory&user=1005&user=1007")["user"] == "1007"
