"""`users`: staff see everybody and let people in and out; only admins touch staff, nobody himself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Revocation

pytestmark = pytest.mark.django_db

PATH = "/api/v2/users"
JSON = "application/json"


@pytest.fixture
def people(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> dict[str, User]:
    found = {
        "anna": make_person("anna", email="anna@example.com"), "ben": make_person("ben"), "sam": make_person("sam", Role.STAFF),
        "ada": make_person("ada", Role.ADMIN), "root": make_person("root", Role.USER, is_superuser=True),
    }  # fmt: skip
    hold(found["anna"], "1006", "17036879447")
    hold(found["ben"], "1005")
    return found


@pytest.fixture
def key(people: dict[str, User], key_of: Callable[..., dict[str, str]]) -> dict[str, dict[str, str]]:
    return {name: key_of(person) for name, person in people.items()}


def patch(client: Client, person: User, headers: dict[str, str], body: Any) -> Any:
    return client.patch(f"{PATH}/{person.pk}", body, content_type=JSON, headers=headers)


def test_the_list_says_who_there_is_and_holds_what(client: Client, people: Any, key: Any) -> None:
    answer = client.get(PATH, headers=key["sam"])
    assert [row["name"] for row in answer.json()] == ["root", "ada", "sam", "ben", "anna"]
    anna = answer.json()[-1]
    assert (anna["auth0_id"], anna["email"], anna["role"], anna["is_active"]) == (
        "auth0|anna",
        "anna@example.com",
        "user",
        True,
    )
    (held,) = anna["holds"]
    assert (held["extension"], held["domain"], held["phone_number"]) == ("1006", "pbx.example.com", "17036879447")
    assert answer.json()[3]["holds"][0]["phone_number"] == ""
    assert answer.json()[0]["role"] == "admin", "a superuser may do what an admin may"
    assert "password" not in answer.content.decode()


FILTERS = [
    ("q=ANN", {"anna"}), ("q=example.com", {"anna"}), ("q=auth0|be", {"ben"}), ("q=nobody", set()), ("auth0_id=auth0|ben", {"ben"}),
    ("auth0_id=ben", set()), ("role=staff", {"sam"}), ("role=admin", {"ada", "root"}), ("role=user", {"anna", "ben"}),
    ("is_active=false", set()), ("has_number=true", {"anna"}), ("has_number=false&role=user", {"ben"}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_it_is_narrowed_down(client: Client, people: Any, key: Any, query: str, found: set[str]) -> None:
    assert {row["name"] for row in client.get(f"{PATH}?{query}", headers=key["sam"]).json()} == found


@pytest.mark.parametrize("query", ["role=boss", "is_active=maybe", "has_number=2", "unknown=1", "limit=0", "cursor=x", "q=%00"])
def test_bad_filters_are_refused(client: Client, people: Any, key: Any, query: str) -> None:
    assert client.get(f"{PATH}?{query}", headers=key["sam"]).status_code == 400


def test_the_list_costs_the_same_for_one_and_for_many(
    client: Client, make_person: Callable, hold: Callable, key_of: Callable
) -> None:
    headers = key_of(make_person("sam", Role.STAFF))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PATH, headers=headers).status_code == 200
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    queries()
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


def test_a_name_is_changed_and_written_down(client: Client, people: Any, key: Any) -> None:
    answer = patch(client, people["anna"], key["sam"], {"name": "Anna Lind"})
    assert (answer.status_code, answer.json()["name"], answer.json()["revocations"]) == (200, "Anna Lind", [])
    entry = AuditEntry.objects.get(action="user.changed")
    assert (entry.actor, entry.before, entry.after) == (people["sam"], {"name": "anna"}, {"name": "Anna Lind"})
    patch(client, people["anna"], key["sam"], {"name": "Anna Lind"})
    assert AuditEntry.objects.filter(action="user.changed").count() == 1, "the same again is no change"


def test_who_is_deactivated_is_out_at_once_and_his_phones_are_thrown_out(client: Client, people: Any, key: Any) -> None:
    assert client.get("/api/v2/auth/me", headers=key["anna"]).status_code == 200
    answer = patch(client, people["anna"], key["sam"], {"is_active": False})
    assert answer.json()["is_active"] is False
    (taken,) = answer.json()["revocations"]
    assert (taken["reason"], taken["requested_by"]["name"]) == ("holder_deactivated", "sam")
    assert client.get("/api/v2/auth/me", headers=key["anna"]).status_code == 401
    assert patch(client, people["anna"], key["sam"], {"is_active": False}).json()["revocations"] == []
    assert Revocation.objects.count() == 1
    assert patch(client, people["anna"], key["sam"], {"is_active": True}).json()["is_active"] is True
    assert client.get("/api/v2/auth/me", headers=key["anna"]).status_code == 200


# Who may let whom in and out, and name them.
MAY = {
    "sam": {"anna", "ben"}, "ada": {"anna", "ben", "sam", "ada"}, "root": {"anna", "ben", "sam", "ada", "root"},
}  # fmt: skip


@pytest.mark.parametrize("who", MAY)
def test_only_admins_touch_staff_and_only_superusers_superusers(client: Client, people: Any, key: Any, who: str) -> None:
    for name, person in people.items():
        answer = patch(client, person, key[who], {"name": f"by {who}"})
        assert answer.status_code == (200 if name in MAY[who] else 403), name
        if name not in MAY[who]:
            assert answer.json()["code"] == "admin_required"
            assert patch(client, person, key[who], {"is_active": False}).status_code == 403
    assert not User.objects.filter(is_active=False).exists()


@pytest.mark.parametrize("who", ["ada", "root"])
def test_nobody_deactivates_himself(client: Client, people: Any, key: Any, who: str) -> None:
    answer = patch(client, people[who], key[who], {"is_active": False})
    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    assert not User.objects.filter(is_active=False).exists()


@pytest.mark.parametrize(
    "body",
    [
        {"is_active": "false"}, {"is_active": 0}, {"is_active": None}, {"name": 7}, {"name": "a\nb"}, {"name": "x" * 256},
        {"role": "admin"}, {"email": "x@example.com"}, {"is_superuser": True}, {"auth0_id": "x"}, [], "x",
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(client: Client, people: Any, key: Any, body: Any) -> None:
    before = list(User.objects.order_by("pk").values("name", "role", "is_active", "is_superuser"))
    assert patch(client, people["anna"], key["ada"], body).status_code == 400
    assert list(User.objects.order_by("pk").values("name", "role", "is_active", "is_superuser")) == before


def test_one_that_does_not_exist_is_a_404_and_nobody_is_made_here(client: Client, people: Any, key: Any) -> None:
    assert client.get(f"{PATH}/999999", headers=key["sam"]).status_code == 404
    assert client.patch(f"{PATH}/999999", {}, content_type=JSON, headers=key["sam"]).status_code == 404
    assert client.post(PATH, {"name": "x"}, content_type=JSON, headers=key["ada"]).status_code == 405
    assert client.delete(f"{PATH}/{people['anna'].pk}", headers=key["ada"]).status_code == 405


def test_it_is_nothing_for_others(client: Client, people: Any, key: Any) -> None:
    for headers, status in ((key["anna"], 403), ({}, 401)):
        assert client.get(PATH, headers=headers).status_code == status
        assert patch(client, people["anna"], headers, {"is_active": False}).status_code == status
