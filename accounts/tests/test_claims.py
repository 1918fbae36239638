"""What a token's claims say of a person, and what they cannot make anybody believe."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from accounts.claims import ClaimsError, person_known_by, role_named_by
from accounts.models import AuditEntry, Role, User

pytestmark = pytest.mark.django_db

CLAIM = settings.AUTH0_ROLES_CLAIM
ANNA = {"iss": "https://tenant.example/", "sub": "auth0|anna"}


@pytest.mark.parametrize(
    ("named", "role"),
    [
        (["staff"], "staff"),
        (["user", "admin", "staff"], "admin"),
        (["staff", "root", "Admin", "admin "], "staff"),
        ("admin", "admin"),
        # Present and naming nothing that we know: no more than a user.
        ([], "user"),
        ("", "user"),
        (["root"], "user"),
        ("staff,admin", "user"),
        (None, "user"),
        # Neither a string nor a list of strings: not read for what it might mean.
        (["admin", 5], "user"),
        ([["admin"]], "user"),
        ({"admin": True}, "user"),
        ({"role": "admin"}, "user"),
        (True, "user"),
        (2, "user"),
    ],
)
def test_the_highest_role_named(named: Any, role: str) -> None:
    assert role_named_by(ANNA | {CLAIM: named}) == role


@pytest.mark.parametrize("claims", [{}, {"roles": ["admin"]}, {"https://mediamagic.dev/role": ["admin"]}, {"role": "admin"}])
def test_another_claim_names_no_role(claims: dict[str, Any]) -> None:
    assert role_named_by(ANNA | claims) is None


def test_a_person_is_made_once_and_found_again() -> None:
    user = person_known_by(ANNA)
    assert (user.issuer, user.subject, user.role, user.name, user.email) == (*ANNA.values(), "user", "", "")
    assert not user.has_usable_password()
    assert person_known_by(ANNA).pk == user.pk
    assert not AuditEntry.objects.exists()


def test_only_issuer_and_subject_make_a_person() -> None:
    boss = User.objects.create_user("boss", name="Boss", email="boss@example.com", role=Role.ADMIN)
    profile = {"sub": "auth0|eve", "email": "boss@example.com", "email_verified": True, "name": "Boss", "nickname": "boss"}
    eve = person_known_by(ANNA | {"sub": "auth0|eve"}, profile)
    other_tenant = person_known_by({"iss": "https://other.example/", "sub": "auth0|eve"})
    assert len({boss.pk, eve.pk, other_tenant.pk}) == 3
    assert (eve.role, other_tenant.role) == ("user", "user")
    boss.refresh_from_db()
    assert (boss.subject, boss.role) == (None, "admin")


def test_the_role_follows_the_claim_and_each_change_is_written_down() -> None:
    steps = [(["staff"], "staff"), (["staff"], "staff"), (["admin"], "admin"), ([], "user"), (["staff"], "staff")]
    for named, role in steps:
        person_known_by(ANNA | {CLAIM: named})
        assert User.objects.get().role == role
    assert person_known_by(ANNA).role == "staff"
    entries = AuditEntry.objects.order_by("id").values_list("action", "actor_label", "before__role", "after__role")
    assert list(entries) == [
        ("user.role_changed", "Auth0", *change)
        for change in (("user", "staff"), ("staff", "admin"), ("admin", "user"), ("user", "staff"))
    ]


def test_an_older_token_does_not_bring_back_what_was_taken_away() -> None:
    person_known_by(ANNA | {CLAIM: ["admin"], "iat": 1000})
    person_known_by(ANNA | {CLAIM: [], "iat": 2000})
    for older in ({"iat": 1000}, {"iat": 1999.5}, {}, {"iat": True}, {"iat": 1e300}):
        assert person_known_by(ANNA | {CLAIM: ["admin"]} | older).role == "user"
    # The newest one counts, also where it only says again what is known.
    person_known_by(ANNA | {CLAIM: [], "iat": 3000})
    assert person_known_by(ANNA | {CLAIM: ["admin"], "iat": 2500}).role == "user"
    assert person_known_by(ANNA | {"iat": 9000}).role == "user"
    assert person_known_by(ANNA | {CLAIM: ["staff"], "iat": 3000}).role == "staff"
    assert AuditEntry.objects.count() == 3


def test_name_and_email_come_from_a_profile_alone() -> None:
    said = {"name": "Anna", "email": "anna@example.com", "email_verified": True}
    assert person_known_by(ANNA | said).name == ""
    user = person_known_by(ANNA, ANNA | said)
    user.refresh_from_db()
    assert (user.name, user.email) == ("Anna", "anna@example.com")
    assert user.updated_at > user.created_at
    person_known_by(ANNA)
    person_known_by(ANNA, ANNA | {"name": "", "email": "", "email_verified": True})
    user.refresh_from_db()
    assert (user.name, user.email) == ("Anna", "anna@example.com")


@pytest.mark.parametrize(
    ("said", "name", "email"),
    [
        ({"email": "anna@example.com"}, "", ""),
        ({"email": "anna@example.com", "email_verified": False}, "", ""),
        ({"email": "anna@example.com", "email_verified": "true"}, "", ""),
        ({"email": "nonsense", "email_verified": True}, "", ""),
        ({"email": f"{'a' * 60}@{'b' * 250}.com", "email_verified": True}, "", ""),
        ({"email": ["anna@example.com"], "email_verified": True}, "", ""),
        ({"name": "An\0na\u202e\n"}, "Anna", ""),
        ({"name": "a" * 300}, "a" * 255, ""),
        ({"name": {"first": "Anna"}}, "", ""),
        ({"role": "admin", "is_superuser": True, "username": "root"}, "", ""),
    ],
)
def test_what_is_no_name_and_no_verified_email_is_left(said: dict[str, Any], name: str, email: str) -> None:
    user = person_known_by(ANNA, ANNA | said)
    user.refresh_from_db()
    assert (user.name, user.email, user.role, user.is_superuser) == (name, email, "user", False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": ""},
        {"sub": None},
        {"sub": 5},
        {"sub": ["a"]},
        {"sub": "a" * 256},
        {"sub": "a\0"},
        {"sub": "a\u202eb"},
        {"iss": ""},
        {"iss": 1},
    ],
)
def test_claims_that_do_not_say_who(wrong: dict[str, Any]) -> None:
    with pytest.raises(ClaimsError):
        person_known_by(ANNA | wrong)
    with pytest.raises(ClaimsError):
        person_known_by({name: value for name, value in ANNA.items() if name not in wrong})
    assert not User.objects.exists()


def test_a_profile_of_somebody_else_makes_nobody() -> None:
    for profile in ({"sub": "auth0|ben", "name": "Ben"}, {"name": "Ben"}):
        with pytest.raises(ClaimsError):
            person_known_by(ANNA, profile)
    assert not User.objects.exists()


def test_somebody_deactivated_stays_as_he_is() -> None:
    user = person_known_by(ANNA)
    User.objects.update(is_active=False)
    found = person_known_by(ANNA | {CLAIM: ["admin"]}, ANNA | {"name": "Anna"})
    assert (found.pk, found.is_active, found.role, found.name) == (user.pk, False, "user", "")
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_first_sights_at_once_make_one_person_and_one_entry() -> None:
    def see(_: int) -> int:
        try:
            return person_known_by(ANNA | {CLAIM: ["staff"]}, ANNA | {"name": "Anna"}).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        seen = list(threads.map(see, range(20)))
    assert set(seen) == {User.objects.get().pk}
    assert (User.objects.get().role, AuditEntry.objects.count()) == ("staff", 1)
