"""`forwarding`: set by whoever holds the extension, in any notation, and only to where they may call."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Extension
from telephony.services.assignments import release

pytestmark = pytest.mark.django_db

PATH = "/api/v2/forwarding"


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    return hold(make_person("anna"), "1006", "17036879447")


@pytest.fixture
def anna(held: Assignment, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(held.user)


def put(client: Client, key: dict[str, str], body: Any) -> Any:
    return client.put(PATH, body, content_type="application/json", headers=key)


def stored() -> str:
    return str(Extension.objects.get(number="1006").forward_to)


@pytest.mark.parametrize("text", ["2762087784", "(276) 208-7784", "+1 276 208 7784", "12762087784"])
def test_it_is_set_in_any_notation(client: Client, anna: dict[str, str], text: str) -> None:
    assert client.get(PATH, headers=anna).json() == {"number": ""}
    answer = put(client, anna, {"number": text})
    assert (answer.status_code, answer.json()) == (200, {"number": "12762087784"})
    assert client.get(PATH, headers=anna).json() == {"number": "12762087784"}
    assert stored() == "12762087784"
    entry = AuditEntry.objects.get(action="extension.changed")
    assert (entry.before, entry.after) == ({"forward_to": ""}, {"forward_to": "12762087784"})
    assert entry.target_label == "1006@pbx.example.com"


def test_the_same_again_is_no_change_and_it_ends(client: Client, anna: dict[str, str]) -> None:
    for _ in range(2):
        put(client, anna, {"number": "2762087784"})
    assert AuditEntry.objects.filter(action="extension.changed").count() == 1
    for _ in range(2):
        assert client.delete(PATH, headers=anna).status_code == 204
    assert stored() == ""
    assert AuditEntry.objects.filter(action="extension.changed").count() == 2


@pytest.mark.parametrize(
    "body",
    [
        {}, {"number": ""}, {"number": "x"}, {"number": 2762087784}, {"number": None}, [], {"number": "2762087784\n"},
        {"number": "\u0662762087784"}, {"number": "2762087784;ext=1"}, {"number": "2" * 100}, {"number": "2762087784", "user": 1},
        {"number": "1007"}, {"number": "17036879447"}, {"number": "17036879448"},
    ],
    ids=str,
)  # fmt: skip
def test_bad_input(
    client: Client, anna: dict[str, str], make_person: Callable[..., User], hold: Callable[..., Any], body: Any
) -> None:
    hold(make_person("ben"), "1007", "17036879448")
    answer = put(client, anna, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert stored() == ""


@pytest.mark.parametrize("number", ["911", "+18765551234", "9002345678", "+442079460018", "+88213300024"])
def test_it_goes_nowhere_that_may_not_be_dialled(client: Client, anna: dict[str, str], number: str) -> None:
    answer = put(client, anna, {"number": number})
    assert (answer.status_code, answer.json()["code"]) == (403, "destination_not_allowed")
    assert stored() == ""


def test_who_has_no_number_forwards_nothing(
    client: Client, make_person: Callable[..., User], hold: Callable[..., Any], key_of: Callable[..., dict[str, str]]
) -> None:
    ben, eve = make_person("ben"), make_person("eve")
    hold(ben, "1007")
    for person in (ben, eve):
        key = key_of(person)
        for answer in (
            client.get(PATH, headers=key),
            put(client, key, {"number": "2762087784"}),
            client.delete(PATH, headers=key),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "number_required")
    assert not Extension.objects.exclude(forward_to="").exists()


def test_it_ends_with_its_holder(client: Client, anna: dict[str, str], held: Assignment) -> None:
    put(client, anna, {"number": "2762087784"})
    release(held, actor=held.user)
    assert stored() == ""
    assert put(client, anna, {"number": "2762087784"}).status_code == 409
    assert stored() == ""


def test_who_may(client: Client, anna: dict[str, str], held: Assignment, key_of: Callable[..., dict[str, str]]) -> None:
    narrow = key_of(held.user, scopes=["calls:read", "calls:write", "admin"])
    for method in ("GET", "PUT", "DELETE"):
        assert client.generic(method, PATH).status_code == 401
        assert client.generic(method, PATH, headers=narrow).status_code == 403
    client.force_login(held.user)
    assert client.get(PATH).status_code == 401, "no cookie"
    assert client.get(PATH, headers=key_of(held.user, scopes=["numbers:write"])).status_code == 200
    for method in ("POST", "PATCH"):
        assert client.generic(method, PATH, headers=anna).status_code == 405
    assert client.get(f"{PATH}?x=1", headers=anna).status_code == 400
