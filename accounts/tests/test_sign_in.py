"""The password form: for superusers, slowed down, and as careful as the other door."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.db.models import F
from django.test import Client

from accounts.models import AuditEntry, Role, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def person() -> User:
    return User.objects.create_superuser("admin", PASSWORD)


def sign_in(client: Client, password: str = PASSWORD, username: str = "admin", **extra: str):  # noqa: ANN201
    return client.post("/login", {"username": username, "password": password, **extra})


def reasons() -> list[str]:
    return [entry.after["reason"] for entry in AuditEntry.objects.filter(action="session.refused").order_by("id")]


def test_the_page_first_asked_for_is_reached(client: Client, person: User) -> None:
    asked = client.get("/?answered=true")
    assert asked["Location"] == "/login?next=/%3Fanswered%3Dtrue"
    page = client.get(asked["Location"])
    assert "Please sign in" in page.content.decode()
    assert sign_in(client, next="/?answered=true")["Location"] == "/?answered=true"
    assert client.get("/").status_code == 200
    entry = AuditEntry.objects.get(action="session.started")
    assert (entry.actor, entry.after) == (person, {"by": "password"})


@pytest.mark.parametrize("password", ["", "wrong", "Correct horse battery", "x" * 100_000], ids=lambda text: text[:10])
def test_a_wrong_password_makes_no_session(client: Client, person: User, password: str) -> None:
    response = sign_in(client, password)
    assert response.status_code == 200
    assert "do not match" in response.content.decode()
    assert "sessionid" not in client.cookies
    assert password not in response.content.decode() or not password
    assert reasons() == (["wrong_password"] if password else [])


def test_what_was_typed_is_kept_nowhere(client: Client, person: User) -> None:
    sign_in(client, "password-canary", "name\x07" + "x" * 100, next="/next-canary")
    entry = AuditEntry.objects.get(action="session.refused")
    assert (entry.actor, entry.actor_label) == (None, "an unknown name")
    kept = str(list(AccessAttempt.objects.values())) + str(list(AuditEntry.objects.values()))
    assert "canary" not in kept


def test_a_password_in_the_wrong_field_is_not_written_down(client: Client, person: User) -> None:
    sign_in(client, "admin", "password-canary")
    sign_in(client, "wrong", "admin")
    labels = AuditEntry.objects.filter(action="session.refused").order_by("id").values_list("actor_label", flat=True)
    assert list(labels) == ["an unknown name", "admin"]


@pytest.mark.parametrize("role", [Role.USER, Role.STAFF, Role.ADMIN])
def test_nobody_else_signs_in_by_a_password(client: Client, role: str) -> None:
    User.objects.create_user("sam", PASSWORD, role=role)
    response = sign_in(client, username="sam")
    assert "do not match" in response.content.decode(), "and nobody learns that it was right"
    assert "sessionid" not in client.cookies
    assert reasons() == ["wrong_password"]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "login",
        "/login",
    ],
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
    assert AuditEntry.objects.get(action="session.ended").actor == person


def test_the_session_gets_a_new_key_at_sign_in(client: Client, person: User) -> None:
    sign_in(client)
    first = client.cookies["sessionid"].value
    client.post("/logout")
    sign_in(client)
    assert client.cookies["sessionid"].value != first


def test_a_post_without_its_csrf_token(person: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = sign_in(strict)
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_the_page_needs_nothing_inline(client: Client) -> None:
    response = client.get("/login")
    policy = response["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    text = response.content.decode()
    assert " style=" not in text
    assert " onclick=" not in text
    assert "no-store" in response["Cache-Control"]


# -- too many tries --------------------------------------------------------------------------------------------------------


def test_after_five_wrong_passwords_not_even_the_right_one_is_taken(client: Client, person: User) -> None:
    for _ in range(4):
        assert sign_in(client, "wrong").status_code == 200
    locked = sign_in(client, "wrong")
    assert locked.status_code == 429
    assert 890 <= int(locked["Retry-After"]) <= 900
    page = locked.content.decode()
    assert "<h1>Too many wrong passwords</h1>" in page
    assert "Try again in 15 minutes." in page
    assert "no-store" in locked["Cache-Control"]
    assert sign_in(client).status_code == 429
    assert "sessionid" not in client.cookies
    assert reasons() == ["wrong_password"] * 4 + ["too_many_tries"], "knocking at the locked door fills no log"


def test_the_lock_opens_again_and_knocking_does_not_prolong_it(client: Client, person: User) -> None:
    for _ in range(5):
        sign_in(client, "wrong")
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=14))
    response = sign_in(client, "wrong")
    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 60
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=2))
    assert sign_in(client).status_code == 302


def test_the_right_password_forgives_the_wrong_ones(client: Client, person: User) -> None:
    for _ in range(3):
        for _ in range(4):
            sign_in(client, "wrong")
        assert sign_in(client).status_code == 302
        client.post("/logout")


def test_only_this_name_from_this_address_is_locked(client: Client, person: User, settings: Any) -> None:
    User.objects.create_superuser("other", PASSWORD)
    for _ in range(5):
        sign_in(client, "wrong")
    assert sign_in(client, username="other").status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(elsewhere).status_code == 302
    # Nobody gets out of it, or another into it, by a header.
    assert sign_in(Client(headers={"x-forwarded-for": "192.0.2.8"})).status_code == 429
    # Behind a proxy of ours it is the client's address that counts.
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]
    assert sign_in(Client(headers={"x-forwarded-for": "192.0.2.8"})).status_code == 302


def test_another_browser_is_no_way_round(client: Client, person: User) -> None:
    for number in range(5):
        sign_in(Client(headers={"user-agent": f"browser {number}"}), "wrong")
    assert sign_in(Client(headers={"user-agent": "yet another"})).status_code == 429


def test_the_locked_page_needs_nothing_inline_and_is_a_page_for_scripts_too(client: Client, person: User) -> None:
    for _ in range(5):
        response = sign_in(client, "wrong")
    assert not re.search(r"\s(style|on[a-z]+)=|<style", response.content.decode())
    scripted = Client(headers={"x-requested-with": "XMLHttpRequest"})
    assert sign_in(scripted)["Content-Type"].startswith("text/html")
