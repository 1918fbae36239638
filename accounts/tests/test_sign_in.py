"""Signing in and out of the console by password."""

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("admin", "correct horse battery")


def sign_in(client: Client, password: str = "correct horse battery", **extra: str):  # noqa: ANN201
    return client.post("/login", {"username": "admin", "password": password, **extra})


def test_the_page_first_asked_for_is_reached(client: Client, person: User) -> None:
    asked = client.get("/?answered=true")
    assert asked["Location"] == "/login?next=/%3Fanswered%3Dtrue"
    page = client.get(asked["Location"])
    assert "Please sign in" in page.content.decode()
    assert sign_in(client, next="/?answered=true")["Location"] == "/?answered=true"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("password", ["", "wrong", "Correct horse battery", "x" * 100_000])
def test_a_wrong_password_makes_no_session(client: Client, person: User, password: str) -> None:
    response = sign_in(client, password)
    assert response.status_code == 200
    assert "do not match" in response.content.decode()
    assert "sessionid" not in client.cookies
    assert password not in response.content.decode() or not password


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example"]
)
def test_nobody_is_sent_elsewhere(client: Client, person: User, target: str) -> None:
    assert sign_in(client, next=target)["Location"] == "/"


def test_a_deactivated_person(client: Client, person: User) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get("/").status_code == 302
    assert sign_in(Client()).status_code == 200


def test_signing_out_is_a_post_and_ends_the_session(client: Client, person: User) -> None:
    sign_in(client)
    assert client.get("/logout").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/logout")["Location"] == "/login"
    assert client.get("/").status_code == 302


def test_the_session_gets_a_new_key_at_sign_in(client: Client, person: User) -> None:
    sign_in(client)
    first = client.cookies["sessionid"].value
    client.post("/logout")
    sign_in(client)
    assert client.cookies["sessionid"].value != first


def test_a_post_without_its_csrf_token(person: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403


def test_the_page_needs_nothing_inline(client: Client) -> None:
    response = client.get("/login")
    policy = response["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy
    text = response.content.decode()
    assert " style=" not in text
    assert " onclick=" not in text
