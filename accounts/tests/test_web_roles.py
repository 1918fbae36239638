"""As what somebody is signed in on the web: the claim, and an invitation or an address of our own, for as long as both hold."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Invitation, Role, User
from accounts.tests.auth0 import bearer
from accounts.tests.tenant import ADA, ALEXIS, SAM, STRANGER, Browser

pytestmark = pytest.mark.django_db


def role_in(browser: Browser) -> str:
    """Return the role that the console shows."""
    page = browser.client.get("/").content.decode()
    return next(role for role in ("User", "Staff", "Admin") if f"<span>{role}</span>" in page)


def sees_the_administration(browser: Browser) -> bool:
    response = browser.client.get("/admin/")
    if response.status_code == 200:
        return True
    assert response["Location"] == "/admin/login/?next=/admin/"
    assert browser.client.get(response["Location"]).status_code == 403
    return False


def invite(email: str, role: str = Role.STAFF, **fields: Any) -> Invitation:
    return Invitation.objects.create(email=email, role=role, **fields)


# -- let in as staff -------------------------------------------------------------------------------------------------------


def test_claim_and_invitation_together_make_staff(browser: Browser) -> None:
    invitation = invite("sam@mediamagic.example")
    browser.sign_in(SAM)
    assert (role_in(browser), sees_the_administration(browser)) == ("Staff", True)
    invitation.refresh_from_db()
    sam = User.objects.get(subject=SAM.subject)
    assert (invitation.accepted_by, invitation.state) == (sam, "accepted")
    entry = AuditEntry.objects.get(action="invitation.accepted")
    assert (entry.actor, entry.target_label) == (sam, "sam@mediamagic.example as staff")
    again = Browser(browser.tenant)
    again.sign_in(SAM)
    assert role_in(again) == "Staff", "an accepted invitation lets in the next time, too"
    assert AuditEntry.objects.filter(action="invitation.accepted").count() == 1


def test_a_domain_of_our_own_needs_no_invitation(browser: Browser, settings: Any) -> None:
    settings.STAFF_EMAIL_DOMAINS = ["mediamagic.example"]
    browser.sign_in(SAM)
    assert role_in(browser) == "Staff"
    boss = Browser(browser.tenant)
    boss.sign_in(ALEXIS)
    assert role_in(boss) == "Admin"
    assert boss.client.get("/invitations/").status_code == 200


def test_an_invitation_to_staff_makes_no_admin(browser: Browser) -> None:
    invite("alexis@mediamagic.example", Role.STAFF)
    browser.sign_in(ALEXIS)
    assert User.objects.get().role == Role.ADMIN, "the claim is stored as it is"
    assert (role_in(browser), sees_the_administration(browser)) == ("Staff", True)
    assert browser.client.get("/invitations/").status_code == 403
    assert browser.client.get("/admin/accounts/invitation/").status_code == 403
    assert browser.client.get("/admin/accounts/user/").status_code == 200


def test_an_invitation_to_admin_and_the_claim_make_one(browser: Browser) -> None:
    invite("alexis@mediamagic.example", Role.ADMIN)
    browser.sign_in(ALEXIS)
    assert role_in(browser) == "Admin"


def test_an_invitation_to_admin_raises_no_claim(browser: Browser) -> None:
    invite("sam@mediamagic.example", Role.ADMIN)
    browser.sign_in(SAM)
    assert role_in(browser) == "Staff"
    assert browser.client.get("/invitations/").status_code == 403


# -- let in as no more than a user -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "fields"),
    [
        ("somebody.else@mediamagic.example", {}),
        ("sam@mediamagic.example.evil.example", {}),
        ("sam@mediamagic.example", {"withdrawn_at": timezone.now()}),
    ],
    ids=["another's", "longer", "withdrawn"],
)
def test_the_claim_without_an_invitation_makes_a_user(browser: Browser, email: str, fields: dict[str, Any]) -> None:
    invite(email, **fields)
    browser.sign_in(SAM)
    assert User.objects.get().role == Role.STAFF
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)
    assert not Invitation.objects.exclude(accepted_by=None).exists()


def test_nobody_accepts_an_invitation_that_he_sent_himself(browser: Browser) -> None:
    """Over the API the claim alone makes an admin: that must not let him in here as more than he was invited to."""
    browser.sign_in(ALEXIS)
    alexis = User.objects.get(subject=ALEXIS.subject)
    own = invite("alexis@mediamagic.example", Role.ADMIN, invited_by=alexis)
    again = Browser(browser.tenant)
    again.sign_in(ALEXIS)
    own.refresh_from_db()
    assert (role_in(again), own.accepted_by) == ("User", None)
    Invitation.objects.update(invited_by=User.objects.create_user("ada"))
    once_more = Browser(browser.tenant)
    once_more.sign_in(ALEXIS)
    assert role_in(once_more) == "Admin"


def test_an_invitation_that_somebody_else_accepted_is_his(browser: Browser) -> None:
    ada = User.objects.create_user("ada")
    invite("sam@mediamagic.example", accepted_by=ada, accepted_at=timezone.now())
    browser.sign_in(SAM)
    assert role_in(browser) == "User"


def test_an_invitation_without_the_claim_makes_a_user_and_stays_open(browser: Browser) -> None:
    invitation = invite("ada@customer.example")
    browser.sign_in(ADA)
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)
    invitation.refresh_from_db()
    assert invitation.state == "open"


def test_a_stranger_with_an_invited_address_lacks_the_claim(browser: Browser) -> None:
    invite("sam@mediamagic.example")
    browser.sign_in(STRANGER)
    assert role_in(browser) == "User"
    assert Invitation.objects.get().state == "open", "it still waits for whom it was meant for"


@pytest.mark.parametrize("domains", [["example"], ["agic.example"], ["sub.mediamagic.example"], [""]], ids=str)
def test_a_domain_is_compared_whole(browser: Browser, settings: Any, domains: list[str]) -> None:
    settings.STAFF_EMAIL_DOMAINS = domains
    browser.sign_in(SAM)
    assert role_in(browser) == "User"


@pytest.mark.parametrize("email", ["sam@\N{KELVIN SIGN}iwi.example", "\N{LATIN SMALL LETTER LONG S}am@kiwi.example"])
def test_an_address_that_only_folds_to_an_invited_one(browser: Browser, settings: Any, email: str) -> None:
    """Lower case makes `k` of the Kelvin sign."""
    settings.STAFF_EMAIL_DOMAINS = ["kiwi.example"]
    invite("sam@kiwi.example")
    sam = browser.tenant.change(SAM, email=email)
    browser.sign_in(sam)
    assert role_in(browser) == "User"
    assert Invitation.objects.get().state == "open"


def test_others_calls_are_not_for_who_is_not_invited(browser: Browser) -> None:
    """What staff see goes by the role in force, on every page."""
    browser.sign_in(SAM)
    page = browser.client.get("/").content.decode()
    assert "<h1>My calls</h1>" in page
    invite("sam@mediamagic.example")
    browser.sign_in(SAM)
    assert "<h1>Calls</h1>" in browser.client.get("/").content.decode()


def test_the_lesser_role_is_never_stored(browser: Browser) -> None:
    browser.sign_in(SAM)
    request = browser.client.get("/").wsgi_request
    person = request.user
    assert (person.role, person.effective_role, person.is_staff) == (Role.STAFF, Role.USER, False)
    assert not person.has_perm("telephony.view_call")
    assert not person.get_all_permissions()
    person.save()
    stored = User.objects.get()
    assert (stored.role, stored.effective_role) == (Role.STAFF, Role.STAFF), "a program with his key may what he may"
    assert "session_ceiling" not in {field.name for field in User._meta.get_fields()}


# -- for as long as it holds -----------------------------------------------------------------------------------------------


def test_a_withdrawn_invitation_ends_it_at_the_next_request(browser: Browser, client: Client) -> None:
    invitation = invite("sam@mediamagic.example")
    browser.sign_in(SAM)
    assert sees_the_administration(browser)
    client.force_login(User.objects.create_user("ada", role=Role.ADMIN))
    assert client.post(f"/invitations/{invitation.pk}/withdraw").status_code == 302
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)
    again = Browser(browser.tenant)
    again.sign_in(SAM)
    assert role_in(again) == "User"


def test_a_domain_that_is_ours_no_more(browser: Browser, settings: Any) -> None:
    settings.STAFF_EMAIL_DOMAINS = ["mediamagic.example"]
    browser.sign_in(SAM)
    assert role_in(browser) == "Staff"
    settings.STAFF_EMAIL_DOMAINS = []
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)


def test_a_claim_that_changes_binds_sessions_that_are_open(browser: Browser, settings: Any) -> None:
    settings.STAFF_EMAIL_DOMAINS = ["mediamagic.example"]
    browser.sign_in(SAM)
    assert role_in(browser) == "Staff"
    Browser(browser.tenant).sign_in(browser.tenant.change(SAM, roles=()))
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)
    Browser(browser.tenant).sign_in(browser.tenant.change(SAM, roles=("admin", "unknown")))
    assert role_in(browser) == "Admin"


def test_a_claim_in_a_token_of_the_api_binds_sessions_that_are_open(browser: Browser, settings: Any) -> None:
    settings.STAFF_EMAIL_DOMAINS = ["mediamagic.example"]
    browser.sign_in(SAM)
    token = browser.tenant.stand_in.mint({settings.AUTH0_ROLES_CLAIM: []}, person=SAM)
    assert Client().get("/api/v2/auth/me", headers=bearer(token)).status_code == 200
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)


def test_what_the_web_does_not_let_him_be_his_token_does(browser: Browser) -> None:
    """The API goes by the claim alone."""
    browser.sign_in(SAM)
    assert role_in(browser) == "User"
    token = browser.tenant.stand_in.mint(person=SAM)
    assert Client().get("/api/v2/auth/me", headers=bearer(token)).json()["role"] == "staff"
    assert (role_in(browser), sees_the_administration(browser)) == ("User", False)


def test_a_claim_that_is_absent_leaves_the_role(browser: Browser, settings: Any) -> None:
    settings.STAFF_EMAIL_DOMAINS = ["mediamagic.example"]
    browser.sign_in(SAM)
    browser.sign_in(browser.tenant.change(SAM, roles=None))
    assert (User.objects.get().role, role_in(browser)) == (Role.STAFF, "Staff")


def test_another_address_is_not_the_one_that_was_invited(browser: Browser) -> None:
    invite("sam@mediamagic.example")
    browser.sign_in(SAM)
    assert role_in(browser) == "Staff"
    browser.sign_in(browser.tenant.change(SAM, email="sam@home.example"))
    assert role_in(browser) == "User"


def test_deactivated_between_two_requests(browser: Browser) -> None:
    invite("sam@mediamagic.example")
    browser.sign_in(SAM)
    User.objects.update(is_active=False)
    assert browser.client.get("/")["Location"] == "/login?next=/"
    assert browser.client.get("/admin/").status_code == 302


def test_plain_users_cost_no_query_more(browser: Browser, django_assert_num_queries: Any) -> None:
    browser.sign_in(ADA)
    with django_assert_num_queries(2):
        assert browser.client.get("/account/second-factor").status_code == 403
