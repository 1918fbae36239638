"""The pages on which admins invite people to work as staff, and withdraw what they sent."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.forms import InvitationForm
from accounts.models import AuditEntry, Invitation, Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", name="Ada Okafor", role=Role.ADMIN)


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def invite(client: Client, email: str = "New@Example.com", role: str = "staff", **more: str) -> HttpResponse:
    return client.post("/invitations/", {"email": email, "role": role, **more})


def test_an_admin_invites_and_withdraws(admin: Client, ada: User) -> None:
    assert "Nobody is invited yet" in admin.get("/invitations/").content.decode()
    assert invite(admin, accepted_by=str(ada.pk), invited_by="99").status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == ("new@example.com", Role.STAFF, ada)
    assert invitation.accepted_by is None, "a form sets nothing that is not on it"
    page = admin.get("/invitations/").content.decode()
    assert "new@example.com is invited." in page
    assert "Open</span>" in page
    assert admin.post(f"/invitations/{invitation.pk}/withdraw").status_code == 302
    page = admin.get("/invitations/").content.decode()
    assert "Withdrawn</span>" in page
    assert f"/invitations/{invitation.pk}/withdraw" not in page
    admin.post(f"/invitations/{invitation.pk}/withdraw")
    assert "It was withdrawn before." in admin.get("/invitations/").content.decode()
    assert [(entry.action, entry.actor) for entry in AuditEntry.objects.order_by("id")] == [
        ("invitation.sent", ada),
        ("invitation.withdrawn", ada),
    ]
    assert invite(admin).status_code == 302, "an address can be invited anew"


def test_the_rail_leads_admins_there(admin: Client, ada: User) -> None:
    assert 'href="/invitations/"' in admin.get("/").content.decode()
    User.objects.update(role=Role.STAFF)
    assert 'href="/invitations/"' not in admin.get("/").content.decode()


@pytest.mark.parametrize("role", [Role.USER, Role.STAFF])
def test_nobody_else_invites(client: Client, role: str) -> None:
    invitation = Invitation.objects.create(email="a@example.com")
    client.force_login(User.objects.create_user("sam", role=role))
    assert client.get("/invitations/").status_code == 403
    assert invite(client, role="admin").status_code == 403
    assert client.post(f"/invitations/{invitation.pk}/withdraw").status_code == 403
    assert [each.state for each in Invitation.objects.all()] == ["open"]


def test_anonymous(client: Client) -> None:
    invitation = Invitation.objects.create(email="a@example.com")
    assert client.get("/invitations/")["Location"] == "/login?next=/invitations/"
    assert invite(client)["Location"] == "/login?next=/invitations/"
    assert client.post(f"/invitations/{invitation.pk}/withdraw").status_code == 302
    assert [each.state for each in Invitation.objects.all()] == ["open"]


def test_methods_and_what_is_not_there(admin: Client) -> None:
    invitation = Invitation.objects.create(email="a@example.com")
    assert admin.put("/invitations/").status_code == 405
    assert admin.get(f"/invitations/{invitation.pk}/withdraw").status_code == 405
    assert admin.post("/invitations/999/withdraw").status_code == 404
    assert Invitation.objects.get().state == "open"


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("", "staff", "required"),
        ("no address", "staff", "valid email"),
        ("b@example.com", "user", "Select a valid choice"),
        ("b@example.com", "owner", "Select a valid choice"),
        ("b@\N{KELVIN SIGN}iwi.example", "staff", "ASCII"),
        ("OPEN@example.com", "staff", "invited already"),
        ("accepted@example.com", "admin", "invited already"),
        ("x" * 250 + "@example.com", "staff", "254"),
    ],
)
def test_what_cannot_be_an_invitation(admin: Client, ada: User, email: str, role: str, said: str) -> None:
    Invitation.objects.create(email="open@example.com")
    Invitation.objects.create(email="accepted@example.com", accepted_by=ada, accepted_at=timezone.now())
    response = invite(admin, email, role)
    page = response.content.decode()
    assert response.status_code == 200
    assert said in page
    assert 'role="alert"' in page
    assert Invitation.objects.count() == 2
    assert not AuditEntry.objects.exists()


def test_two_admins_at_once(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database has the last word where both forms were right a moment ago."""
    Invitation.objects.create(email="new@example.com")
    monkeypatch.setattr(InvitationForm, "clean_email", lambda form: form.cleaned_data["email"].lower())
    response = invite(admin)
    assert response.status_code == 200
    assert "invited already" in response.content.decode()
    assert Invitation.objects.count() == 1


def test_an_address_is_shown_as_text(admin: Client) -> None:
    Invitation.objects.create(email='"<script>alert(1)</script>"@example.com')
    assert "<script>alert" not in admin.get("/invitations/").content.decode()


def test_pages_of_a_long_list(admin: Client, ada: User, django_assert_num_queries: Any) -> None:
    for count in (1, 59):
        Invitation.objects.bulk_create(
            Invitation(email=f"{number}@{count}.example", invited_by=ada, accepted_by=ada, accepted_at=timezone.now())
            for number in range(count)
        )
        with django_assert_num_queries(5):
            response = admin.get("/invitations/")
    first = response.content.decode()
    assert first.count("/withdraw") == 50
    cursor = response.context["page"].next_cursor
    second = admin.get("/invitations/", {"cursor": cursor}).content.decode()
    assert second.count("/withdraw") == 10
    assert admin.get("/invitations/", {"cursor": "made-up"}).content.decode().count("/withdraw") == 50
