"""`assign-number`: every person gets one, nobody gets another's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from portal.environment import NumberRange
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState

pytestmark = pytest.mark.django_db

PATH = "/api/v2/assign-number"
FIELDS = {"role", "phone_number", "auth0_id", "extension", "updated_at", "created_at"}


@pytest.fixture
def pool(domain: Domain) -> list[Number]:
    provider = Provider.objects.create(name="Acme")
    return [Number.objects.create(number=f"1703687944{last}", provider=provider) for last in range(3)]


@pytest.fixture
def anna(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(make_person("anna"))


def states() -> set[tuple[str, str]]:
    rows = [*Number.objects.values_list("number", "state"), *Extension.objects.values_list("number", "state")]
    return {(digits, state) for digits, state in rows if state != HoldingState.FREE}


def test_the_documents_object_again_and_again_the_same(client: Client, pool: list[Number], anna: dict[str, str]) -> None:
    first = client.get(PATH, headers=anna)
    assert (first.status_code, set(first.json())) == (200, FIELDS)
    assert {name: type(value) for name, value in first.json().items()} == dict.fromkeys(FIELDS, str)
    assert (first.json()["phone_number"], first.json()["extension"], first.json()["role"]) == ("17036879440", "1000", "user")
    assert first.json()["auth0_id"] == "auth0|anna"
    for again in (client.get(PATH, headers=anna), client.generic("POST", PATH, headers=anna)):
        assert (again.status_code, again.json()) == (200, first.json())
    assert AuditEntry.objects.filter(action="assignment.opened").count() == 1


def test_post_is_201_when_new_and_takes_an_area_code(client: Client, pool: list[Number], anna: dict[str, str]) -> None:
    Number.objects.create(number="12403019517", provider=pool[0].provider)
    response = client.post(PATH, {"area_code": "240"}, content_type="application/json", headers=anna)
    assert (response.status_code, response.json()["phone_number"]) == (201, "12403019517")


def test_a_repeat_with_its_key_is_still_201(client: Client, pool: list[Number], anna: dict[str, str]) -> None:
    once = anna | {"idempotency-key": "k"}
    first, again = (client.generic("POST", PATH, headers=once) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert client.generic("POST", PATH, headers=anna).status_code == 200
    assert AuditEntry.objects.filter(action="assignment.opened").count() == 1


def test_an_area_code_without_a_free_number(client: Client, pool: list[Number], anna: dict[str, str]) -> None:
    response = client.post(PATH, {"area_code": "999"}, content_type="application/json", headers=anna)
    assert (response.status_code, response.json()["code"]) == (409, "number_pool_empty")
    assert states() == set()
    assert not Extension.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"area_code": "x"},
        {"area_code": "7"},
        {"area_code": 703},
        {"area_code": "٧٠٣"},
        {"area_code": "123456"},
        {"number": "17036879440"},
    ],
)
def test_bad_input_assigns_nothing(client: Client, pool: list[Number], anna: dict[str, str], body: dict[str, Any]) -> None:
    response = client.post(PATH, body, content_type="application/json", headers=anna)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert client.get(f"{PATH}?area_code=703", headers=anna).status_code == 400
    assert states() == set()


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH"])
def test_a_head_never_acts(client: Client, pool: list[Number], anna: dict[str, str], method: str) -> None:
    assert client.generic(method, PATH, headers=anna).status_code == 405
    assert states() == set()


def test_anonymous_and_narrow_keys(client: Client, pool: list[Number], make_person: Callable, key_of: Callable) -> None:
    narrow = key_of(make_person("ben"), scopes=["calls:read"])
    for method in ("get", "post", "delete"):
        assert getattr(client, method)(PATH).status_code == 401
        assert getattr(client, method)(PATH, headers=narrow).status_code == 403
    assert states() == set()


def test_who_is_deactivated_while_he_asks_gets_nothing(
    client: Client, pool: list[Number], anna: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(user: User) -> None:
        User.objects.filter(pk=user.pk).update(is_active=False)

    monkeypatch.setattr("telephony.api.assign_number.assignment_of", too_late)
    response = client.get(PATH, headers=anna)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert states() == set()
    assert not Extension.objects.exists()


def test_who_has_one_waits_for_nobody(
    client: Client, pool: list[Number], anna: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(PATH, headers=anna)
    monkeypatch.setattr("telephony.services.pool.lock_names", None)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(PATH, headers=anna).json() == first.json()
    assert not [query["sql"] for query in captured if not query["sql"].startswith("SELECT")]


def test_an_empty_pool_gives_nothing_half(
    client: Client, domain: Domain, pool: list[Number], anna: dict[str, str], settings: Any
) -> None:
    settings.EXTENSION_RANGE = NumberRange(1000, 1000)
    Extension.objects.create(domain=domain, number="1000", state=HoldingState.DISABLED)
    response = client.get(PATH, headers=anna)
    assert (response.status_code, response.json()["code"]) == (409, "extension_pool_empty")
    assert states() == {("1000", "disabled")}
    Number.objects.update(state=HoldingState.DISABLED)
    assert client.get(PATH, headers=anna).json()["code"] == "number_pool_empty"
    assert not Assignment.objects.exists()


def test_what_was_given_back_rests(
    client: Client, pool: list[Number], anna: dict[str, str], make_person: Callable, key_of: Callable
) -> None:
    given = client.get(PATH, headers=anna).json()
    assert client.delete(PATH, headers=anna).status_code == 204
    assert client.delete(PATH, headers=anna).status_code == 204
    assert AuditEntry.objects.filter(action="assignment.released").count() == 1
    ben = client.get(PATH, headers=key_of(make_person("ben"))).json()
    assert (ben["phone_number"], ben["extension"]) == ("17036879441", "1001")
    # Rested, it is given again, but only after those that nobody had.
    Number.objects.filter(number=given["phone_number"]).update(cooling_until=timezone.now() - timedelta(seconds=1))
    numbers = [client.get(PATH, headers=key_of(make_person(name))).json()["phone_number"] for name in ("cleo", "dora")]
    assert numbers == ["17036879442", given["phone_number"]]


def test_who_took_and_gave_back_and_from_where_is_written_down(
    client: Client, pool: list[Number], anna: dict[str, str]
) -> None:
    answers = [client.generic(method, PATH, headers=anna) for method in ("POST", "GET", "DELETE", "DELETE")]
    opened, released = AuditEntry.objects.order_by("pk")
    held = {"user": "auth0|anna", "extension": "1000@pbx.example.com", "number": "17036879440"}
    assert (opened.action, opened.after, opened.request_id) == ("assignment.opened", held, answers[0]["X-Request-ID"])
    assert (released.action, released.before, released.request_id) == ("assignment.released", held, answers[2]["X-Request-ID"])
    for entry in (opened, released):
        assert (entry.actor.username, entry.actor_label, entry.address) == ("anna", "anna", "127.0.0.1")
        assert (entry.target_type, entry.target_id) == ("telephony.assignment", str(Assignment.objects.get().pk))


def test_an_extension_that_staff_gave_stays(
    client: Client, pool: list[Number], make_person: Callable, key_of: Callable, hold: Callable
) -> None:
    ben = make_person("ben")
    hold(ben, "1044")
    assert client.get(PATH, headers=key_of(ben)).json()["extension"] == "1044"
    assert Assignment.objects.open().filter(user=ben).count() == 1
    assert ("1044", "assigned") in states()
