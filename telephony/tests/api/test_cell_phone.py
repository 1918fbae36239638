"""`cell-phone`: registered by its owner alone, in any notation, and never one that could not be theirs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from telephony.models import CellPhone

pytestmark = pytest.mark.django_db

PATH = "/api/v2/cell-phone"


@pytest.fixture
def anna(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(make_person("anna"))


def put(client: Client, key: dict[str, str], body: Any) -> Any:
    return client.put(PATH, body, content_type="application/json", headers=key)


@pytest.mark.parametrize("text", ["2762087784", "(276) 208-7784", "+1 276 208 7784", "12762087784"])
def test_it_is_registered_in_any_notation(client: Client, anna: dict[str, str], text: str) -> None:
    assert client.get(PATH, headers=anna).json() == {"number": ""}
    answer = put(client, anna, {"number": text})
    assert (answer.status_code, answer.json()) == (200, {"number": "12762087784"})
    assert client.get(PATH, headers=anna).json() == {"number": "12762087784"}
    entry = AuditEntry.objects.get(action="cell_phone.registered")
    assert (entry.before, entry.after) == ({"number": ""}, {"number": "12762087784"})


def test_another_takes_its_place_and_it_is_forgotten(client: Client, anna: dict[str, str]) -> None:
    put(client, anna, {"number": "2762087784"})
    put(client, anna, {"number": "2762087784"})
    assert AuditEntry.objects.filter(action="cell_phone.registered").count() == 1, "the same again is no change"
    assert put(client, anna, {"number": "2762087785"}).json() == {"number": "12762087785"}
    assert CellPhone.objects.count() == 1
    for _ in range(2):
        assert client.delete(PATH, headers=anna).status_code == 204
    assert client.get(PATH, headers=anna).json() == {"number": ""}
    assert AuditEntry.objects.filter(action="cell_phone.forgotten").count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, {"number": ""}, {"number": "x"}, {"number": 2762087784}, {"number": None}, {"number": ["2762087784"]}, [],
        {"number": "2762087784\n"}, {"number": "\u0662762087784"}, {"number": "2762087784;ext=1"}, {"number": "2" * 100},
        {"number": "2762087784", "user": 1}, {"number": "17036879447"},
    ],
    ids=str,
)  # fmt: skip
def test_bad_input(
    client: Client, anna: dict[str, str], make_person: Callable[..., User], hold: Callable[..., Any], body: Any
) -> None:
    hold(make_person("ben"), "1005", "17036879447")
    answer = put(client, anna, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not CellPhone.objects.exists()


@pytest.mark.parametrize("number", ["911", "+18765551234", "9002345678", "+442079460018"])
def test_what_could_not_be_called_back(client: Client, anna: dict[str, str], number: str) -> None:
    answer = put(client, anna, {"number": number})
    assert (answer.status_code, answer.json()["code"]) == (403, "destination_not_allowed")
    assert not CellPhone.objects.exists()


def test_who_may(client: Client, make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> None:
    ben, eve = make_person("ben"), make_person("eve")
    narrow = key_of(ben, scopes=["calls:read", "calls:write", "admin"])
    for method in ("GET", "PUT", "DELETE"):
        assert client.generic(method, PATH).status_code == 401
        assert client.generic(method, PATH, headers=narrow).status_code == 403
    client.force_login(ben)
    assert client.get(PATH).status_code == 401, "no cookie"
    put(client, key_of(ben, scopes=["numbers:write"]), {"number": "2762087784"})
    assert client.get(PATH, headers=key_of(eve)).json() == {"number": ""}, "another's is not shown"
    client.delete(PATH, headers=key_of(eve))
    assert CellPhone.objects.get().user == ben
    for method in ("POST", "PATCH"):
        assert client.generic(method, PATH, headers=key_of(ben)).status_code == 405
    assert client.get(f"{PATH}?x=1", headers=key_of(ben)).status_code == 400
