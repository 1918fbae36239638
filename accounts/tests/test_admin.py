"""People, keys and invitations in Django's admin: who may do what, and that nobody rises by it."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import ApiKey, AuditEntry, Invitation, Role, User
from accounts.roles import ROLE_PERMISSIONS

pytestmark = pytest.mark.django_db

PASSWORD = "sesame-oPen-99"
NEW_PASSWORD = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD, "set-password": "1"}


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", "boss-canary-pw")


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", role=Role.ADMIN)


@pytest.fixture
def sam() -> User:
    return User.objects.create_user("sam", role=Role.STAFF)


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", "anna-canary-pw", issuer="https://auth0.invalid/", subject="auth0|anna")


def save(client: Client, person: User, **fields: Any) -> HttpResponse:
    return client.post(f"/admin/accounts/user/{person.pk}/change/", fields)


def set_password(client: Client, person: User) -> HttpResponse:
    return client.post(f"/admin/accounts/user/{person.pk}/password/", NEW_PASSWORD)


# -- roles -----------------------------------------------------------------------------------------------------------------


def test_each_role_may_do_what_the_one_below_may() -> None:
    assert frozenset() == ROLE_PERMISSIONS[Role.USER] < ROLE_PERMISSIONS[Role.STAFF] < ROLE_PERMISSIONS[Role.ADMIN]
    assert not [permission for permission in ROLE_PERMISSIONS[Role.ADMIN] if ".delete_" in permission]


def test_permissions_come_with_the_role_and_go_with_it(ada: User, sam: User, anna: User) -> None:
    assert (ada.has_perm("accounts.change_user"), sam.has_perm("accounts.change_user")) == (True, False)
    assert (sam.has_perm("telephony.add_assignment"), anna.has_perm("telephony.view_call")) == (True, False)
    assert (sam.has_module_perms("telephony"), anna.has_module_perms("telephony")) == (True, False)
    assert not ada.has_perm("accounts.change_user", anna), "permissions are not for single objects"
    ada.is_active = False
    assert not ada.has_perm("accounts.change_user")
    assert not ada.has_module_perms("accounts")
    assert not User.objects.get(pk=ada.pk).get_all_permissions() - ROLE_PERMISSIONS[Role.ADMIN]


def test_a_demoted_person_is_out_at_the_next_request(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert client.get("/admin/").status_code == 200
    User.objects.filter(pk=sam.pk).update(role=Role.USER)
    assert client.get("/admin/").status_code == 302


def test_strangers_and_ordinary_people_are_sent_to_sign_in(client: Client, anna: User) -> None:
    for person in (None, anna):
        if person:
            client.force_login(person)
        response = client.get("/admin/accounts/user/")
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


def test_nobody_is_no_actor(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        actor_of(request)


def test_the_pages_are_named_and_lead_back(client: Client, boss: User) -> None:
    client.force_login(boss)
    page = client.get("/admin/").content.decode()
    assert "MediaMagic Portal administration" in page
    assert '<a href="/">' in page


# -- people ----------------------------------------------------------------------------------------------------------------

RAISED = {
    "role": "admin",
    "is_active": "on",
    "is_superuser": "on",
    "is_staff": "on",
    "username": "mine",
    "user_permissions": "1",
}


def test_staff_raise_nobody(client: Client, sam: User, anna: User) -> None:
    client.force_login(sam)
    for person in (sam, anna):
        before = User.objects.values().get(pk=person.pk)
        assert save(client, person, **RAISED).status_code == 403
        assert set_password(client, person).status_code == 403
        assert User.objects.values().get(pk=person.pk) == before
    assert client.post("/admin/accounts/user/add/", {"username": "new", **NEW_PASSWORD}).status_code == 403


def test_admins_give_roles_but_take_no_name_and_no_password(client: Client, ada: User, anna: User) -> None:
    client.force_login(ada)
    assert save(client, anna, **(RAISED | {"role": "staff"})).status_code == 302
    anna.refresh_from_db()
    assert (anna.role, anna.username, anna.is_superuser) == (Role.STAFF, "anna", False)
    assert not anna.user_permissions.exists()
    entry = AuditEntry.objects.get(action="user.changed")
    assert (entry.actor, entry.before["role"], entry.after["role"]) == (ada, "user", "staff")
    assert set_password(client, anna).status_code == 403
    assert client.get(f"/admin/accounts/user/{anna.pk}/password/").status_code == 403
    anna.refresh_from_db()
    assert anna.check_password("anna-canary-pw")
    assert client.post("/admin/accounts/user/add/", {"username": "new", **NEW_PASSWORD}).status_code == 403


def test_admins_make_no_superusers_and_reach_none(client: Client, ada: User, boss: User) -> None:
    client.force_login(ada)
    save(client, ada, **RAISED)
    ada.refresh_from_db()
    assert not ada.is_superuser
    before = User.objects.values().get(pk=boss.pk)
    assert save(client, boss, role="user").status_code == 403
    assert set_password(client, boss).status_code == 403
    assert User.objects.values().get(pk=boss.pk) == before


def test_a_deactivated_person_is_signed_out(client: Client, boss: User, anna: User) -> None:
    theirs = Client()
    theirs.force_login(anna)
    client.force_login(boss)
    assert save(client, anna, username="anna", role="user").status_code == 302
    anna.refresh_from_db()
    assert not anna.is_active
    assert theirs.get("/").status_code == 302


def test_nobody_deactivates_himself(client: Client, boss: User, ada: User) -> None:
    for person in (boss, ada):
        client.force_login(person)
        assert save(client, person, username=person.username, role="admin").status_code == 403
        person.refresh_from_db()
        assert person.is_active


def test_superusers_make_people_and_set_passwords(client: Client, boss: User, anna: User) -> None:
    client.force_login(boss)
    assert client.post("/admin/accounts/user/add/", {"username": "new", **NEW_PASSWORD}).status_code == 302
    new = User.objects.get(username="new")
    assert (new.role, new.check_password(PASSWORD)) == (Role.USER, True)
    assert set_password(client, anna).status_code == 302
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)
    assert AuditEntry.objects.get(action="user.password_set").target_id == str(anna.pk)
    mismatch = client.post(f"/admin/accounts/user/{anna.pk}/password/", NEW_PASSWORD | {"password2": "other"})
    assert mismatch.status_code == 200
    assert AuditEntry.objects.filter(action="user.password_set").count() == 1
    assert set_password(client, User(pk=10**6)).status_code == 404


def test_a_person_without_a_name_saves_like_any_other(client: Client, boss: User) -> None:
    unnamed = User.objects.by_subject("https://auth0.invalid/", "auth0|unnamed")
    client.force_login(boss)
    assert save(client, unnamed, username=unnamed.username, role="staff", is_active="on").status_code == 302
    unnamed.refresh_from_db()
    assert (unnamed.role, unnamed.subject, unnamed.issuer) == (Role.STAFF, "auth0|unnamed", "https://auth0.invalid/")


def test_no_hash_shows_where_the_password_is(client: Client, boss: User, ada: User, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(password=make_password("x", salt="saltcanary"))
    page = f"/admin/accounts/user/{anna.pk}/change/"
    client.force_login(boss)
    text = client.get(page).content.decode()
    assert f'Set. <a href="/admin/accounts/user/{anna.pk}/password/">' in text
    assert "saltcanary" not in text
    client.force_login(ada)
    text = client.get(page).content.decode()
    assert "/password/" not in text.replace("/admin/password_change/", "")
    assert "saltcanary" not in text


# -- keys ------------------------------------------------------------------------------------------------------------------


def test_keys_are_revoked_here_and_not_made(client: Client, ada: User, sam: User, anna: User) -> None:
    key, secret = ApiKey.objects.issue(anna, "phone")
    revoke = {"action": "revoke_selected", "_selected_action": [key.pk]}
    client.force_login(sam)
    assert client.post("/admin/accounts/apikey/", revoke).status_code == 403
    assert ApiKey.objects.usable().exists()
    client.force_login(ada)
    assert client.get("/admin/accounts/apikey/add/").status_code == 403
    page = client.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    assert key.digest not in page
    assert secret not in page
    client.post(f"/admin/accounts/apikey/{key.pk}/change/", {"name": "mine", "user": ada.pk, "scopes": "[]", "revoked_at": ""})
    key.refresh_from_db()
    assert (key.name, key.user) == ("phone", anna)
    client.post("/admin/accounts/apikey/", revoke)
    assert not ApiKey.objects.usable().exists()
    assert AuditEntry.objects.get(action="api_key.revoked").actor == ada


# -- invitations -----------------------------------------------------------------------------------------------------------


def invite(client: Client, email: str, role: str = "staff") -> HttpResponse:
    return client.post("/admin/accounts/invitation/add/", {"email": email, "role": role, "accepted_by": "1"})


def test_admins_invite(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert invite(client, "New@Example.com").status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.invited_by, invitation.accepted_by) == ("new@example.com", ada, None)
    assert AuditEntry.objects.get(action="invitation.sent").after == {"email": "new@example.com", "role": "staff"}


@pytest.mark.parametrize(("email", "role"), [("NEW@example.com", "staff"), ("no address", "staff"), ("b@example.com", "user")])
def test_what_cannot_be_an_invitation_is_said_at_the_form(client: Client, ada: User, email: str, role: str) -> None:
    Invitation.objects.create(email="new@example.com")
    client.force_login(ada)
    response = invite(client, email, role)
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert Invitation.objects.count() == 1


def test_staff_invite_nobody(client: Client, sam: User) -> None:
    client.force_login(sam)
    assert invite(client, "new@example.com", "admin").status_code == 403
    assert not Invitation.objects.exists()


def test_invitations_are_withdrawn_also_accepted_ones(client: Client, ada: User, anna: User) -> None:
    accepted = Invitation.objects.create(email="a@example.com", accepted_at=timezone.now(), accepted_by=anna)
    waiting = Invitation.objects.create(email="b@example.com")
    client.force_login(ada)
    for _ in range(2):
        selected = {"action": "withdraw_selected", "_selected_action": [accepted.pk, waiting.pk]}
        assert client.post("/admin/accounts/invitation/", selected).status_code == 302
    accepted.refresh_from_db()
    waiting.refresh_from_db()
    assert (accepted.state, waiting.state) == ("withdrawn", "withdrawn")
    assert accepted.accepted_by == anna, "who it was remains known"
    assert AuditEntry.objects.filter(action="invitation.withdrawn").count() == 2, "the second time changes nothing"
    assert invite(client, "b@example.com").status_code == 302, "an address can be invited anew"
    changed = client.post(f"/admin/accounts/invitation/{accepted.pk}/change/", {"email": "x@example.com", "role": "admin"})
    assert changed.status_code == 403
