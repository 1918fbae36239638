"""The pages of API keys: one's own; staff see and revoke everybody's."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey, AuditEntry, Invitation, Role, User, api_key_digest
from accounts.permissions import SCOPES
from accounts.sessions import AUTH0_BACKEND, VERIFIED_EMAIL

pytestmark = pytest.mark.django_db

LIST, NEW = "/keys/", "/keys/new"
KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FORM_ID = re.compile(r'name="form_id" value="([A-Za-z0-9_-]{22})"')
HOSTILE = "<script>alert(1)</script>\"'&{{ 7|add:1 }}"


def person(name: str, role: str = Role.USER) -> User:
    return User.objects.create_user(name, name=name.title(), subject=f"auth0|{name}", issuer=settings.AUTH0_ISSUER, role=role)


def key_of(user: User, name: str = "report", **fields: Any) -> ApiKey:
    return ApiKey.objects.issue(user, name, **fields)[0]


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget the forms of the tests before: people have the same ids again."""
    cache.clear()


@pytest.fixture
def anna(client: Client) -> User:
    anna = person("anna")
    client.force_login(anna)
    return anna


@pytest.fixture
def sam(client: Client) -> User:
    sam = person("sam", Role.STAFF)
    client.force_login(sam)
    return sam


def page(client: Client, path: str = LIST) -> str:
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def make(client: Client, **fields: Any) -> HttpResponse:
    """Fill in the form as a browser does and send it."""
    form_id = FORM_ID.search(page(client, NEW))
    assert form_id is not None
    filled = {"form_id": form_id[1], "name": "report", "reach": "narrowed", "scopes": ["calls:read"], "lifetime": "90"} | fields
    return client.post(NEW, {name: value for name, value in filled.items() if value is not None})


def shown_key(response: HttpResponse) -> str:
    assert response.status_code == 200
    (key,) = KEY.findall(response.content.decode())
    return key


# -- making ----------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_on_one_answer_and_kept_nowhere(client: Client, anna: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        response = make(client)
        key = shown_key(response)
        assert "no-store" in response["Cache-Control"]
        again = "".join(page(client, path) for path in (LIST, NEW, f"/keys/{ApiKey.objects.get().pk}/revoke"))
    assert key[:8] in again
    assert key not in again
    row = ApiKey.objects.get()
    assert (row.user, row.name, row.scopes, row.digest) == (anna, "report", ["calls:read"], api_key_digest(key))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after["prefix"]) == ("api_key.issued", anna, key[:8])
    kept = f"{ApiKey.objects.values()}{AuditEntry.objects.values()}{[s.get_decoded() for s in Session.objects.all()]}"
    assert key not in f"{kept}{client.cookies}{response.headers}{caplog.text}{[r.__dict__ for r in caplog.records]}"
    assert key not in str(getattr(cache, "_cache", ""))
    headers = {"x-mediamagic-key": key}
    assert client.get("/api/v2/call-recording", headers=headers).status_code == 200
    assert client.get("/api/v2/tokens", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("fields", "scopes"),
    [
        ({"scopes": list(SCOPES)}, sorted(SCOPES)),
        ({"scopes": ["admin", "calls:read"]}, ["admin", "calls:read"]),
        ({"reach": "everything", "scopes": None}, []),
        # What stays ticked is not meant where everything is asked for.
        ({"reach": "everything", "scopes": ["calls:read"]}, []),
    ],
)
def test_its_reach(client: Client, anna: User, fields: dict[str, Any], scopes: list[str]) -> None:
    shown_key(make(client, **fields))
    assert ApiKey.objects.get().scopes == scopes


@pytest.mark.parametrize(("lifetime", "days"), [("30", 30), ("90", 90), ("365", 365)])
def test_it_expires_after_days(client: Client, anna: User, lifetime: str, days: int) -> None:
    before = timezone.now()
    shown_key(make(client, lifetime=lifetime))
    expires_at = ApiKey.objects.get().expires_at
    assert expires_at is not None
    assert before + timedelta(days=days) <= expires_at <= timezone.now() + timedelta(days=days)


def test_it_expires_at_the_end_of_a_day_or_never(client: Client, anna: User) -> None:
    shown_key(make(client, lifetime="day", last_day="2099-12-31"))
    # A day that is named beside another choice is not meant.
    shown_key(make(client, lifetime="never", last_day="2099-12-31"))
    assert list(ApiKey.objects.order_by("id").values_list("expires_at", flat=True)) == [datetime(2100, 1, 1, tzinfo=UTC), None]


def test_today_is_a_last_day(client: Client, anna: User) -> None:
    shown_key(make(client, lifetime="day", last_day=timezone.now().date().isoformat()))
    assert ApiKey.objects.usable().count() == 1


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": None}, "required"), ({"name": "  "}, "required"), ({"name": "a" * 101}, "at most 100"),
        ({"name": "a\nb"}, "printable"), ({"name": "a\u202eb"}, "printable"), ({"name": "a\0b"}, "Null characters"),
        ({"scopes": None}, "Tick what the key is to open"), ({"scopes": ["root"]}, "root is not one"),
        ({"scopes": ["calls:read", "Admin"]}, "Admin is not one"),
        ({"reach": None}, "required"), ({"reach": "all"}, "all is not one"),
        ({"lifetime": None}, "required"), ({"lifetime": "31"}, "31 is not one"),
        ({"lifetime": "day"}, "Give the last day"), ({"lifetime": "day", "last_day": "soon"}, "valid date"),
        ({"lifetime": "day", "last_day": "2020-01-01"}, "in the future"), ({"lifetime": "day", "last_day": "9999-12-31"}, "last day"),
        ({"lifetime": "day", "last_day": "2099-02-30"}, "valid date"),
        ({"form_id": None}, "send it again"), ({"form_id": "short"}, "send it again"),
    ],
)  # fmt: skip
def test_bad_input_makes_nothing(client: Client, anna: User, fields: dict[str, Any], complaint: str) -> None:
    response = make(client, **fields)
    text = response.content.decode()
    assert response.status_code == 200
    assert complaint in text
    assert not KEY.search(text)
    assert (ApiKey.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_what_was_filled_in_is_there_again(client: Client, anna: User) -> None:
    text = make(client, name=HOSTILE + "\n.", scopes=["admin"], lifetime="30").content.decode()
    assert "<script>alert(1)" not in text
    assert 'value="admin" checked' in text
    assert 'value="calls:read" checked' not in text
    assert '<option value="30" selected' in text


def test_a_form_has_no_say_in_anything_else(client: Client, anna: User) -> None:
    ben = person("ben")
    key = shown_key(make(client, user=ben.pk, digest="0" * 64, prefix="mine", key="mine", id=77, revoked_at="2020-01-01"))
    row = ApiKey.objects.get()
    assert (row.user, row.prefix, row.revoked_at) == (anna, key[:8], None)
    assert row.pk != 77


def test_the_same_form_sent_twice_makes_one_key(client: Client, anna: User) -> None:
    filled = {"form_id": "a" * 22, "name": "report", "reach": "everything", "lifetime": "never"}
    key = shown_key(client.post(NEW, filled))
    again = client.post(NEW, filled, follow=True)
    assert again.redirect_chain == [(LIST, 302)]
    assert "was sent before" in again.content.decode()
    assert key not in again.content.decode()
    assert ApiKey.objects.count() == 1
    # Somebody else's form may have the same id.
    other = Client()
    other.force_login(person("ben"))
    shown_key(other.post(NEW, filled))


def test_nobody_has_too_many(client: Client, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_KEYS", 1)
    shown_key(make(client))
    response = make(client)
    assert "You have 1 keys that open something" in response.content.decode()
    assert not KEY.search(response.content.decode())
    assert ApiKey.objects.count() == 1


def test_a_session_makes_no_key_that_is_more_than_itself(client: Client) -> None:
    sam = person("sam", Role.STAFF)
    key_of(person("ben"), "bens-report")
    # The claim makes him staff, no invitation lets him work as such on the web.
    client.force_login(sam, backend=AUTH0_BACKEND)
    response = make(client)
    assert "Here you are a user, a key of yours would act as staff" in response.content.decode()
    assert not KEY.search(response.content.decode())
    assert not ApiKey.objects.filter(user=sam).exists()
    assert "bens-report" not in page(client, "/keys/?of=everybody")
    accept_invitation_of(sam, client)
    shown_key(make(client))


def accept_invitation_of(sam: User, client: Client) -> None:
    Invitation.objects.create(email="sam@example.com", accepted_by=sam, accepted_at=timezone.now())
    session = client.session
    session[VERIFIED_EMAIL] = "sam@example.com"
    session.save()


# -- the list --------------------------------------------------------------------------------------------------------------


def test_the_list_tells_what_a_key_is(client: Client, anna: User) -> None:
    now = timezone.now()
    key_of(anna, "old", expires_at=now - timedelta(days=1))
    key_of(anna, "gone", scopes=["calls:write"]).revoke()
    fresh = key_of(anna, "fresh", scopes=["calls:read", "admin"], expires_at=now + timedelta(days=7))
    ApiKey.objects.filter(pk=fresh.pk).update(last_used_at=datetime(2026, 5, 4, 3, 2, tzinfo=UTC))
    rows = page(client).split("<tbody>")[1].split("<tr>")[1:]
    assert [re.search(r"wrapped\">(\w+)<", row)[1] for row in rows] == ["fresh", "gone", "old"]  # type: ignore[index]
    assert [re.search(r"outcome-\w+\">(\w+)<", row)[1] for row in rows] == ["Active", "Revoked", "Expired"]  # type: ignore[index]
    assert "May 4, 2026, 03:02 UTC" in rows[0]
    assert "<code>calls:read</code> <code>admin</code>" in rows[0]
    assert "Everything" in rows[2]
    assert [f"/keys/{fresh.pk}/revoke" in rows[0], "/revoke" in rows[1], "/revoke" in rows[2]] == [True, False, True]


def test_the_empty_list_says_what_a_key_is_for(client: Client, anna: User) -> None:
    text = page(client)
    assert "You have no keys yet" in text
    assert f'href="{NEW}"' in text
    assert "<table" not in text
    assert "No key matches" in page(client, "/keys/?q=zzz")


def test_everybody_gets_there(client: Client, anna: User) -> None:
    assert f'href="{LIST}"' in page(client, LIST)
    assert f'href="{LIST}"' in client.get("/").content.decode()


def test_others_keys_are_for_staff(client: Client, anna: User) -> None:
    key_of(person("ben"), "bens-report")
    for query in ("", "?of=everybody", "?q=bens", "?of=everybody&q=ben"):
        text = page(client, LIST + query)
        assert "bens-report" not in text
        assert "Everybody" not in text
    client.force_login(person("sam", Role.STAFF))
    assert "bens-report" not in page(client)
    text = page(client, "/keys/?of=everybody")
    assert "bens-report" in text
    assert "auth0|ben" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "beta alpha"), ("q=ALPH", "alpha"), ("q=anna", "alpha"), ("q=auth0|ben", "beta"), ("q=cafe", "alpha"), ("q=afe", ""),
        ("state=active", "beta"), ("state=revoked", "alpha"), ("state=expired", ""), ("state=no", ""), ("state=active&q=alpha", ""),
        ("cursor=nonsense", "beta alpha"), ("nonsense=1", "beta alpha"), ("q=%00", ""),
    ],
)  # fmt: skip
def test_staff_find_keys(client: Client, sam: User, query: str, names: str) -> None:
    alpha = key_of(person("anna"), "alpha")
    alpha.revoke()
    ApiKey.objects.filter(pk=alpha.pk).update(prefix="cafe1234")
    beta = key_of(person("ben"), "beta")
    ApiKey.objects.filter(pk=beta.pk).update(prefix="0badf00d")
    text = page(client, f"/keys/?of=everybody&{query}")
    assert re.findall(r"wrapped\">(alpha|beta)<", text) == names.split()


def test_a_deactivated_persons_key_is_shown_as_what_it_is(client: Client, sam: User) -> None:
    anna = person("anna")
    key_of(anna)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert 'outcome-deactivated">Deactivated' in page(client, "/keys/?of=everybody")
    assert "No key matches" in page(client, "/keys/?of=everybody&state=active")


def test_a_whole_key_does_not_stay_in_the_address(client: Client, sam: User) -> None:
    row, key = ApiKey.objects.issue(person("anna"), "alpha")
    response = client.get(LIST, {"q": f" {key} ", "of": "everybody"})
    assert (response.status_code, response["Location"]) == (302, f"/keys/?q={row.prefix}&of=everybody")
    text = page(client, response["Location"])
    assert "alpha" in text
    assert key not in text


def test_pages_of_keys(client: Client, sam: User) -> None:
    for number in range(51):
        key_of(sam, f"number-{number:02}")
    first = page(client)
    assert first.count("number-") == 2 * 50
    following = re.search(r'rel="next" href="(\?[^"]+)"', first)
    assert following is not None
    second = page(client, LIST + following[1].replace("&amp;", "&"))
    assert re.findall(r"wrapped\">(number-\d+)<", second) == ["number-00"]


def test_hostile_names_are_text(client: Client, sam: User) -> None:
    anna = User.objects.create_user("x", name=HOSTILE, subject=HOSTILE, issuer="i")
    key = key_of(anna, HOSTILE)
    for path in ("/keys/?of=everybody", f"/keys/{key.pk}/revoke", f"/keys/?{urlencode({'q': HOSTILE})}"):
        text = page(client, path)
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;{{ 7|add:1 }}" in text
    revoked = client.post(f"/keys/{key.pk}/revoke", follow=True).content.decode()
    assert "<script>alert(1)" not in revoked
    assert "is revoked" in revoked
    created = make(client, name=HOSTILE).content.decode()
    assert "<script>alert(1)" not in created


def test_as_many_questions_for_one_row_as_for_twenty(client: Client, sam: User, django_assert_num_queries: Callable) -> None:
    key_of(person("anna"))
    for path in (LIST, "/keys/?of=everybody"):
        client.get(path)
    key_of(sam)
    with django_assert_num_queries(3):
        client.get("/keys/?of=everybody")
    for number in range(20):
        key_of(person(f"person-{number}"))
        key_of(sam)
    for path in (LIST, "/keys/?of=everybody"):
        with django_assert_num_queries(3):
            client.get(path)


# -- revoking --------------------------------------------------------------------------------------------------------------


def test_asking_revokes_nothing_and_sending_does_at_once(client: Client, anna: User) -> None:
    row, key = ApiKey.objects.issue(anna, "report")
    path, headers = f"/keys/{row.pk}/revoke", {"x-mediamagic-key": key}
    assert "Revoke this key?" in page(client, path)
    assert client.head(path).status_code == 200
    assert client.get("/api/v2/auth/me", headers=headers).status_code == 200
    response = client.post(path)
    assert (response.status_code, response["Location"]) == (302, LIST)
    assert client.get("/api/v2/auth/me", headers=headers).status_code == 401
    assert f"report ({row.prefix}…) is revoked" in page(client)
    revoked_at = ApiKey.objects.get().revoked_at
    client.post(path)
    assert "was revoked before" in page(client)
    assert ApiKey.objects.get().revoked_at == revoked_at
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target_id) == ("api_key.revoked", anna, str(row.pk))


def test_anothers_key_is_not_there_but_for_staff(client: Client, anna: User) -> None:
    bens = key_of(person("ben"), "bens-report")
    for method in ("GET", "HEAD", "POST"):
        for key_id in (bens.pk, 10**9, 10**30):
            response = client.generic(method, f"/keys/{key_id}/revoke")
            assert response.status_code == 404
            assert b"bens-report" not in response.content
    assert ApiKey.objects.usable().get() == bens
    client.force_login(person("sam", Role.STAFF))
    assert "of Ben" in page(client, f"/keys/{bens.pk}/revoke")
    assert client.post(f"/keys/{bens.pk}/revoke")["Location"] == "/keys/?of=everybody"
    assert not ApiKey.objects.usable().exists()


# -- who, and how ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LIST, NEW, "/keys/{}/revoke"])
def test_nobody_and_the_deactivated_are_sent_to_sign_in(client: Client, anna: User, path: str) -> None:
    key = key_of(anna)
    path = path.format(key.pk)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    for visitor in (client, Client()):
        for method in ("GET", "POST"):
            response = visitor.generic(method, path)
            assert (response.status_code, response["Location"]) == (302, f"/login?next={path}")
    # The API's proofs open no page.
    proof = {"x-mediamagic-key": ApiKey.objects.issue(person("ben"), "test")[1]}
    assert Client().get(path, headers=proof).status_code == 302
    assert ApiKey.objects.filter(user=anna, revoked_at=None).count() == 1


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (LIST, ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
        (NEW, ("PUT", "PATCH", "DELETE", "OPTIONS")),
        ("/keys/{}/revoke", ("PUT", "PATCH", "DELETE", "OPTIONS")),
    ],
)
def test_other_verbs(client: Client, anna: User, path: str, methods: tuple[str, ...]) -> None:
    key = key_of(anna)
    for method in methods:
        assert client.generic(method, path.format(key.pk)).status_code == 405
    assert ApiKey.objects.usable().get() == key


def test_a_foreign_page_can_neither_make_nor_revoke(anna: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna)
    key = key_of(anna)
    filled = {"form_id": "a" * 22, "name": "report", "reach": "everything", "lifetime": "never"}
    assert strict.post(NEW, filled).status_code == 403
    assert strict.post(f"/keys/{key.pk}/revoke").status_code == 403
    assert ApiKey.objects.usable().get() == key
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', strict.get(NEW).content.decode())
    assert token is not None
    assert strict.post(NEW, filled | {"csrfmiddlewaretoken": token[1]}).status_code == 200
    assert ApiKey.objects.usable().count() == 2
