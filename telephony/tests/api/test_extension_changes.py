"""`extensions`: making, changing, giving away and taking back, and who held one."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Domain, Extension, Number, Provider, Registration, Switch

pytestmark = pytest.mark.django_db

PATH = "/api/v2/extensions"


@pytest.fixture
def staff(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(make_person("sam", Role.STAFF))


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    return hold(make_person("anna"), "1006", "17036879447")


def send(client: Client, method: str, path: str, body: Any, headers: dict[str, str], **extra: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.generic(method, f"{PATH}{path}", text, content_type="application/json", headers=headers | extra)


# -- making -------------------------------------------------------------------------------------------------------------------


def test_one_is_made(client: Client, staff: dict[str, str], domain: Domain) -> None:
    answer = send(client, "POST", "", {"number": "2345", "display_name": "Front desk"}, staff, **{"Idempotency-Key": "k"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["number"], made["domain"], made["display_name"]) == ("2345", "pbx.example.com", "Front desk")
    assert (made["state"], made["holder"], made["revocation"]) == ("free", None, None)
    again = send(client, "POST", "", {"number": "2345", "display_name": "Front desk"}, staff, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert Extension.objects.count() == 1
    taken = send(client, "POST", "", {"number": "2345"}, staff)
    assert (taken.status_code, taken.json()["code"]) == (409, "extension_exists")


def test_without_a_number_it_is_the_next(client: Client, staff: dict[str, str], domain: Domain, settings: Any) -> None:
    settings.EXTENSION_RANGE = (1000, 1000)
    assert send(client, "POST", "", {}, staff).json()["number"] == "1000"
    empty = send(client, "POST", "", {}, staff)
    assert (empty.status_code, empty.json()["code"]) == (409, "extension_pool_empty")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"number": "999"}, "number"), ({"number": 2345}, "number"), ({"number": "0234"}, "number"), ({"number": ""}, "number"),
        ({"domain": "other"}, "domain"), ({"display_name": "a\u0007b"}, "display_name"), ({"display_name": "x" * 101}, "display_name"),
        ({"state": "assigned"}, "state"), ({"encrypted_ha1": "x"}, "encrypted_ha1"), ("[1]", "non_field_errors"),
    ],
)  # fmt: skip
def test_bad_bodies_make_none(client: Client, staff: dict[str, str], domain: Domain, body: Any, field: str) -> None:
    answer = send(client, "POST", "", body, staff)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Extension.objects.exists()


# -- changing -----------------------------------------------------------------------------------------------------------------


def test_what_is_named_changes(client: Client, staff: dict[str, str], held: Assignment, settings: Any) -> None:
    settings.CALLS_AT_ONCE, settings.CALLS_AN_HOUR = 2, 30
    path = f"/{held.extension_id}"
    body = {
        "display_name": "Anna", "forward_to": "(240) 301-9517", "recording": "off", "recording_notice": True,
        "limits": {"at_once": 5, "minutes_a_day": 600},
    }  # fmt: skip
    told = send(client, "PATCH", path, body, staff).json()
    assert (told["display_name"], told["forward_to"], told["recording"], told["recording_notice"]) == (
        "Anna",
        "12403019517",
        "off",
        True,
    )
    assert told["limits"] == {"at_once": 5, "an_hour": None, "minutes_a_day": 600, "longest_minutes": None}
    assert told["limits_in_force"] == {"at_once": 5, "an_hour": 30, "minutes_a_day": 600, "longest_minutes": 60}
    told = send(client, "PATCH", path, {"limits": {"at_once": None}}, staff).json()
    assert (told["limits"]["at_once"], told["limits"]["minutes_a_day"], told["display_name"]) == (None, 600, "Anna")
    assert send(client, "PATCH", path, {"forward_to": ""}, staff).json()["forward_to"] == ""
    entries = AuditEntry.objects.filter(action="extension.changed").order_by("id")
    assert [entry.after for entry in entries][1:] == [{"calls_at_once": None}, {"forward_to": ""}]
    # Whoever looks for what is recorded finds it under one name, whatever it was changed with.
    policy = AuditEntry.objects.get(action="recording_policy.changed")
    assert (policy.target_id, policy.after) == (str(held.extension_id), {"recording": "off", "recording_notice": True})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"forward_to": "1005"}, "forward_to"), ({"forward_to": "17036879447"}, "forward_to"), ({"forward_to": 5}, "forward_to"),
        ({"recording": "some"}, "recording"), ({"recording_notice": "yes"}, "recording_notice"), ({"limits": {"at_once": 0}}, "limits"),
        ({"limits": {"at_once": "5"}}, "limits"), ({"limits": {"at_once": 1001}}, "limits"), ({"limits": {"an_hour": True}}, "limits"),
        ({"limits": {"a_week": 5}}, "limits"), ({"limits": None}, "limits"), ({"limits": [5]}, "limits"), ({"number": "2345"}, "number"),
        ({"state": "free"}, "state"), ({"display_name": "\u202e\n"}, "display_name"),
    ],
)  # fmt: skip
def test_bad_changes_change_nothing(client: Client, staff: dict[str, str], held: Assignment, body: Any, field: str) -> None:
    body = body | ({} if "display_name" in body else {"display_name": "Anna"})
    answer = send(client, "PATCH", f"/{held.extension_id}", body, staff)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    held.extension.refresh_from_db()
    assert held.extension.display_name == ""


@pytest.mark.parametrize("number", ["911", "+1 876 555 0123", "+44 20 7946 0018", "+1 900 234 5678"])
def test_it_is_not_forwarded_to_what_may_not_be_called(
    client: Client, staff: dict[str, str], held: Assignment, number: str
) -> None:
    answer = send(client, "PATCH", f"/{held.extension_id}", {"forward_to": number}, staff)
    assert (answer.status_code, answer.json()["code"]) == (403, "destination_not_allowed")
    held.extension.refresh_from_db()
    assert held.extension.forward_to == ""


def test_nobody_but_staff_raises_a_limit(client: Client, held: Assignment, key_of: Callable) -> None:
    assert send(client, "PATCH", f"/{held.extension_id}", {"limits": {"at_once": 9}}, key_of(held.user)).status_code == 403
    held.extension.refresh_from_db()
    assert held.extension.calls_at_once is None


# -- holding ------------------------------------------------------------------------------------------------------------------


def test_it_is_given_away_and_taken_back(
    client: Client, staff: dict[str, str], domain: Domain, make_person: Callable[..., User]
) -> None:
    make_person("anna")
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme Carrier"))
    path = f"/{Extension.objects.create(domain=domain, number='2345').pk}"
    told = send(client, "POST", f"{path}/assign", {"auth0_id": "auth0|anna", "number": "next"}, staff)
    assert (told.status_code, told.json()["holder"]["auth0_id"], told.json()["phone_number"]) == (
        200,
        "auth0|anna",
        "17036879447",
    )
    again = send(client, "POST", f"{path}/assign", {"auth0_id": "auth0|anna"}, staff)
    assert (again.status_code, again.json()["code"]) == (409, "extension_not_free")
    assert "somebody holds it" in again.json()["detail"]
    told = send(client, "POST", f"{path}/release", {}, staff)
    assert (told.status_code, told.json()["state"], told.json()["holder"]) == (200, "cooling", None)
    assert told.json()["revocation"]["reason"] == "released"
    assert send(client, "POST", f"{path}/release", {}, staff).status_code == 200
    (listed,) = client.get(f"{PATH}{path}/assignments", headers=staff).json()
    assert (listed["holder"], listed["phone_number"]) == ({"auth0_id": "auth0|anna", "name": "anna"}, "17036879447")
    assert listed["ends_at"] >= listed["starts_at"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"auth0_id": "auth0|nobody"}, 400, "invalid_input"), ({}, 400, "invalid_input"), ({"auth0_id": 5}, 400, "invalid_input"),
        ({"auth0_id": "auth0|ben", "number": "2403019517"}, 400, "invalid_input"), ({"auth0_id": "auth0|ben", "number": "x"}, 400, "invalid_input"),
        ({"auth0_id": "auth0|ben", "extension": 5}, 400, "invalid_input"), ({"auth0_id": "auth0|ben", "number": "next"}, 409, "number_pool_empty"),
        ({"auth0_id": "auth0|ben", "number": "17036879447"}, 409, "number_not_free"), ({"auth0_id": "auth0|dora"}, 409, "person_deactivated"),
        ({"auth0_id": "auth0|anna", "number": "17036879447"}, 409, "number_not_free"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_not(
    client: Client, staff: dict[str, str], held: Assignment, make_person: Callable, body: Any, status: int, code: str
) -> None:
    make_person("ben")
    make_person("dora", is_active=False)
    extension = Extension.objects.create(domain=held.extension.domain, number="2345")
    answer = send(client, "POST", f"/{extension.pk}/assign", body, staff)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    extension.refresh_from_db()
    assert (extension.state, Assignment.objects.count()) == ("free", 1)


def test_who_held_it_is_told_in_pages_newest_first(
    client: Client, staff: dict[str, str], make_person: Callable, hold: Callable
) -> None:
    now = timezone.now()
    for place in range(3):
        at = now - timedelta(days=9 - place * 2)
        last = hold(make_person(f"p{place}"), "1006", starts_at=at, ends_at=at + timedelta(days=1))
    first = client.get(f"{PATH}/{last.extension_id}/assignments?limit=2", headers=staff)
    assert [row["holder"]["name"] for row in first.json()] == ["p2", "p1"]
    following = first["Link"].split(">")[0].removeprefix("<http://testserver")
    assert [row["holder"]["name"] for row in client.get(following, headers=staff).json()] == ["p0"]
    assert client.get(f"{PATH}/{last.extension_id}/assignments?holder=x", headers=staff).status_code == 400


@pytest.mark.parametrize(
    ("method", "what"), [("PATCH", ""), ("POST", "/assign"), ("POST", "/release"), ("GET", "/assignments")]
)
def test_one_that_does_not_exist_is_a_404(
    client: Client, staff: dict[str, str], make_person: Callable, method: str, what: str
) -> None:
    make_person("anna")
    body = {"auth0_id": "auth0|anna"} if what == "/assign" else {}
    answer = (
        client.get(f"{PATH}/999{what}", headers=staff) if method == "GET" else send(client, method, f"/999{what}", body, staff)
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(("query", "found"), [("registered=true", {"1006"}), ("registered=false", {"1005"})])
def test_it_is_narrowed_down_by_what_is_registered(
    client: Client, staff: dict[str, str], held: Assignment, hold: Callable, make_person: Callable, query: str, found: set[str]
) -> None:
    other = hold(make_person("ben"), "1005")
    switch, now = Switch.objects.create(name="fs1"), timezone.now()
    for extension, expires in ((held.extension, now + timedelta(hours=1)), (other.extension, now - timedelta(hours=1))):
        Registration.objects.create(
            switch=switch, extension=extension, user=extension.number, domain="pbx.example.com", since=now, expires_at=expires
        )
    assert {row["number"] for row in client.get(f"{PATH}?{query}", headers=staff).json()} == found
    assert client.get(f"{PATH}?registered=maybe", headers=staff).status_code == 400
