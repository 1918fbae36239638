"""Signing in to the console through Auth0, out again, and every way in which somebody is not let in."""

import re
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.signing import dumps
from django.test import Client
from social_django.models import UserSocialAuth

from accounts.models import AuditEntry, Role, User
from accounts.tests.auth0 import AUDIENCE, bearer
from accounts.tests.tenant import ADA, ALEXIS, NICO, SAM, SILENT, STRANGER, Browser, Tenant, query_of
from demo.auth0 import Person

pytestmark = pytest.mark.django_db


def refused_with(response: Any, status: int, heading: str) -> str:
    """Check a refusal's page, and return the reason that was written down."""
    page = response.content.decode()
    assert response.status_code == status, page
    assert f"<h1>{heading}</h1>" in page
    assert 'href="/login"' in page, "there is a way out"
    assert "no-store" in response["Cache-Control"]
    return str(AuditEntry.objects.filter(action="session.refused").latest("at").after["reason"])


# -- in --------------------------------------------------------------------------------------------------------------------


def test_the_button_leads_to_auth0_with_all_that_protects_the_way(browser: Browser) -> None:
    page = browser.client.get("/login?next=/%3Fanswered%3Dtrue")
    text = page.content.decode()
    assert 'action="/login/auth0/"' in text
    assert 'name="next" value="/?answered=true"' in text
    assert text.index("login/auth0") < text.index("Sign in with a password"), "the button comes first"
    assert browser.tenant.stand_in.base_url in page["Content-Security-Policy"].partition("form-action")[2]
    address = browser.begin()
    query = query_of(address)
    assert address.startswith(f"{browser.tenant.stand_in.base_url}/authorize?")
    assert query["redirect_uri"] == "http://testserver/complete/auth0/"
    assert (query["response_type"], query["code_challenge_method"], query["audience"]) == ("code", "S256", AUDIENCE)
    assert set(query["scope"].split()) == {"openid", "profile", "email"}, "no refresh token is asked for"
    assert all(len(query[name]) >= 32 for name in ("state", "nonce", "code_challenge"))
    assert query_of(browser.begin())["state"] != query["state"]


def test_a_person_lands_on_the_page_first_asked_for(browser: Browser) -> None:
    asked = browser.client.get("/?answered=true")
    assert asked["Location"] == "/login?next=/%3Fanswered%3Dtrue"
    response = browser.sign_in(ADA, "/?answered=true")
    assert (response.status_code, response["Location"]) == (302, "/?answered=true")
    page = browser.client.get("/?answered=true")
    assert "Ada Okafor" in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"
    person = User.objects.get()
    assert (person.subject, person.issuer) == ("auth0|ada", browser.tenant.stand_in.issuer)
    assert (person.name, person.email, person.role) == ("Ada Okafor", "ada@customer.example", Role.USER)
    entry = AuditEntry.objects.get(action="session.started")
    assert (entry.actor, entry.after, entry.address) == (person, {"by": "Auth0"}, "127.0.0.1")
    assert browser.client.get("/login")["Location"] == "/", "who is in needs no form"


def test_no_token_and_no_code_is_kept(browser: Browser) -> None:
    callback = browser.at_auth0(browser.begin(), ADA)
    browser.client.get(callback)
    association = UserSocialAuth.objects.get()
    assert association.extra_data == {}
    assert association.uid == f"{browser.tenant.stand_in.issuer} auth0|ada"
    kept = dumps(dict(browser.client.session)) + str(list(AuditEntry.objects.values()))
    for secret in (query_of(callback)["code"], query_of(callback)["state"], browser.tenant.stand_in.client_secret):
        assert secret not in kept
    assert not [key for key, _ in browser.client.session.items() if "state" in key or "token" in key]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "call-list",
        "x" * 5000,
    ],
    ids=lambda target: target[:20],
)
def test_nobody_is_sent_elsewhere(browser: Browser, target: str) -> None:
    assert browser.sign_in(ADA, target)["Location"] == "/"


@pytest.mark.parametrize("target", ["/login", "/login?next=/login", "/logout", "/complete/auth0/?code=1", "/admin/login/"])
def test_signing_in_leads_into_no_circle(browser: Browser, target: str) -> None:
    assert browser.sign_in(ADA, target)["Location"] == "/"
    assert browser.client.get(f"/login?next={quote(target)}")["Location"] == "/"


def test_the_callback_names_no_other_target(browser: Browser) -> None:
    callback = browser.at_auth0(browser.begin("/?answered=true"), ADA)
    assert browser.client.get(f"{callback}&next=//evil.example")["Location"] == "/?answered=true"


def test_each_tab_goes_its_own_way(browser: Browser) -> None:
    first, second = browser.begin("/?q=111"), browser.begin("/?q=222")
    assert browser.client.get(browser.at_auth0(first, ADA))["Location"] == "/?q=111"
    assert browser.client.get(browser.at_auth0(second, ADA))["Location"] == "/?q=222"
    assert User.objects.count() == 1


def test_the_session_gets_a_new_key(browser: Browser) -> None:
    browser.begin()
    before = browser.client.cookies["sessionid"].value
    browser.sign_in(ADA)
    planted = browser.client.cookies["sessionid"].value
    assert planted != before
    browser.sign_in(ADA)
    assert browser.client.cookies["sessionid"].value not in (before, planted)
    fixed = Client()
    fixed.cookies["sessionid"] = before
    assert fixed.get("/").status_code == 302, "whoever planted the first key has nothing"


def test_another_account_takes_over_the_browser_and_joins_nothing(browser: Browser) -> None:
    browser.sign_in(ADA)
    other = Browser(browser.tenant, client=browser.client)
    other.sign_in(SILENT)
    page = browser.client.get("/").content.decode()
    assert "Sia Lent" in page
    assert "Ada Okafor" not in page
    assert UserSocialAuth.objects.count() == User.objects.count() == 2
    assert {each.user.subject for each in UserSocialAuth.objects.all()} == {"auth0|ada", "auth0|silent"}


def test_a_superusers_session_is_joined_with_nobody(browser: Browser) -> None:
    boss = User.objects.create_superuser("boss", "correct horse battery")
    browser.client.force_login(boss)
    browser.sign_in(STRANGER)
    assert not boss.social_auth.exists()
    assert browser.client.get("/admin/").status_code == 302


# -- who it is -------------------------------------------------------------------------------------------------------------


def test_a_stranger_with_a_member_of_staffs_address_is_somebody_else(browser: Browser) -> None:
    sam = User.objects.by_subject(browser.tenant.stand_in.issuer, SAM.subject)
    User.objects.change(sam, role=Role.STAFF, email="sam@mediamagic.example")
    browser.sign_in(STRANGER)
    assert User.objects.count() == 2
    stranger = User.objects.get(subject=STRANGER.subject)
    assert stranger.role == Role.USER
    assert browser.client.session["_auth_user_id"] == str(stranger.pk) != str(sam.pk)
    assert browser.client.get("/admin/").status_code == 302


def test_whom_the_api_knows_is_the_same_on_the_web(browser: Browser) -> None:
    proof = bearer(browser.tenant.stand_in.mint(person=ADA))
    assert Client().get("/api/v2/auth/me", headers=proof).json()["auth0_id"] == ADA.subject
    known = User.objects.get()
    browser.sign_in(ADA)
    assert User.objects.get() == known
    assert browser.client.session["_auth_user_id"] == str(known.pk)


def test_whom_the_web_knows_is_the_same_over_the_api(browser: Browser) -> None:
    browser.sign_in(ADA)
    known = User.objects.get()
    proof = bearer(browser.tenant.stand_in.mint(person=ADA))
    assert Client().get("/api/v2/auth/me", headers=proof).json()["auth0_id"] == ADA.subject
    assert User.objects.get() == known
    assert UserSocialAuth.objects.count() == 1


@pytest.mark.parametrize("path", ["/api/v2/auth/me", "/api/v2/call-recording", "/api/v2/assign-number", "/api/v2/tokens"])
def test_a_session_opens_nothing_of_the_api(browser: Browser, path: str) -> None:
    browser.sign_in(ADA)
    assert browser.is_in()
    assert browser.client.get(path).status_code == 401


def test_the_same_subject_of_another_issuer_is_somebody_else(browser: Browser, settings: Any) -> None:
    elsewhere = User.objects.by_subject("https://auth0.invalid/", ADA.subject)
    browser.sign_in(ADA)
    assert User.objects.exclude(pk=elsewhere.pk).get().issuer == browser.tenant.stand_in.issuer
    settings.AUTH0_ISSUER = "https://other.example/"
    again = Browser(browser.tenant)
    assert refused_with(again.sign_in(ADA), 403, "The sign-in could not be verified") == "unproven"
    assert not again.is_in()


def test_a_name_that_auth0_says_takes_no_account_here(browser: Browser) -> None:
    User.objects.create_superuser("admin", "correct horse battery")
    browser.tenant.people.append(Person("auth0|admin", "admin", "admin@customer.example"))
    browser.sign_in(browser.tenant.people[-1])
    person = User.objects.get(subject="auth0|admin")
    assert person.username.startswith("auth0-")
    assert not person.is_superuser
    assert not person.has_usable_password()


def test_a_new_key_of_auth0_is_found(browser: Browser) -> None:
    browser.sign_in(ADA)
    browser.tenant.stand_in.rotate()
    assert Browser(browser.tenant).sign_in(ADA).status_code == 302


# -- not in ----------------------------------------------------------------------------------------------------------------


def test_an_unverified_address(browser: Browser) -> None:
    response = browser.sign_in(NICO)
    assert refused_with(response, 403, "Your e-mail address is not verified") == "email_unverified"
    entry = AuditEntry.objects.get(action="session.refused")
    assert (entry.actor, entry.actor_label) == (None, "auth0|nico")
    assert not User.objects.exists(), "nothing is stored of who may not come in"
    assert not browser.is_in()
    # Auth0 would let the same account in again and again: the page leads out of it.
    assert f"{browser.tenant.stand_in.base_url}/v2/logout?" in response.content.decode()


@pytest.mark.parametrize("said", ["true", 1, None, "yes"])
def test_only_true_is_verified(browser: Browser, said: Any) -> None:
    browser.tenant.change(ADA, email_verified=said)
    assert refused_with(browser.sign_in(ADA), 403, "Your e-mail address is not verified") == "email_unverified"


@pytest.mark.parametrize("email", ["", "nobody", None, "sam\x00@mediamagic.example"])
def test_an_address_that_is_none(browser: Browser, email: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = browser.begin()
    callback = browser.at_auth0(address, ADA)
    profile = browser.tenant.stand_in._tokens.__class__.profile
    monkeypatch.setattr(
        "demo.auth0.tokens.Tokens.profile", lambda self, person, scope: profile(self, person, scope) | {"email": email}
    )
    assert refused_with(browser.client.get(callback), 403, "Your e-mail address is not verified") == "email_unverified"
    assert not User.objects.exists()


def test_a_deactivated_person(browser: Browser) -> None:
    browser.sign_in(ADA)
    assert browser.is_in()
    User.objects.update(is_active=False)
    assert not browser.is_in(), "from the next request on"
    response = Browser(browser.tenant).sign_in(ADA)
    assert refused_with(response, 403, "Your account is deactivated") == "deactivated"
    assert User.objects.count() == 1


def test_a_superuser_comes_in_by_password_alone(browser: Browser) -> None:
    browser.sign_in(ADA)
    User.objects.update(is_superuser=True)
    response = Browser(browser.tenant).sign_in(ADA)
    assert refused_with(response, 403, "This account signs in by password") == "password_only"


@pytest.mark.parametrize("subject", ["auth0|\x00", "auth0|\u202eada", "x" * 256])
def test_a_subject_that_is_none(browser: Browser, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = browser.tenant.stand_in._tokens.__class__
    genuine = tokens.id_claims
    monkeypatch.setattr(tokens, "id_claims", lambda *args: genuine(*args) | {"sub": subject})
    response = browser.sign_in(ADA)
    assert refused_with(response, 403, "The sign-in could not be verified") == "unproven"
    assert not User.objects.exists()


def test_an_association_that_was_bent_leads_nowhere(browser: Browser) -> None:
    browser.sign_in(ADA)
    boss = User.objects.create_superuser("boss", "correct horse battery")
    UserSocialAuth.objects.update(user=boss)
    response = Browser(browser.tenant).sign_in(ADA)
    assert refused_with(response, 403, "We cannot tell whose account this is") == "no_identity"


@pytest.mark.parametrize("state", ["", "forged", "x" * 200, "%00", "é"])
def test_a_forged_state(browser: Browser, state: str) -> None:
    callback = browser.at_auth0(browser.begin(), ADA)
    forged = f"/complete/auth0/?{urlencode({'code': query_of(callback)['code']})}&state={state}"
    assert refused_with(browser.client.get(forged), 400, "This sign-in has expired") == "stale"
    assert not browser.is_in()
    assert not User.objects.exists()


def test_a_state_of_another_browser(browser: Browser) -> None:
    """Nobody can be made to sign in to an account that is not theirs."""
    callback = browser.at_auth0(browser.begin(), STRANGER)
    victim = Browser(browser.tenant)
    victim.begin()
    assert refused_with(victim.client.get(callback), 400, "This sign-in has expired") == "stale"
    assert not victim.is_in()


def test_a_state_that_is_too_old(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    callback = browser.at_auth0(browser.begin(), ADA)
    later = time.time() + 601
    monkeypatch.setattr("social_core.backends.oauth._time", lambda: later)
    assert refused_with(browser.client.get(callback), 400, "This sign-in has expired") == "stale"
    assert not browser.is_in()


def test_a_code_is_taken_once(browser: Browser) -> None:
    callback = browser.at_auth0(browser.begin(), ADA)
    assert browser.client.get(callback).status_code == 302
    thief = Browser(browser.tenant)
    assert refused_with(thief.client.get(callback), 400, "This sign-in has expired") == "stale"
    browser.client.post("/logout")
    assert refused_with(browser.client.get(callback), 400, "This sign-in has expired") == "stale"
    assert not browser.is_in()


def test_a_code_that_auth0_does_not_take(browser: Browser) -> None:
    state = query_of(browser.begin())["state"]
    response = browser.client.get(f"/complete/auth0/?{urlencode({'code': 'made-up', 'state': state})}")
    assert refused_with(response, 400, "This sign-in has expired") == "stale"
    assert not browser.is_in()


@pytest.mark.parametrize("challenge", ["nonce", "code_challenge"])
def test_a_code_that_was_got_for_another_sign_in(browser: Browser, challenge: str) -> None:
    """A code that an attacker put into the way back lacks our nonce or our PKCE verifier."""
    address = browser.begin()
    altered = re.sub(rf"{challenge}=[^&]+", f"{challenge}={'A' * 43}", address)
    assert refused_with(browser.client.get(browser.at_auth0(altered, ADA)), 400, "This sign-in has expired") == "stale"
    assert not browser.is_in()


@pytest.mark.parametrize(
    ("error", "status", "heading", "reason"),
    [
        ("access_denied", 403, "You were not let in", "denied"),
        ("login_required", 503, "The sign-in service does not answer", "provider_unavailable"),
        ("temporarily_unavailable", 503, "The sign-in service does not answer", "provider_unavailable"),
        ("invalid_request", 503, "Signing in is not set up properly", "misconfigured"),
        ("<script>alert(1)</script>", 503, "The sign-in service does not answer", "provider_unavailable"),
    ],
)
def test_what_auth0_may_say_instead(browser: Browser, error: str, status: int, heading: str, reason: str) -> None:
    state = query_of(browser.begin())["state"]
    query = urlencode({"error": error, "error_description": "Call 0900-EVIL <b>now</b>", "state": state})
    response = browser.client.get(f"/complete/auth0/?{query}")
    assert refused_with(response, status, heading) == reason
    page = response.content.decode()
    assert "EVIL" not in page, "whoever makes the address does not write our page"
    assert "<script>alert" not in page


@pytest.mark.parametrize("how", ["refuse", "error", "hang"])
def test_auth0_is_down(browser: Browser, how: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.provider.TIMEOUT_SECONDS", 0.3)
    callback = browser.at_auth0(browser.begin(), ADA)
    browser.tenant.stand_in.down(how)
    response = browser.client.get(callback)
    assert refused_with(response, 503, "The sign-in service does not answer") == "provider_unavailable"
    assert response["Retry-After"] == "5"
    assert not browser.is_in()


def test_auth0s_keys_cannot_be_had(browser: Browser, settings: Any) -> None:
    settings.AUTH0_JWKS_URL = f"{browser.tenant.stand_in.base_url}/nowhere"
    assert refused_with(browser.sign_in(ADA), 503, "The sign-in service does not answer") == "provider_unavailable"
    assert not browser.is_in()


def test_known_keys_outlive_an_outage_of_the_jwks(browser: Browser) -> None:
    browser.sign_in(ADA)
    before = browser.tenant.stand_in.jwks_requests
    Browser(browser.tenant).sign_in(ADA)
    assert browser.tenant.stand_in.jwks_requests == before, "the keys of the API's tokens are these"


def test_auth0_is_down_and_sessions_go_on(browser: Browser) -> None:
    browser.sign_in(ADA)
    browser.tenant.stand_in.down()
    assert browser.is_in()


def test_what_goes_wrong_before_auth0_is_asked(browser: Browser, settings: Any) -> None:
    settings.SOCIAL_AUTH_STATE_LIFETIME = 0
    response = browser.client.post("/login/auth0/", {"next": "/"})
    assert refused_with(response, 503, "Signing in is not set up properly") == "misconfigured"


def test_a_wrong_client_secret(browser: Browser, settings: Any) -> None:
    callback = browser.at_auth0(browser.begin(), ADA)
    settings.AUTH0_CLIENT_SECRET = "wrong-secret-canary"
    response = browser.client.get(callback)
    assert refused_with(response, 503, "Signing in is not set up properly") == "misconfigured"
    assert "canary" not in response.content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example/"},
        {"aud": "another-client"},
        {"exp": 1},
        {"nonce": "another"},
        {"sub": None},
        {"iat": 1},
        {"iat": "now"},
        {"at_hash": "another"},
        {"aud": ["demo-client", "another"], "azp": "another"},
    ],
    ids=str,
)
def test_an_id_token_that_proves_nothing(browser: Browser, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = browser.tenant.stand_in._tokens.__class__
    genuine = tokens.id_claims
    monkeypatch.setattr(
        tokens, "id_claims", lambda *args: {k: v for k, v in (genuine(*args) | changes).items() if v is not None}
    )
    response = browser.sign_in(ADA)
    assert response.status_code in (400, 403)
    assert AuditEntry.objects.get(action="session.refused").after["reason"] in ("stale", "unproven")
    assert not browser.is_in()
    assert not User.objects.exists()


# -- out -------------------------------------------------------------------------------------------------------------------


def test_signing_out_goes_on_to_auth0(browser: Browser) -> None:
    browser.sign_in(ADA)
    assert browser.client.get("/logout").status_code == 405
    assert browser.is_in()
    address = browser.client.post("/logout")["Location"]
    assert address.startswith(f"{browser.tenant.stand_in.base_url}/v2/logout?")
    assert query_of(address) == {"client_id": browser.tenant.stand_in.client_id, "returnTo": "http://testserver/login"}
    assert not browser.is_in()
    assert AuditEntry.objects.get(action="session.ended").actor == User.objects.get()
    out = browser.visitor.browser.get(address, allow_redirects=False)
    assert out.headers["Location"] == "http://testserver/login"
    # Auth0 asks again: its session is over, too.
    asked = browser.visitor.browser.get(browser.begin(), allow_redirects=False)
    assert asked.status_code == 200


def test_a_superuser_signs_out_here_alone(browser: Browser) -> None:
    browser.client.force_login(User.objects.create_superuser("boss", "correct horse battery"))
    assert browser.client.post("/logout")["Location"] == "/login"


def test_a_session_outlives_the_setting_up_of_auth0(browser: Browser, settings: Any) -> None:
    browser.sign_in(ADA)
    settings.AUTH0_CLIENT_ID = ""
    assert browser.is_in()
    assert browser.client.post("/logout")["Location"] == "/login"
    assert not browser.is_in()


def test_signing_out_twice(browser: Browser) -> None:
    assert browser.client.post("/logout")["Location"] == "/login"
    assert not AuditEntry.objects.exists()


def test_djangos_admin_signs_in_and_out_by_the_same_doors(browser: Browser) -> None:
    assert browser.client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert browser.client.get("/admin/login/?next=/admin/")["Location"] == "/login?next=%2Fadmin%2F"
    boss = User.objects.create_superuser("boss", "correct horse battery")
    form = {"username": "boss", "password": "correct horse battery", "next": "/admin/"}
    assert browser.client.post("/admin/login/", form)["Location"] == "/login?next=%2Fadmin%2F"
    assert browser.client.get("/admin/").status_code == 302, "its own form lets nobody in"
    browser.client.force_login(boss)
    assert browser.client.post("/admin/logout/")["Location"] == "/login"
    browser.sign_in(ADA)
    assert browser.client.get("/admin/login/?next=/admin/").status_code == 403, "who may not see it goes in no circle"


# -- manners ---------------------------------------------------------------------------------------------------------------


def test_methods(browser: Browser) -> None:
    assert browser.client.get("/login/auth0/").status_code == 405
    assert browser.client.post("/complete/auth0/").status_code == 405
    callback = browser.at_auth0(browser.begin(), ADA)
    assert browser.client.head(callback).status_code == 405
    assert browser.client.get(callback).status_code == 302, "the HEAD did not use up the code"


def test_the_button_without_its_csrf_token(tenant: Tenant) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/login/auth0/", {"next": "/"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
    assert "Location" not in response
    assert "style=" not in response.content.decode()


def test_without_auth0_there_is_no_button() -> None:
    client = Client()
    page = client.get("/login").content.decode()
    assert "auth0" not in page
    assert "<details" not in page
    assert client.post("/login/auth0/").status_code == 404
    assert client.get("/complete/auth0/?code=x&state=y").status_code == 404


def test_pages_hold_nothing_that_the_policy_forbids(browser: Browser) -> None:
    for response in (browser.client.get("/login"), browser.client.get("/complete/auth0/")):
        assert "unsafe-inline" not in response["Content-Security-Policy"]
        assert not re.search(r"\s(style|on[a-z]+)=|<style", response.content.decode())


def test_the_claim_of_an_admin_is_written_down(browser: Browser) -> None:
    browser.sign_in(ALEXIS)
    entry = AuditEntry.objects.get(action="user.role_changed")
    assert (entry.before, entry.after) == ({"role": "user"}, {"role": "admin"})
