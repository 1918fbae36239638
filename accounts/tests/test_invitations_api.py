"""`invitations`: admins list, send and withdraw them, by the rules of the console's page; nobody else sees one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.forms import InvitationForm
from accounts.models import ApiKey, AuditEntry, Invitation, Role, User

pytestmark = pytest.mark.django_db

PATH = "/api/v2/invitations"


@pytest.fixture
def make_person(db: None) -> Callable[..., User]:
    return lambda name, role=Role.USER: User.objects.create_user(name, name=name, subject=f"auth0|{name}", role=role)


@pytest.fixture
def key_of(db: None) -> Callable[..., dict[str, str]]:
    return lambda user, **fields: {"x-mediamagic-key": ApiKey.objects.issue(user, "test", **fields)[1]}


@pytest.fixture
def ada(make_person: Callable[..., User]) -> User:
    return make_person("ada", Role.ADMIN)


@pytest.fixture
def admin(ada: User, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(ada)


def invite(client: Client, headers: dict[str, str], body: Any, **extra: str) -> Any:
    return client.generic("POST", PATH, json.dumps(body), content_type="application/json", headers=headers | extra)


def test_an_admin_invites_and_withdraws(client: Client, admin: dict[str, str], ada: User) -> None:
    sent = invite(client, admin, {"email": "New@Example.com"}, **{"Idempotency-Key": "k"})
    assert sent.status_code == 201
    said = sent.json()
    assert (said["email"], said["role"], said["state"]) == ("new@example.com", "staff", "open")
    assert (said["invited_by"], said["accepted_by"]) == ({"auth0_id": "auth0|ada", "name": "ada"}, None)
    again = invite(client, admin, {"email": "New@Example.com"}, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, said, "true")
    assert client.get(PATH, headers=admin).json() == [said]
    one = client.get(f"{PATH}/{said['id']}", headers=admin)
    assert one.json() == said
    assert client.delete(f"{PATH}/{said['id']}", headers=admin | {"If-Match": '"other"'}).status_code == 412
    assert client.delete(f"{PATH}/{said['id']}", headers=admin | {"If-Match": one["ETag"]}).status_code == 204
    withdrawn = client.get(f"{PATH}/{said['id']}", headers=admin).json()
    assert (withdrawn["state"], withdrawn["withdrawn_at"][-1]) == ("withdrawn", "Z")
    assert client.delete(f"{PATH}/{said['id']}", headers=admin).status_code == 204
    assert client.get(f"{PATH}/{said['id']}", headers=admin).json() == withdrawn
    assert [(entry.action, entry.actor) for entry in AuditEntry.objects.order_by("id")] == [
        ("invitation.sent", ada), ("invitation.withdrawn", ada),
    ]  # fmt: skip
    assert invite(client, admin, {"email": "new@example.com", "role": "admin"}).json()["role"] == "admin"


def test_an_accepted_one_says_by_whom_and_can_be_withdrawn(
    client: Client, admin: dict[str, str], make_person: Callable
) -> None:
    sam = make_person("sam", Role.STAFF)
    invitation = Invitation.objects.create(email="sam@example.com", accepted_by=sam, accepted_at=timezone.now())
    (said,) = client.get(PATH, headers=admin).json()
    assert (said["state"], said["accepted_by"]["auth0_id"], said["invited_by"]) == ("accepted", "auth0|sam", None)
    assert client.delete(f"{PATH}/{invitation.pk}", headers=admin).status_code == 204
    invitation.refresh_from_db()
    assert invitation.state == "withdrawn"


@pytest.mark.parametrize("accepted", [False, True])
def test_an_address_is_invited_once(client: Client, admin: dict[str, str], ada: User, accepted: bool) -> None:
    how = {"accepted_by": ada, "accepted_at": timezone.now()} if accepted else {}
    Invitation.objects.create(email="new@example.com", **how)
    answer = invite(client, admin, {"email": "NEW@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_invited")
    assert Invitation.objects.count() == 1
    assert not AuditEntry.objects.exists()


def test_of_two_admins_at_once_one_is_refused(client: Client, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    Invitation.objects.create(email="new@example.com")
    monkeypatch.setattr(InvitationForm, "clean_email", lambda form: form.cleaned_data["email"].lower())
    answer = invite(client, admin, {"email": "new@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_invited")
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"), ({"email": ""}, "email"), ({"email": "nobody"}, "email"), ({"email": None}, "email"), ({"email": 5}, "email"),
        ({"email": "a@b.example\nBcc: c@d.example"}, "email"), ({"email": "a@b.example, c@d.example"}, "email"), ({"email": "\u212aim@example.com"}, "email"),
        ({"email": "a@b\u00fccher.example"}, "email"), ({"email": "x" * 250 + "@example.com"}, "email"),
        ({"email": "a@b.example", "role": "user"}, "role"), ({"email": "a@b.example", "role": "root"}, "role"),
        ({"email": "a@b.example", "role": None}, "role"), ({"email": "a@b.example", "accepted_by": 1}, "accepted_by"),
        ({"email": "a@b.example", "invited_by": "auth0|eve"}, "invited_by"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_invitation(client: Client, admin: dict[str, str], body: dict[str, Any], field: str) -> None:
    answer = invite(client, admin, body)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid_input", [field])
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", [Role.USER, Role.STAFF])
def test_nobody_but_admins_sees_or_sends_one(client: Client, make_person: Callable, key_of: Callable, role: str) -> None:
    invitation = Invitation.objects.create(email="a@example.com")
    headers = key_of(make_person("sam", role))
    assert client.get(PATH, headers=headers).status_code == 403
    assert client.get(f"{PATH}/{invitation.pk}", headers=headers).status_code == 403
    assert invite(client, headers, {"email": "sam@example.com", "role": "admin"}).status_code == 403
    assert client.delete(f"{PATH}/{invitation.pk}", headers=headers).status_code == 403
    assert [each.state for each in Invitation.objects.all()] == ["open"]


def test_anonymous_and_deactivated(client: Client, admin: dict[str, str], ada: User) -> None:
    assert client.get(PATH).status_code == 401
    assert invite(client, {}, {"email": "a@example.com"}).status_code == 401
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert invite(client, admin, {"email": "a@example.com"}).status_code == 401
    assert not Invitation.objects.exists()


def test_a_key_without_the_scope_invites_nobody(client: Client, ada: User, key_of: Callable) -> None:
    assert invite(client, key_of(ada, scopes=["calls:read"]), {"email": "a@example.com"}).status_code == 403
    assert not Invitation.objects.exists()


def test_what_is_not_there_and_other_verbs(client: Client, admin: dict[str, str]) -> None:
    assert client.get(f"{PATH}/999", headers=admin).status_code == 404
    assert client.delete(f"{PATH}/999", headers=admin).status_code == 404
    assert client.put(PATH, headers=admin).status_code == 405
    assert client.get(f"{PATH}?state=open", headers=admin).status_code == 400


def test_the_list_costs_the_same_for_one_and_for_many(client: Client, admin: dict[str, str], make_person: Callable) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PATH, headers=admin).status_code == 200
        return len(captured)

    def some(first: int, count: int) -> None:
        for place in range(first, first + count):
            by = make_person(f"p{place}")
            Invitation.objects.create(email=f"{place}@example.com", invited_by=by, accepted_by=by, accepted_at=timezone.now())

    some(0, 1)
    queries()
    one = queries()
    some(1, 19)
    assert queries() == one
    first = client.get(f"{PATH}?limit=15", headers=admin)
    following = first["Link"].split(">")[0].removeprefix("<http://testserver")
    emails = [row["email"] for answer in (first, client.get(following, headers=admin)) for row in answer.json()]
    assert emails == [f"{place}@example.com" for place in reversed(range(20))]
