"""`auth/me`: who one is, and nothing of anybody else."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Role, User
from accounts.tests.auth0 import bearer
from demo.auth0 import Auth0StandIn
from telephony.models import Assignment

pytestmark = pytest.mark.django_db

PATH = "/api/v2/auth/me"
ALL = ["admin", "calls:read", "calls:write", "numbers:write"]


def test_somebody_with_a_number(client: Client, make_person: Callable, hold: Callable, key_of: Callable) -> None:
    anna = make_person("anna", email="anna@example.com")
    hold(anna, "1001")
    hold(anna, "1006", "17036879447")
    hold(make_person("ben"), "1005", "12403019517")
    response = client.get(PATH, headers=key_of(anna))
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-cache")
    assert response.json() == {
        "auth0_id": "auth0|anna", "role": "user", "name": "anna", "email": "anna@example.com",
        "phone_number": "17036879447", "extension": "1006", "scopes": ALL,
    }  # fmt: skip


def test_somebody_with_an_extension_alone_and_somebody_with_nothing(
    client: Client, make_person: Callable, hold: Callable, key_of: Callable
) -> None:
    ben, eve = make_person("ben"), make_person("eve", Role.STAFF)
    hold(ben, "1005")
    for person, extension in ((ben, "1005"), (eve, "")):
        answer = client.get(PATH, headers=key_of(person)).json()
        assert (answer["phone_number"], answer["extension"], answer["role"]) == ("", extension, person.role)
    # Asking assigns nothing.
    assert Assignment.objects.count() == 1


def test_what_was_given_back_is_not_shown(client: Client, make_person: Callable, hold: Callable, key_of: Callable) -> None:
    anna = make_person("anna")
    hold(anna, "1006", "17036879447")
    assert client.delete("/api/v2/assign-number", headers=key_of(anna)).status_code == 204
    answer = client.get(PATH, headers=key_of(anna)).json()
    assert (answer["phone_number"], answer["extension"]) == ("", "")


@pytest.mark.parametrize("scopes", [["calls:read"], ["numbers:write", "calls:write"]])
def test_any_key_may_ask_and_learns_how_far_it_reaches(
    client: Client, make_person: Callable, key_of: Callable, scopes: list[str]
) -> None:
    response = client.get(PATH, headers=key_of(make_person("anna"), scopes=scopes))
    assert (response.status_code, response.json()["scopes"]) == (200, sorted(scopes))


def test_by_a_token(client: Client, auth0: Auth0StandIn) -> None:
    answer = client.get(PATH, headers=bearer(auth0.mint(person=auth0.settings.people[1]))).json()
    assert (answer["auth0_id"], answer["role"], answer["scopes"]) == (auth0.settings.people[1].subject, "staff", ALL)
    # The access token says no more of the person.
    assert (answer["name"], answer["email"]) == ("", "")


def test_who_may_not(client: Client, make_person: Callable, key_of: Callable) -> None:
    anna = make_person("anna")
    key = key_of(anna)
    client.force_login(anna, backend="accounts.backends.RoleBackend")
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=bearer(settings.MAINTENANCE_TOKEN)).status_code == 401
    User.objects.update(is_active=False)
    assert client.get(PATH, headers=key).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_verbs(client: Client, make_person: Callable, key_of: Callable, method: str) -> None:
    assert client.generic(method, PATH, headers=key_of(make_person("anna"))).status_code == 405


def test_bad_input(client: Client, make_person: Callable, key_of: Callable) -> None:
    make_person("ben")
    response = client.get(f"{PATH}?user=auth0|ben", headers=key_of(make_person("anna")))
    assert (response.status_code, response.json()["code"]) == (400, "unknown_parameter")
