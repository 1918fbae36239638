"""`call-link` of mode `dial_in`: it waits for its owner's call, and asks nothing of the switch until then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Call, CallLink
from telephony.services.call_links.plans import plan_of_dial_in
from telephony.services.cell_phones import register_cell_phone
from telephony.services.routing import Dialled
from telephony.switch.dialplan import Plan, Refuse
from telephony.tests.api.test_call_link import FIELDS

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-link"
CELL, OWN = "12762087784", "17036879447"


@pytest.fixture
def person(make_person: Callable[..., User], hold: Callable[..., Assignment], settings: Any) -> User:
    # There is no switch: none is needed to wait.
    settings.FREESWITCH_ESL = None
    person = make_person("anna")
    hold(person, "1006", OWN)
    register_cell_phone(person, CELL)
    return person


@pytest.fixture
def anna(person: User, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(person)


def post(client: Client, key: dict[str, str], **body: Any) -> Any:
    wanted = {"mode": "dial_in", "destination_number": "2403019517"} | body
    return client.post(PATH, wanted, content_type="application/json", headers=key)


def dial(caller: str = CELL, leg: str = "11111111-2222-4333-8444-555555555551") -> Plan | None:
    """Dial the number from outside, as the switch asks about it."""
    return plan_of_dial_in(Dialled(context="public", destination=OWN, leg_uuid=leg), caller, "fs1")


@pytest.mark.parametrize("source", [{}, {"source_number": "(276) 208-7784"}, {"source_number": ""}])
def test_a_link_waits(client: Client, anna: dict[str, str], source: dict[str, str]) -> None:
    if source == {"source_number": ""}:
        assert post(client, anna, **source).status_code == 400
        return
    answer = post(client, anna, **source)
    link = answer.json()
    assert (answer.status_code, answer["Cache-Control"], set(link)) == (202, "no-store", FIELDS)
    assert (link["mode"], link["status"], link["call_uuid"]) == ("dial_in", "queued", None)
    assert (link["source_number"], link["destination_number"]) == (CELL, "12403019517")
    waits = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert abs(waits - timedelta(minutes=5)) < timedelta(seconds=5)
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["call_uuid"] is None
    assert AuditEntry.objects.get(action="call_link.placed").after["mode"] == "dial_in"


def test_by_get_and_for_as_long_as_one_likes(client: Client, anna: dict[str, str]) -> None:
    link = client.get(f"{PATH}?mode=dial_in&destination_number=2403019517&timeout=60", headers=anna).json()
    waits = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert abs(waits - timedelta(minutes=60)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "body",
    [
        {"timeout": 0}, {"timeout": 61}, {"timeout": -5}, {"timeout": 1.5}, {"timeout": "5m"}, {"timeout": True},
        {"timeout": None}, {"timeout": 10**30}, {"timeout": "\u0665"}, {"timeout": [5]}, {"source_number": "2762087785"},
        {"source_number": "1006"}, {"source_number": OWN}, {"destination_number": CELL}, {"destination_number": "x"},
        {"destination_number": None}, {"mode": "callback", "timeout": 5, "source_number": "1006"}, {"mode": "callback"},
        {"mode": "dial-in"}, {"cell_phone": CELL},
    ],
    ids=str,
)  # fmt: skip
def test_bad_input(client: Client, anna: dict[str, str], body: dict[str, Any]) -> None:
    answer = post(client, anna, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert set(answer.json()["errors"]) <= {*body, "source_number"}
    assert not CallLink.objects.exists()


@pytest.mark.parametrize("query", ["timeout=5", "timeout=x&mode=dial_in", "mode=dial_in&timeout=5&timeout=500"])
def test_bad_queries(client: Client, anna: dict[str, str], query: str) -> None:
    numbers = "source_number=2762087784&destination_number=2403019517"
    assert client.get(f"{PATH}?{numbers}&{query}", headers=anna).status_code == 400
    assert not CallLink.objects.exists()


def test_who_may(
    client: Client, make_person: Callable[..., User], hold: Callable[..., Assignment], key_of: Callable[..., dict[str, str]]
) -> None:
    ben, eve = make_person("ben"), make_person("eve")
    assert client.post(PATH, {"mode": "dial_in"}).status_code == 401
    assert post(client, key_of(ben, scopes=["calls:read", "numbers:write"])).status_code == 403
    register_cell_phone(ben, CELL)
    assert post(client, key_of(ben)).json()["code"] == "number_required"
    hold(eve, "1007", "17036879449")
    answer = post(client, key_of(eve))
    assert (answer.status_code, answer.json()["code"]) == (409, "cell_phone_required")
    hold(ben, "1005", "17036879448")
    link = post(client, key_of(ben, scopes=["calls:write"])).json()
    for method in ("GET", "DELETE"):
        assert client.generic(method, f"{PATH}/{link['id']}", headers=key_of(eve)).status_code == 404
    assert CallLink.objects.get().is_open


@pytest.mark.parametrize("number", ["911", "+18765551234", "9002345678", "+442079460018"])
def test_what_may_not_be_called(client: Client, anna: dict[str, str], number: str) -> None:
    answer = post(client, anna, destination_number=number)
    assert (answer.status_code, answer.json()["code"]) == (403, "destination_not_allowed")
    assert not CallLink.objects.exists()


def test_one_waits_at_a_time(client: Client, anna: dict[str, str]) -> None:
    first = post(client, anna).json()["id"]
    assert post(client, anna).json()["id"] == first, "a repeat is the same link"
    second = post(client, anna, destination_number="2403019518").json()["id"]
    assert client.get(f"{PATH}/{first}", headers=anna).json()["status"] == "cancelled"
    assert client.get(f"{PATH}/{second}", headers=anna).json()["status"] == "queued"
    assert post(client, anna).json()["id"] not in (first, second), "one that was given up does not come back"
    again = anna | {"idempotency-key": "k"}
    link = post(client, again).json()
    assert post(client, again).json() == link


def test_it_is_not_counted_among_those_under_way(client: Client, anna: dict[str, str], person: User, settings: Any) -> None:
    settings.CALL_LINKS_AT_ONCE = 1
    assert post(client, anna).status_code == 202
    link = CallLink.objects.get()
    assert not CallLink.objects.under_way(timezone.now()).exists()
    # But once it is dialled it is; and what is under way then counts against it.
    other = CallLink.objects.create(
        user=person, extension=link.extension, number=link.number, source_number="1006", destination_number="12403019518",
        call_uuid=link.job_uuid, destination_leg_uuid=link.call_uuid, job_uuid=link.destination_leg_uuid, status="bridged",
        expires_at=timezone.now() + timedelta(minutes=60),
    )  # fmt: skip
    plan = dial()
    assert plan is not None
    assert plan.action == Refuse(cause="CALL_REJECTED")
    other.end("completed", "")
    assert [found.pk for found in CallLink.objects.under_way(timezone.now())] == [link.pk]
    settings.CALL_LINKS_AN_HOUR = 2
    assert post(client, anna).json()["code"] == "call_limit_reached"


def test_delete_before_it_is_dialled(client: Client, anna: dict[str, str]) -> None:
    link = post(client, anna).json()
    path = f"{PATH}/{link['id']}"
    assert client.delete(path, headers=anna).status_code == 204, "no switch is needed for that"
    assert client.get(path, headers=anna).json()["status"] == "cancelled"
    assert dial() is None
    assert client.delete(path, headers=anna).status_code == 204


def test_it_expires_also_when_only_read(client: Client, anna: dict[str, str]) -> None:
    link = post(client, anna, timeout=1).json()
    long_ago = timezone.now() - timedelta(minutes=2)
    CallLink.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(minutes=1))
    assert dial() is None, "nobody gets in any more, though nothing has noted its end"
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["status"] == "expired"
    assert post(client, anna).status_code == 202


def test_once_it_is_dialled(client: Client, anna: dict[str, str]) -> None:
    link = post(client, anna).json()
    plan = dial("+12762087784")
    assert plan is not None
    assert not isinstance(plan.action, Refuse)
    detail = client.get(f"{PATH}/{link['id']}", headers=anna).json()
    assert (detail["status"], detail["call_uuid"]) == ("source_answered", "11111111-2222-4333-8444-555555555551")
    assert detail["source_answered_at"] is not None
    assert dial(leg="11111111-2222-4333-8444-555555555552") is None, "once"
    # The next one can be prepared while this one rings.
    assert post(client, anna).json()["id"] != link["id"]


@pytest.mark.parametrize(
    ("how", "cause"),
    [("country", "OUTGOING_CALL_BARRED"), ("minutes", "OUTGOING_CALL_BARRED"), ("links", "OUTGOING_CALL_BARRED")],
)
def test_what_is_no_longer_allowed_when_it_is_dialled(
    client: Client, anna: dict[str, str], person: User, settings: Any, how: str, cause: str
) -> None:
    post(client, anna)
    now = timezone.now()
    talked = {"direction": "outbound", "started_at": now, "answered_at": now, "answered": True, "bill_seconds": 240 * 60}
    if how == "country":
        settings.DIALING_COUNTRIES = frozenset({"DE"})
    elif how == "minutes":
        Call.objects.create(call_uuid="x", caller_user=person, **talked)
    else:
        Call.objects.create(call_uuid="x", call_link=CallLink.objects.get(), **talked)
    plan = dial()
    assert plan is not None
    assert (plan.action, plan.link is not None) == (Refuse(cause=cause), True)


@pytest.mark.parametrize("what", ["forgotten", "changed", "number given back", "odd leg", "deactivated"])
def test_what_has_changed_meanwhile(client: Client, anna: dict[str, str], person: User, what: str) -> None:
    post(client, anna)
    leg = "x" if what == "odd leg" else "11111111-2222-4333-8444-555555555551"
    if what == "forgotten":
        client.delete("/api/v2/cell-phone", headers=anna)
    elif what == "changed":
        register_cell_phone(person, "2762087785")
    elif what == "number given back":
        client.delete("/api/v2/assign-number", headers=anna)
    elif what == "deactivated":
        User.objects.update(is_active=False)
    assert dial(leg=leg) is None
    assert CallLink.objects.get().status == "queued"


def test_the_page_says_that_it_waits(client: Client, anna: dict[str, str], person: User) -> None:
    post(client, anna)
    client.force_login(person)
    page = client.get("/call-links/live").content.decode()
    assert "Waiting to be dialled" in page
    assert "+1 276-208-7784" in page
