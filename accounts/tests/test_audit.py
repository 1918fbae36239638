"""The audit log: written once, read by staff alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, Role, User

pytestmark = pytest.mark.django_db

API, PAGE = "/api/v2/audit", "/audit/"


@pytest.fixture
def person() -> Callable[..., User]:
    def make(name: str, role: str = Role.USER) -> User:
        return User.objects.create_user(name, name=name, subject=f"auth0|{name}", issuer="https://auth0.invalid/", role=role)

    return make


@pytest.fixture
def key() -> Callable[..., dict[str, str]]:
    def issue(user: User, **fields: Any) -> dict[str, str]:
        return {"x-mediamagic-key": ApiKey.objects.issue(user, "test", **fields)[1]}

    return issue


@pytest.fixture
def sam(person: Callable[..., User]) -> User:
    """A member of staff, and a log of three entries."""
    sam = person("sam", Role.STAFF)
    AuditEntry.objects.record("api_key.issued", sam, actor=sam, after={"prefix": "0badcafe"})
    AuditEntry.objects.record("user.role_changed", sam, actor_label="sign-in", before={"role": "user"}, after={"role": "staff"})
    AuditEntry.objects.record("api_key.revoked", sam, actor=sam)
    return sam


def test_the_log_is_only_added_to(sam: User) -> None:
    entry = AuditEntry.objects.first()
    assert entry is not None
    entry.action = "forged"
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="forged"),
        lambda: AuditEntry.objects.filter(pk=entry.pk).update(actor_label="somebody else"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "api_key.revoked",
        "user.role_changed",
        "api_key.issued",
    ]


def test_staff_read_it_over_the_api(client: Client, sam: User, key: Callable) -> None:
    entries = client.get(API, headers=key(sam)).json()
    assert [entry["action"] for entry in entries] == ["api_key.revoked", "user.role_changed", "api_key.issued"]
    assert set(entries[0]) == {
        "id", "at", "actor", "actor_label", "action", "target_type", "target_id", "target_label", "address", "request_id",
        "before", "after", "credential",
    }  # fmt: skip
    assert (entries[0]["actor"], entries[1]["actor"], entries[1]["actor_label"]) == ("auth0|sam", None, "sign-in")
    assert entries[1]["before"] == {"role": "user"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=api_key", 2),
        ("action=api_key.issued", 1),
        ("action=api", 0),
        ("actor=auth0|sam", 2),
        ("actor=SIGN", 1),
        ("actor=nobody", 0),
        ("target_type=accounts.user", 3),
        ("target_id=0", 0),
        ("address=127.0.0.1", 0),
        ("request_id=x", 0),
        ("after=2020-01-01", 3),
        ("before=2020-01-01", 0),
    ],
)
def test_filters(client: Client, sam: User, key: Callable, query: str, found: int) -> None:
    assert len(client.get(f"{API}?{query}", headers=key(sam)).json()) == found
    client.force_login(sam)
    text = client.get(f"{PAGE}?{query}").content.decode()
    assert text.count("<tr>") - (1 if found else 0) == found


@pytest.mark.parametrize("query", ["after=yesterday", "address=home", "nonsense=1", "limit=0", "cursor=x", "actor=%00"])
def test_bad_input(client: Client, sam: User, key: Callable, query: str) -> None:
    assert client.get(f"{API}?{query}", headers=key(sam)).status_code == 400
    client.force_login(sam)
    assert client.get(f"{PAGE}?{query}").status_code == 200


def test_pages(client: Client, sam: User, key: Callable) -> None:
    first = client.get(f"{API}?limit=2", headers=key(sam))
    assert len(first.json()) == 2
    following = first["Link"].split(">")[0].lstrip("<").partition("testserver")[2]
    assert [entry["action"] for entry in client.get(following, headers=key(sam)).json()] == ["api_key.issued"]


def test_it_is_for_staff(client: Client, sam: User, person: Callable, key: Callable) -> None:
    anna = person("anna")
    assert client.get(API).status_code == 401
    assert client.get(API, headers=key(anna)).status_code == 403
    assert client.get(API, headers=key(sam, scopes=["calls:read"])).status_code == 403
    assert client.get(API, headers=key(sam, scopes=["admin"])).status_code == 200
    assert client.get(PAGE).status_code == 302
    client.force_login(anna)
    assert client.get(PAGE).status_code == 403
    # No session opens the API.
    client.force_login(sam)
    assert client.get(API).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_it(client: Client, sam: User, key: Callable, method: str) -> None:
    assert client.generic(method, API, headers=key(sam)).status_code == 405
    client.force_login(sam)
    assert client.generic(method, PAGE).status_code == 405
    assert AuditEntry.objects.count() == 3


def test_the_page_shows_hostile_text_as_text(client: Client, sam: User) -> None:
    AuditEntry.objects.record("user.changed", actor_label="<script>alert(1)</script>", after={"<b>": "\"'><img src=x>"})
    client.force_login(sam)
    text = client.get(PAGE).content.decode()
    assert "<script>alert(1)" not in text
    assert "<img src=x>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_page_asks_the_same_number_of_questions(client: Client, sam: User, django_assert_num_queries: Callable) -> None:
    client.force_login(sam)
    client.get(PAGE)
    with django_assert_num_queries(3):
        client.get(PAGE)
    for number in range(20):
        AuditEntry.objects.record("user.changed", sam, actor=sam, after={"n": number})
    with django_assert_num_queries(3):
        client.get(PAGE)


def test_newest_first_also_within_an_instant(sam: User) -> None:
    assert AuditEntry.objects.filter(at__gt=timezone.now() - timedelta(minutes=1)).count() == 3
    ids = list(AuditEntry.objects.values_list("pk", flat=True))
    assert ids == sorted(ids, reverse=True)


def test_the_page_says_it_in_words(client: Client, sam: User) -> None:
    before = {"active": True, "scopes": ["calls:read"], "limit": 0, "proxy_host": ""}
    AuditEntry.objects.record("user.changed", sam, before=before, after={"active": False, "scopes": ["calls:read", "admin"]})
    client.force_login(sam)
    text = client.get(PAGE).content.decode()
    assert "<del>yes</del> <ins>no</ins>" in text
    assert "<del>calls:read</del> <ins>calls:read, admin</ins>" in text
    assert "<del>0</del>" in text
    assert "proxy_host" not in text
