"""Signing in at the stand-in: who may ask, what is asked, and where the answer goes."""

import re
from urllib.parse import urljoin

import jwt
import pytest
import requests

from demo.auth0 import DEMO_PEOPLE, Auth0StandIn, SignInError, Visitor
from demo.tests.auth0_client import AUDIENCE, CALLBACK, SCOPE, WEB_CALLBACK, Application, Clock, answer_in

ROLES = "https://mediamagic.dev/roles"


def form_token(page: requests.Response) -> str:
    assert page.status_code == 200
    tokens = set(re.findall(r'name="form_token" value="([^"]+)"', page.text))
    assert len(tokens) == 1
    return tokens.pop()


def send_form(application: Application, **fields: str) -> requests.Response:
    return application.visitor.browser.post(
        f"{application.auth0.base_url}/u/login", data=fields, allow_redirects=False, timeout=10
    )


def assert_stays_here(answer: requests.Response) -> None:
    """An error page, and no address that somebody might be sent to."""
    assert 400 <= answer.status_code < 500
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]


# -- the whole way ---------------------------------------------------------------------------------------------------------


def test_a_code_becomes_tokens(application: Application, clock: Clock) -> None:
    answer = application.sign_in()
    assert set(answer) == {"code", "state"}
    response = application.swap(answer["code"])
    assert response.headers["Cache-Control"] == "no-store"
    tokens = response.json()
    assert set(tokens) == {"access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 259200, SCOPE)

    ada = DEMO_PEOPLE[0]
    claims = application.verified(tokens["access_token"], AUDIENCE)
    issued = claims["iat"]
    assert abs(issued - clock()) < 30
    assert claims == {
        "iss": f"{application.auth0.base_url}/",
        "sub": ada.subject,
        "aud": [AUDIENCE, f"{application.auth0.base_url}/userinfo"],
        "azp": "demo-client",
        "jti": claims["jti"],
        "iat": issued,
        "exp": issued + 259200,
        "scope": SCOPE,
        ROLES: ["user"],
    }
    identity = application.verified(tokens["id_token"], "demo-client")
    assert identity["nonce"] == "a-nonce"
    assert (identity["sub"], identity["email"], identity["email_verified"]) == (ada.subject, ada.email, True)
    assert (identity["name"], identity["aud"], identity[ROLES]) == (ada.name, "demo-client", ["user"])
    assert identity["exp"] == identity["iat"] + 36000
    assert identity["sid"]
    # An ID token is no access token, and the other way round.
    with pytest.raises(jwt.InvalidAudienceError):
        application.verified(tokens["id_token"], AUDIENCE)
    with pytest.raises(jwt.InvalidAudienceError):
        application.verified(tokens["access_token"], "demo-client")


@pytest.mark.parametrize(
    ("person", "roles", "verified"),
    [(DEMO_PEOPLE[1], ["staff"], True), (DEMO_PEOPLE[2], ["admin"], True), (DEMO_PEOPLE[3], [], False)],
    ids=["staff", "admin", "unverified"],
)
def test_each_of_the_people_by_a_button(application: Application, person: object, roles: list[str], verified: bool) -> None:
    page = application.ask()
    assert f'value="{person.subject}"' in page.text
    answer = send_form(application, form_token=form_token(page), person=person.subject)
    tokens = application.swap(answer_in(answer.headers["Location"], CALLBACK)["code"]).json()
    assert application.verified(tokens["access_token"], AUDIENCE)[ROLES] == roles
    identity = application.verified(tokens["id_token"], "demo-client")
    assert (identity["sub"], identity["email_verified"], identity[ROLES]) == (person.subject, verified, roles)


@pytest.mark.parametrize("state", ["", "a b+c%20", "é=&?#\"'<>", "%", "x" * 500, "\r\nSet-Cookie: a=b"])
def test_the_state_comes_back_exactly(application: Application, state: str) -> None:
    assert application.sign_in(state=state)["state"] == state
    assert application.ask(state=state, code_challenge=None).headers["Location"].startswith(CALLBACK)


def test_what_was_not_sent_does_not_come_back(application: Application) -> None:
    answer = application.sign_in(state=None, nonce=None)
    assert set(answer) == {"code"}
    assert "nonce" not in application.verified(application.swap(answer["code"]).json()["id_token"], "demo-client")


def test_no_audience_gives_a_token_for_userinfo_alone(application: Application, clock: Clock) -> None:
    tokens = application.tokens(audience=None)
    assert "." not in tokens["access_token"]
    assert tokens["expires_in"] == 86400
    assert application.userinfo(tokens["access_token"]).json()["email"] == "ada@customer.example"
    clock.ahead += 86401
    assert application.userinfo(tokens["access_token"]).status_code == 401


def test_scopes_decide_what_is_given(application: Application) -> None:
    bare = application.tokens(scope="openid admin:everything")
    assert bare["scope"] == "openid"
    assert "refresh_token" not in bare
    assert not {"email", "email_verified", "name"} & application.verified(bare["id_token"], "demo-client").keys()

    nobody = Application(application.auth0).tokens(scope="email")
    assert "id_token" not in nobody
    # Without openid the token is not for /userinfo, so that its audience is one, as text.
    assert application.verified(nobody["access_token"], AUDIENCE)["aud"] == AUDIENCE
    assert application.userinfo(nobody["access_token"]).status_code == 401


def test_organization_is_ignored(application: Application) -> None:
    assert application.sign_in(organization="org_1", ui_locales="de")["code"]


# -- what is refused here --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        None, "", "https://evil.example/", "//evil.example", f"{CALLBACK}/", f"{CALLBACK}?x=1", f"{CALLBACK}#x", CALLBACK.upper(),
        f" {CALLBACK}", CALLBACK.replace("127.0.0.1", "localhost"), CALLBACK.replace("//", "//a@"), "http://127.0.0.1:8000/",
        WEB_CALLBACK.rstrip("/"), "javascript:alert(1)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("prompt", [None, "none"])
def test_an_unknown_callback_is_never_gone_to(application: Application, address: str | None, prompt: str | None) -> None:
    assert_stays_here(application.ask(redirect_uri=address, prompt=prompt))


@pytest.mark.parametrize("client", [None, "", "somebody", "DEMO-CLIENT"])
def test_an_unknown_application_is_shown_an_error(application: Application, client: str | None) -> None:
    assert_stays_here(application.ask(client_id=client))


@pytest.mark.parametrize("more", ["&state=two", "&redirect_uri=https%3A%2F%2Fevil.example", "&client_id=demo-client", "&x=%ff"])
def test_a_parameter_sent_twice_or_in_bytes_that_are_no_text(application: Application, more: str) -> None:
    assert_stays_here(requests.get(application.authorize_url() + more, allow_redirects=False, timeout=10))


def test_what_is_shown_is_escaped(application: Application) -> None:
    page = application.ask(login_hint='"><script>alert(1)</script>', redirect_uri=CALLBACK)
    assert "<script" not in page.text
    assert "&quot;&gt;&lt;script&gt;" in page.text
    error = application.ask(redirect_uri="http://<script>alert(1)</script>")
    assert "<script" not in error.text
    assert "&lt;script&gt;" in error.text


# -- what the application is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": "v" * 43}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "ey.ey."}, "request_not_supported"),
        ({"request_uri": "https://evil.example"}, "request_not_supported"),
        ({"audience": "https://another.example"}, "access_denied"),
        ({"prompt": "maybe"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_bad_request_of_a_known_application(application: Application, changes: dict[str, str | None], error: str) -> None:
    answer = application.ask(state="é&x", **changes)
    assert answer.status_code == 302
    told = answer_in(answer.headers["Location"], CALLBACK)
    assert set(told) == {"error", "error_description", "state"}
    assert (told["error"], told["state"]) == (error, "é&x")


# -- the session ------------------------------------------------------------------------------------------------------------


def test_who_is_signed_in_is_not_asked_again(application: Application, clock: Clock) -> None:
    first = application.sign_in()
    for prompt in (None, "none", "consent"):
        again = answer_in(application.ask(prompt=prompt, redirect_uri=WEB_CALLBACK).headers["Location"], WEB_CALLBACK)
        assert again["code"] != first["code"]
    for prompt in ("login", "select_account"):
        assert "Who are you today?" in application.ask(prompt=prompt).text
    # Another browser is nobody.
    assert "login_required" in Application(application.auth0).ask(prompt="none").headers["Location"]
    clock.ahead += 3 * 24 * 3600 + 1
    assert "login_required" in application.ask(prompt="none").headers["Location"]


def test_a_second_person_takes_the_browser_over(application: Application) -> None:
    application.sign_in()
    before = application.visitor.browser.cookies["auth0_stand_in"]
    application.sign_in("sam@mediamagic.example", prompt="login")
    assert application.visitor.browser.cookies["auth0_stand_in"] != before
    stolen = requests.get(
        application.authorize_url(prompt="none"), cookies={"auth0_stand_in": before}, allow_redirects=False, timeout=10
    )
    assert "login_required" in stolen.headers["Location"]


def test_cookies_are_for_this_server_alone(application: Application) -> None:
    page = application.ask()
    answer = send_form(application, form_token=form_token(page), person=DEMO_PEOPLE[0].subject)
    for cookie in (page.headers["Set-Cookie"], answer.headers["Set-Cookie"]):
        assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")


def test_a_hostile_cookie_is_not_repeated(application: Application) -> None:
    headers = {"Cookie": 'auth0_stand_in_browser="a\\015\\012X-Evil: 1"; auth0_stand_in=<script>'}
    page = requests.get(application.authorize_url(), headers=headers, timeout=10)
    assert "X-Evil" not in page.headers
    assert "X-Evil" not in page.headers["Set-Cookie"]


def test_another_servers_cookies_do_not_hide_ours(application: Application) -> None:
    application.sign_in()
    ours = application.visitor.browser.cookies["auth0_stand_in"]
    for cookies in (f'a/b="x; auth0_stand_in={ours}', f"a[]=}}{{;;=; auth0_stand_in={ours};x", f"auth0_stand_in={ours}"):
        url = application.authorize_url(prompt="none")
        answer = requests.get(url, headers={"Cookie": cookies}, allow_redirects=False, timeout=10)
        assert "code=" in answer.headers["Location"], cookies


# -- the form ----------------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_asked_for_again(application: Application) -> None:
    for fields in (
        {"email": "ada@customer.example", "password": "guess"},
        {"email": "nobody@customer.example", "password": application.auth0.settings.password},
        {"email": "ada@customer.example"},
        {"person": "auth0|nobody"},
        {},
    ):
        answer = send_form(application, form_token=form_token(application.ask()), **fields)
        assert "Wrong email or password" in answer.text
        assert "Location" not in answer.headers
        assert "guess" not in answer.text
    assert "auth0_stand_in" not in application.visitor.browser.cookies
    # The form that is shown then is as good as the first.
    good = {"email": " ADA@customer.example", "password": application.auth0.settings.password}
    assert send_form(application, form_token=form_token(answer), **good).status_code == 302


def test_a_form_without_its_token(application: Application, clock: Clock) -> None:
    person = DEMO_PEOPLE[0].subject
    token = form_token(application.ask())
    stranger = Application(application.auth0)
    stranger.ask()
    for answer in (
        send_form(application, person=person),
        send_form(application, person=person, form_token="guess"),
        send_form(stranger, person=person, form_token=token),
        requests.post(f"{application.auth0.base_url}/u/login", data={"person": person, "form_token": token}, timeout=10),
    ):
        assert_stays_here(answer)
        assert "Set-Cookie" not in answer.headers
    # None of that used it up; sending it does.
    assert send_form(application, person=person, form_token=token).status_code == 302
    assert_stays_here(send_form(application, person=person, form_token=token))

    late = form_token(application.ask(prompt="login"))
    clock.ahead += 601
    assert_stays_here(send_form(application, person=person, form_token=late))


def test_a_form_that_is_no_form(application: Application) -> None:
    address = f"{application.auth0.base_url}/u/login"
    assert_stays_here(requests.post(address, data=b"{", headers={"Content-Type": "text/plain"}, timeout=10))
    assert_stays_here(requests.post(address, data="form_token=a&form_token=b",
                                    headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=10))  # fmt: skip


def test_the_page_lets_nothing_in_and_sends_nowhere_else(application: Application) -> None:
    page = application.ask()
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000;" in policy
    assert "frame-ancestors 'none'" in policy
    nonce = re.search(r"style-src 'nonce-([^']+)'", policy)[1]
    assert f'<style nonce="{nonce}">' in page.text
    assert nonce not in application.ask().text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    # What the page posts to is this server, wherever the reader came from.
    assert set(re.findall(r'action="([^"]+)"', page.text)) == {"/u/login"}
    assert urljoin(page.url, "/u/login").startswith(application.auth0.base_url)


def test_a_person_who_is_gone_is_asked_again(clock: Clock, auth0: Auth0StandIn, application: Application) -> None:
    application.sign_in()
    object.__setattr__(auth0.settings, "people", DEMO_PEOPLE[1:])
    assert "login_required" in application.ask(prompt="none").headers["Location"]


def test_the_visitor_tells_what_went_wrong(application: Application) -> None:
    with pytest.raises(SignInError, match="403: Callback URL mismatch"):
        Visitor().sign_in(application.authorize_url(redirect_uri="https://evil.example"), "ada@customer.example", "x")
    with pytest.raises(SignInError, match="Wrong email or password"):
        Visitor().sign_in(application.authorize_url(), "ada@customer.example", "x")
    assert application.auth0.sign_in(application.authorize_url()).startswith(f"{CALLBACK}?code=")
