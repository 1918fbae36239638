"""`/freeswitch/xml`, section directory: who may register, and that nobody else is left to the switch's own files."""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from telephony.hooks import xml_directory
from telephony.hooks.xml import MOST_REQUEST_BYTES
from telephony.models import Assignment, Domain, Extension
from telephony.models.holding import HoldingState
from telephony.services.assignments import release
from telephony.services.credentials import ha1_of, renew_password
from telephony.tests.captures import answer_to, question_of, questions
from telephony.tests.xml_answers import is_not_found, read, values

pytestmark = pytest.mark.django_db

Asker = Callable[..., HttpResponse]
DIAL_STRING = "{sip_invite_domain=${dialed_domain},presence_id=${dialed_user}@${dialed_domain}}${sofia_contact(${dialed_user}@${dialed_domain})}"


@pytest.fixture
def held(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """The extension of the captures, with a password."""
    held = hold(make_person("ann"), "1006", "17036879447")
    renew_password(held.extension, actor=None)
    held.extension.refresh_from_db()
    return held


@pytest.fixture
def others(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> None:
    """The other extensions of the captures."""
    for number in ("1005", "1007"):
        renew_password(hold(make_person(f"holder-of-{number}"), number).extension, actor=None)


def assert_refused(root: Element, user: str, domain: str = "pbx.example.com") -> str:
    """Hold an answer to a user who cannot come in; return the hash."""
    assert root.find("section[@name='directory']/domain").get("name") == domain
    assert [found.get("id") for found in root.iter("user")] == [user]
    params = values(root, "param")
    assert params.keys() == {"a1-hash", "sip-forbid-register"}
    assert params["sip-forbid-register"] == "true"
    assert re.fullmatch(r"[0-9a-f]{32}", params["a1-hash"])
    assert not list(root.iter("variable"))
    return params["a1-hash"]


def authenticate(ask: Asker, user: str = "1006", domain: str = "pbx.example.com") -> Element:
    return read(ask(action="sip_auth", sip_auth_method="REGISTER", key="id", user=user, domain=domain))


# -- what the real switch asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", questions("directory-sip_auth"))
def test_captured_authentications(ask: Asker, held: Assignment, others: None, question: str) -> None:
    mine, accepted = read(ask(question_of(question).body)), answer_to(question)
    assert [found.tag for found in mine.iter() if found.tag not in ("param", "variable")] == [
        found.tag for found in accepted.iter() if found.tag not in ("param", "variable")
    ]
    assert [found.get("id") for found in mine.iter("user")] == [found.get("id") for found in accepted.iter("user")]
    assert mine.find(".//domain").get("name") == "pbx.example.com"
    assert values(mine, "param").keys() == values(accepted, "param").keys()
    assert values(mine, "param")["dial-string"] == values(accepted, "param")["dial-string"] == DIAL_STRING
    extension = Extension.objects.get(number=mine.find(".//user").get("id"))
    assert values(mine, "param")["a1-hash"] == ha1_of(extension)
    variables = values(mine, "variable")
    assert variables["portal_extension_id"] == str(extension.pk)
    for name in ("user_context", "domain_name", "accountcode", "effective_caller_id_number"):
        assert variables[name] == values(accepted, "variable")[name]
    assert variables.get("outbound_caller_id_number", "17036879447") == "17036879447"


@pytest.mark.parametrize("question", questions("directory-user_call"))
def test_captured_questions_how_to_ring(ask: Asker, held: Assignment, others: None, question: str) -> None:
    mine, accepted = read(ask(question_of(question).body)), answer_to(question)
    assert mine.find(".//user").get("id") == accepted.find(".//user").get("id")
    assert mine.find(".//domain/params/param").get("value") == DIAL_STRING
    # Nobody's password is asked for: the hash is there, lest any would do, and is nobody's.
    given = values(mine, "param")["a1-hash"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert given not in {ha1_of(extension) for extension in Extension.objects.all()}


@pytest.mark.parametrize("question", questions("directory-gateways-profile-internal"))
def test_captured_questions_at_the_start(ask: Asker, held: Assignment, question: str) -> None:
    root = read(ask(question_of(question).body))
    # One of the two files that bear this name holds a registration, as the switch sent it.
    if b"purpose=gateways" in question_of(question).body:
        assert is_not_found(root)
    else:
        assert values(root, "param")["a1-hash"] == ha1_of(held.extension)


# -- who is refused --------------------------------------------------------------------------------------------------------


def spoilt(held: Assignment, how: str) -> None:
    """Make the captured extension one that must not come in."""
    if how == "released":
        release(held)
    elif how == "person deactivated":
        User.objects.filter(pk=held.user_id).update(is_active=False)
    elif how == "domain closed":
        Domain.objects.update(is_active=False)
    elif how == "disabled":
        Extension.objects.update(state=HoldingState.DISABLED)
    else:
        broken = {"no password": None, "empty HA1": b"", "another key": b"gAAAAA-not-ours"}[how]
        Extension.objects.update(encrypted_ha1=broken)


WAYS = ["released", "person deactivated", "domain closed", "disabled", "no password", "empty HA1", "another key"]


@pytest.mark.parametrize("how", WAYS)
def test_whoever_must_not_come_in_is_refused_from_the_next_question(ask: Asker, held: Assignment, how: str) -> None:
    real = ha1_of(held.extension)
    assert values(authenticate(ask), "param")["a1-hash"] == real
    spoilt(held, how)
    hashes = {assert_refused(authenticate(ask), "1006") for _ in range(3)}
    assert len(hashes) == 3, "a hash that stays the same lets in whoever has read it"
    assert real not in hashes


def test_an_encrypted_nothing_lets_nobody_in(ask: Asker, held: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in ("", "x", "0" * 31, "0" * 33, "A" * 32, "0" * 32 + "\n"):
        monkeypatch.setattr(xml_directory, "proof_of", lambda held, broken=broken: broken)
        assert_refused(authenticate(ask), "1006")


@pytest.mark.parametrize(
    ("user", "realm"),
    [
        ("4444", "pbx.example.com"),
        ("admin", "pbx.example.com"),
        ("1006", "10.0.0.5"),
        ("1006", "[2001:db8::1]"),
        ("a.b_c-d", "x"),
    ],
)
def test_unknown_users_are_refused_not_left_to_the_switchs_files(ask: Asker, held: Assignment, user: str, realm: str) -> None:
    assert_refused(authenticate(ask, user, realm), user, realm)


@pytest.mark.parametrize(
    "user",
    [
        "",
        "a b",
        "10 06",
        "1006$",
        "${x}",
        "1" * 65,
        "1006\n",
        "\uff11\uff10\uff10\uff16",
        "<user>",
        "x;y",
        "\x00",
        "x-pre-process",
        "X-PRE-PROCESS",
    ],
)
def test_names_that_cannot_be_repeated_are_not_found(ask: Asker, held: Assignment, user: str) -> None:
    assert is_not_found(authenticate(ask, user))


@pytest.mark.parametrize("realm", ["", "a b", "$${domain}", "<x>", "x" * 254, "pbx.example.com\n", "a.x-Pre-Process.b"])
def test_domains_that_cannot_be_repeated_are_not_found(ask: Asker, held: Assignment, realm: str) -> None:
    assert is_not_found(authenticate(ask, domain=realm))


def test_the_domain_is_answered_as_it_was_spelt(ask: Asker, held: Assignment) -> None:
    root = authenticate(ask, domain="PBX.example.com")
    assert root.find(".//domain").get("name") == "PBX.example.com"
    assert values(root, "param")["a1-hash"] == ha1_of(held.extension)


@pytest.mark.parametrize("action", ["event_socket_auth", "jsonrpc-authenticate"])
def test_what_the_portal_grants_nobody(ask: Asker, held: Assignment, action: str) -> None:
    real = ha1_of(held.extension)
    root = read(ask(action=action, user="1006", domain="pbx.example.com"))
    assert assert_refused(root, "1006") != real


@pytest.mark.parametrize("action", ["reverse-auth-lookup", "group_call", "message-count", "voicemail-lookup", "x"])
def test_what_is_not_ours(ask: Asker, held: Assignment, action: str) -> None:
    assert is_not_found(read(ask(action=action, user="1006", domain="pbx.example.com")))


@pytest.mark.parametrize("purpose", ["gateways", "network-list", "publish-vm"])
def test_purposes(ask: Asker, held: Assignment, purpose: str) -> None:
    assert is_not_found(read(ask(purpose=purpose, profile="internal")))
    assert is_not_found(read(ask(purpose=purpose, user="1006", domain="pbx.example.com")))


def test_a_look_up_by_a_command_gives_variables_and_no_proof(ask: Asker, held: Assignment) -> None:
    root = read(ask(user="1006", domain="pbx.example.com", type="var", key="id"))
    assert values(root, "variable")["accountcode"] == "1006"
    assert values(root, "param")["a1-hash"] != ha1_of(held.extension)


@pytest.mark.parametrize("how", WAYS[:4])
def test_whoever_lost_the_extension_is_not_rung(ask: Asker, held: Assignment, how: str) -> None:
    spoilt(held, how)
    assert is_not_found(read(ask(action="user_call", as_channel="true", user="1006", domain="pbx.example.com")))


# -- what strangers choose -------------------------------------------------------------------------------------------------


def test_a_forged_realm_changes_nothing(ask: Asker, held: Assignment, others: None) -> None:
    root = read(
        ask(
            action="sip_auth", user="1006", domain="pbx.example.com",
            key_value="x&section=configuration&user=1005&action=user_call&purpose=gateways",
        )
    )  # fmt: skip
    assert values(root, "param")["a1-hash"] == ha1_of(held.extension)
    assert root.find(".//user").get("id") == "1006"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(name=st.text(max_size=100), user=st.text(max_size=70), domain=st.text(max_size=70))
def test_whatever_people_and_callers_write(ask: Asker, held: Assignment, name: str, user: str, domain: str) -> None:
    storable = name.replace("\x00", "").encode("utf-8", "ignore").decode()
    Extension.objects.update(display_name=storable)
    root = authenticate(ask)
    assert len(list(root.iter("user"))) == 1
    assert "$" not in "".join(values(root, "variable").values())
    assert values(root, "param")["a1-hash"] == ha1_of(held.extension)
    sent = (user.encode("utf-8", "ignore").decode(), domain.encode("utf-8", "ignore").decode())
    body = ask(action="sip_auth", user=sent[0], domain=sent[1]).content
    assert b"$" not in body
    assert b"x-pre-process" not in body.lower()
    if not is_not_found(fromstring(body)):
        assert_refused(fromstring(body), *sent)


def test_a_display_name_made_for_the_preprocessor(ask: Asker, held: Assignment) -> None:
    Extension.objects.update(display_name='"/><X-PRE-PROCESS cmd="exec" data="id"/>$${x} %{system id},')
    variables = values(authenticate(ask), "variable")
    assert variables["effective_caller_id_name"] == "1006"


# -- failures --------------------------------------------------------------------------------------------------------------


def test_a_failing_database_lets_nobody_in_by_the_switchs_files(
    ask: Asker, held: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*arguments: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(xml_directory, "holder_at", away)
    assert_refused(authenticate(ask), "1006")
    assert_refused(authenticate(ask, "1000", "10.0.0.5"), "1000", "10.0.0.5")
    assert ask(action="user_call", user="1006", domain="pbx.example.com").status_code == 503


@pytest.mark.parametrize("action", ["sip_auth", "user_call"])
def test_two_queries_a_question(
    ask: Asker, held: Assignment, action: str, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(2):
        ask(action=action, user="1006", domain="pbx.example.com", **{"FreeSWITCH-Switchname": "fs1"})


def test_answers_may_not_be_kept(ask: Asker, held: Assignment) -> None:
    response = ask(action="sip_auth", user="1006", domain="pbx.example.com")
    assert response["Cache-Control"] == "no-store"
    assert b"cacheable" not in response.content


# -- who may ask -----------------------------------------------------------------------------------------------------------


QUESTION = question_of("local-answered/01-directory-sip_auth.http").body
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic c3dpdGNoOndyb25n", "Bearer c3dpdGNoOndyb25n"])
def test_without_the_switchs_credentials(client: Client, held: Assignment, header: str) -> None:
    response = client.generic("POST", "/freeswitch/xml", QUESTION, content_type=FORM, headers={"authorization": header})
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")


@override_settings(FREESWITCH_ALLOWED_CIDRS=[])
def test_from_another_network(ask: Asker, held: Assignment) -> None:
    response = ask(QUESTION)
    assert (response.status_code, response.json()["code"]) == (403, "network_not_allowed")


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "127.0.0.1, 8.8.8.8", "junk"])
def test_a_forwarded_address_opens_nothing(
    client: Client, switch_headers: dict[str, str], held: Assignment, forwarded: str
) -> None:
    for remote in ("203.0.113.9", "127.0.0.1"):
        headers = switch_headers | {"x-forwarded-for": forwarded}
        response = client.generic("POST", "/freeswitch/xml", QUESTION, content_type=FORM, headers=headers, REMOTE_ADDR=remote)
        assert response.status_code == 403
        assert ha1_of(held.extension) not in response.content.decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_verbs(client: Client, switch_headers: dict[str, str], held: Assignment, method: str) -> None:
    response = client.generic(method, "/freeswitch/xml", QUESTION, headers=switch_headers)
    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize("body", [b"&", b"section=", b"section=phrases", b"\xff" * 100, b"section=directory" + b"&a" * 10_000])
def test_what_is_no_question_of_ours_is_not_found(ask: Asker, held: Assignment, body: bytes) -> None:
    assert is_not_found(read(ask(body)))


def test_a_body_without_end(ask: Asker, held: Assignment) -> None:
    assert ask(b"x" * (MOST_REQUEST_BYTES + 1)).status_code == 413
