"""`numbers` and what one may do with them; nothing of it for anybody but staff."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState

pytestmark = pytest.mark.django_db

PATH = "/api/v2/numbers"


@pytest.fixture
def pool(make_person: Callable, hold: Callable) -> dict[str, Number]:
    hold(make_person("anna", email="anna@mediamagic.example"), "1006", "17036879447")
    make_person("ben")
    provider = Provider.objects.get()
    Number.objects.create(number="12762087784", provider=provider, country="US")
    rest = {"state": HoldingState.COOLING, "cooling_until": timezone.now() + timedelta(days=1)}
    other = Provider.objects.create(name="Other Carrier")
    Number.objects.create(number="442079460018", provider=other, country="GB", **rest)
    return {number.number: number for number in Number.objects.all()}


@pytest.fixture
def staff(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(make_person("sam", Role.STAFF))


def send(client: Client, method: str, path: str, headers: dict[str, str], body: Any = None, **extra: str) -> Any:
    data = json.dumps({} if body is None else body)
    return client.generic(method, f"{PATH}{path}", data, content_type="application/json", headers=headers | extra)


def test_the_list_says_who_holds_what(client: Client, staff: dict[str, str], pool: dict[str, Number]) -> None:
    rows = client.get(PATH, headers=staff).json()
    assert [row["number"] for row in rows] == ["12762087784", "17036879447", "442079460018"]
    held = rows[1]
    assert held["holder"] == {"auth0_id": "auth0|anna", "name": "anna"}
    assert (held["extension"], held["domain"], held["state"], held["provider"]) == (
        "1006", "pbx.example.com", "assigned", "Acme Carrier",
    )  # fmt: skip
    assert (rows[0]["holder"], rows[0]["extension"], rows[0]["disabled"], rows[0]["recording"]) == (None, "", False, "domain")
    assert rows[2]["cooling_until"].endswith("Z")


def test_the_list_costs_the_same_for_one_and_for_many(
    client: Client, staff: dict[str, str], make_person: Callable, hold: Callable
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PATH, headers=staff).status_code == 200
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    # The first time it is also written down that the key was used.
    queries()
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("number=687", {"17036879447"}), ("number=276-208", {"12762087784"}), ("number=999", set()), ("state=free", {"12762087784"}),
        ("state=cooling", {"442079460018"}), ("country=us", {"12762087784"}), ("country=none", {"17036879447"}),
        ("provider=other carrier", {"442079460018"}), ("holder=auth0|anna", {"17036879447"}), ("holder=mediamagic", {"17036879447"}),
        ("holder=nobody", set()), ("state=assigned&number=703", {"17036879447"}),
    ],
)  # fmt: skip
def test_it_is_narrowed_down(
    client: Client, staff: dict[str, str], pool: dict[str, Number], query: str, found: set[str]
) -> None:
    assert {row["number"] for row in client.get(f"{PATH}?{query}", headers=staff).json()} == found


@pytest.mark.parametrize(
    "query",
    [
        "number=12",
        "number=x",
        "state=gone",
        "country=USA",
        "unknown=1",
        "limit=0",
        "cursor=x",
        "q=703",
        "state=free&state=free",
    ],
)
def test_bad_filters_are_refused(client: Client, staff: dict[str, str], pool: dict[str, Number], query: str) -> None:
    assert client.get(f"{PATH}?{query}", headers=staff).status_code == 400


def test_pages_lead_on(client: Client, staff: dict[str, str], pool: dict[str, Number]) -> None:
    first = client.get(f"{PATH}?limit=2", headers=staff)
    following = first["Link"].split(">")[0].removeprefix("<http://testserver")
    assert [row["number"] for row in client.get(following, headers=staff).json()] == ["442079460018"]


# -- adding and changing ---------------------------------------------------------------------------------------------------


def test_a_number_is_added_once(client: Client, staff: dict[str, str]) -> None:
    body = {"number": "(240) 301-9517", "provider": "Acme"}
    answer = send(client, "POST", "", staff, body, **{"Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert (answer.json()["number"], answer.json()["country"], answer.json()["state"]) == ("12403019517", "US", "free")
    repeated = send(client, "POST", "", staff, body, **{"Idempotency-Key": "k"})
    assert (repeated.status_code, repeated["Idempotent-Replayed"], repeated.json()) == (201, "true", answer.json())
    again = send(client, "POST", "", staff, body)
    assert (again.status_code, again.json()["code"]) == (409, "number_exists")
    assert Number.objects.count() == 1
    assert AuditEntry.objects.get(action="number.added").after == {"provider": "Acme", "country": "US"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "Acme"}, "number"), ({"number": "12", "provider": "Acme"}, "number"), ({"number": "2403019517"}, "provider"),
        ({"number": 2403019517, "provider": "Acme"}, "number"), ({"number": "2403019517", "provider": "a\u0007"}, "provider"),
        ({"number": "2403019517", "provider": "x" * 101}, "provider"), ({"number": "2403019517\n", "provider": "Acme"}, "number"),
        ({"number": "+442079460018", "provider": "Acme", "country": "DE"}, "number"),
        ({"number": "2403019517", "provider": "Acme", "country": "U1"}, "country"),
        ({"number": "2403019517", "provider": "Acme", "state": "assigned"}, "state"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_not_added(client: Client, staff: dict[str, str], body: dict[str, Any], field: str) -> None:
    answer = send(client, "POST", "", staff, body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Number.objects.exists()
    assert not Provider.objects.exists()


def test_what_is_said_of_it_is_changed(client: Client, staff: dict[str, str], pool: dict[str, Number]) -> None:
    path = f"/{pool['12762087784'].pk}"
    body = {"provider": "New", "country": "", "recording": "all", "recording_notice": True, "disabled": True}
    answer = send(client, "PATCH", path, staff, body)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in body} == body
    assert answer.json()["state"] == "disabled"
    assert send(client, "PATCH", path, staff, body).json() == answer.json()
    assert AuditEntry.objects.filter(action="number.changed").count() == 1
    assert send(client, "PATCH", path, staff, {"disabled": False}).json()["state"] == "free"
    assert send(client, "PATCH", path, staff, {}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"country": "USA"}, {"recording": "always"}, {"recording_notice": "yes"}, {"disabled": 1}, {"number": "2403019517"},
        {"state": "free"}, {"provider": ""}, {"provider": None}, {"holder": "auth0|ben"}, [1],
    ],
)  # fmt: skip
def test_what_is_wrong_changes_nothing(client: Client, staff: dict[str, str], pool: dict[str, Number], body: Any) -> None:
    before = list(Number.objects.values())
    assert send(client, "PATCH", f"/{pool['12762087784'].pk}", staff, body).status_code == 400
    assert list(Number.objects.values()) == before


@pytest.mark.parametrize(
    ("digits", "body", "code"),
    [
        ("17036879447", {"provider": "New", "disabled": True}, "number_not_free"),
        ("442079460018", {"disabled": True}, "number_not_free"), ("12762087784", {"country": "GB"}, "number_of_another_country"),
        ("12762087784", {"country": "GB", "disabled": True}, "number_of_another_country"),
    ],
)  # fmt: skip
def test_all_of_it_is_changed_or_nothing(
    client: Client, staff: dict[str, str], pool: dict[str, Number], digits: str, body: dict[str, Any], code: str
) -> None:
    before = list(Number.objects.values())
    answer = send(client, "PATCH", f"/{pool[digits].pk}", staff, body)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert list(Number.objects.values()) == before
    assert not AuditEntry.objects.filter(action__startswith="number.").exists()


# -- giving and taking back ------------------------------------------------------------------------------------------------


def test_it_is_given_and_taken_back(client: Client, staff: dict[str, str], pool: dict[str, Number]) -> None:
    path = f"/{pool['12762087784'].pk}"
    given = send(client, "POST", f"{path}/assign", staff, {"auth0_id": "auth0|ben"})
    assert given.status_code == 200
    assert (given.json()["holder"], given.json()["extension"]) == ({"auth0_id": "auth0|ben", "name": "ben"}, "1000")
    back = send(client, "POST", f"{path}/release", staff)
    assert (back.status_code, back.json()["state"], back.json()["holder"]) == (200, "cooling", None)
    assert send(client, "POST", f"{path}/release", staff).json() == back.json()
    (held,) = client.get(f"{PATH}{path}/assignments", headers=staff).json()
    assert held["holder"] == {"auth0_id": "auth0|ben", "name": "ben"}
    assert held["ends_at"] is not None
    assert client.get(f"{PATH}/{pool['442079460018'].pk}/assignments", headers=staff).json() == []


def test_it_is_given_with_the_extension_that_is_named(
    client: Client, staff: dict[str, str], pool: dict[str, Number], domain: Domain
) -> None:
    Extension.objects.create(domain=domain, number="1099")
    body = {"auth0_id": "auth0|ben", "extension": "1099"}
    path = f"/{pool['12762087784'].pk}/assign"
    answers = [send(client, "POST", path, staff, body, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["extension"] == "1099"
    assert Assignment.objects.filter(user__username="ben").count() == 1


@pytest.mark.parametrize(
    ("digits", "body", "status", "code"),
    [
        ("12762087784", {"auth0_id": "auth0|anna"}, 409, "person_has_number"),
        ("17036879447", {"auth0_id": "auth0|ben"}, 409, "number_not_free"),
        ("442079460018", {"auth0_id": "auth0|ben"}, 409, "number_not_free"),
        ("12762087784", {"auth0_id": "auth0|gone"}, 409, "person_deactivated"),
        ("12762087784", {"auth0_id": "auth0|closed"}, 409, "extension_closed"),
        ("12762087784", {"auth0_id": "auth0|ben", "extension": "1006"}, 409, "extension_not_free"),
        ("12762087784", {"auth0_id": "auth0|ben", "extension": "1234"}, 400, "invalid_input"),
        ("12762087784", {"auth0_id": "auth0|ben", "extension": "${x}"}, 400, "invalid_input"),
        ("12762087784", {"auth0_id": "auth0|nobody"}, 400, "invalid_input"), ("12762087784", {}, 400, "invalid_input"),
        ("12762087784", {"auth0_id": "auth0|ben", "number": 1}, 400, "invalid_input"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_has_its_code(
    client: Client, staff: dict[str, str], pool: dict[str, Number], make_person: Callable, hold: Callable,
    digits: str, body: dict[str, Any], status: int, code: str,
) -> None:  # fmt: skip
    make_person("gone", is_active=False)
    closed = hold(make_person("closed"), "1010")
    Extension.objects.filter(pk=closed.extension_id).update(state=HoldingState.DISABLED)
    before = list(Assignment.objects.values()), Extension.objects.count()
    answer = send(client, "POST", f"/{pool[digits].pk}/assign", staff, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (list(Assignment.objects.values()), Extension.objects.count()) == before


def test_without_an_extension_left_nothing_is_half_given(
    client: Client, staff: dict[str, str], pool: dict[str, Number], settings: Any
) -> None:
    settings.EXTENSION_RANGE = type(settings.EXTENSION_RANGE)(1006, 1006)
    answer = send(client, "POST", f"/{pool['12762087784'].pk}/assign", staff, {"auth0_id": "auth0|ben"})
    assert (answer.status_code, answer.json()["code"]) == (409, "extension_pool_empty")
    assert Number.objects.get(number="12762087784").state == "free"


@pytest.mark.parametrize(
    ("method", "what"), [("GET", ""), ("PATCH", ""), ("POST", "/assign"), ("POST", "/release"), ("GET", "/assignments")]
)
def test_one_that_does_not_exist_is_a_404(client: Client, staff: dict[str, str], method: str, what: str) -> None:
    body = {"auth0_id": "auth0|sam"} if what == "/assign" else {}
    assert send(client, method, f"/999999{what}", staff, body).status_code == 404


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/1"),
        ("PATCH", "/1"),
        ("POST", "/1/assign"),
        ("POST", "/1/release"),
        ("GET", "/1/assignments"),
    ],
)
def test_it_is_for_staff_alone(
    client: Client, pool: dict[str, Number], key_of: Callable, staff: dict[str, str], method: str, what: str
) -> None:
    anna = key_of(User.objects.get(username="anna"))
    narrowed = key_of(User.objects.get(username="sam"), scopes=["numbers:write"])
    before = list(Number.objects.values()), list(Assignment.objects.values())
    assert send(client, method, what, anna).status_code == 403
    assert send(client, method, what, narrowed).status_code == 403
    assert send(client, method, what, {}).status_code == 401
    assert send(client, "DELETE", what, staff).status_code == 405
    assert (list(Number.objects.values()), list(Assignment.objects.values())) == before
