"""The stand-in's token endpoint and /userinfo: each code and each refresh token once, to whom it belongs."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from demo.auth0 import ABSENT, DEMO_PEOPLE, Auth0StandIn, new_private_key
from demo.auth0.memory import challenge_of
from demo.tests.auth0_client import CALLBACK, OTHER_CLIENT, VERIFIER, WEB_CALLBACK, Application, Clock, refusal

INVALID_GRANT = (403, "invalid_grant")
UNAUTHORIZED = (401, "access_denied")
BAD_REQUEST = (400, "invalid_request")


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


def form(application: Application, code: str, **more: str) -> dict[str, str]:
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **more}


# -- the code ---------------------------------------------------------------------------------------------------------------


def test_a_code_is_used_once_and_a_second_use_takes_everything_back(application: Application) -> None:
    code = application.sign_in()["code"]
    tokens = application.swap(code).json()
    renewed = application.refresh(tokens["refresh_token"]).json()
    assert application.userinfo(tokens["access_token"]).status_code == 200
    other = application.tokens(prompt="login")

    assert refusal(application.swap(code)) == INVALID_GRANT
    for each in (tokens, renewed):
        assert application.userinfo(each["access_token"]).status_code == 401
    assert refusal(application.refresh(renewed["refresh_token"])) == INVALID_GRANT
    # What another code gave is untouched.
    assert application.userinfo(other["access_token"]).status_code == 200
    assert application.refresh(other["refresh_token"]).status_code == 200


def test_a_code_that_leaked_is_told_by_its_second_use_also_when_it_is_old(application: Application, clock: Clock) -> None:
    code = application.sign_in()["code"]
    tokens = application.swap(code).json()
    clock.ahead += 1800
    application.ask(prompt="login")
    assert refusal(application.swap(code)) == INVALID_GRANT
    assert refusal(application.refresh(tokens["refresh_token"])) == INVALID_GRANT


def test_of_many_at_once_one_gets_the_tokens(application: Application) -> None:
    code = application.sign_in()["code"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: application.swap(code), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7
    (won,) = [answer.json() for answer in answers if answer.ok]
    assert application.userinfo(won["access_token"]).status_code == 401


def test_a_code_lasts_a_minute(application: Application, clock: Clock) -> None:
    early, late = application.sign_in()["code"], application.sign_in()["code"]
    clock.ahead += 58
    assert application.swap(early).status_code == 200
    clock.ahead += 3
    assert refusal(application.swap(late)) == INVALID_GRANT


@pytest.mark.parametrize("verifier", ["w" * 43, VERIFIER + "x", VERIFIER.upper(), "short", challenge_of(VERIFIER), "é" * 43])
def test_a_wrong_verifier_spends_the_code(application: Application, verifier: str) -> None:
    code = application.sign_in()["code"]
    assert refusal(application.swap(code, code_verifier=verifier)) == INVALID_GRANT
    assert refusal(application.swap(code)) == INVALID_GRANT


def test_a_verifier_that_is_too_short_is_refused_though_it_fits(application: Application) -> None:
    code = application.sign_in(code_challenge=challenge_of("short"))["code"]
    assert refusal(application.swap(code, code_verifier="short")) == INVALID_GRANT


@pytest.mark.parametrize("address", [WEB_CALLBACK, CALLBACK + "/", "https://evil.example"])
def test_another_callback_than_the_one_asked_for(application: Application, address: str) -> None:
    code = application.sign_in()["code"]
    assert refusal(application.swap(code, redirect_uri=address)) == INVALID_GRANT
    assert refusal(application.swap(code)) == INVALID_GRANT


def test_another_applications_code(application: Application) -> None:
    code = application.sign_in()["code"]
    name, secret = OTHER_CLIENT
    assert refusal(application.swap(code, client_id=name, client_secret=secret)) == INVALID_GRANT
    # It stays good for whom it was made.
    tokens = application.swap(code).json()
    assert refusal(application.refresh(tokens["refresh_token"], client_id=name, client_secret=secret)) == INVALID_GRANT
    assert application.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("code", ["x", "é", "a" * 5000])
def test_a_code_that_never_was(application: Application, code: str) -> None:
    assert refusal(application.swap(code)) == INVALID_GRANT


# -- the application's proof ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "wrong"}, {"client_secret": ""}, {"client_secret": None}, {"client_id": "somebody"},
        {"client_id": "somebody", "client_secret": ""}, {"client_id": None, "client_secret": None},
        {"client_id": OTHER_CLIENT[0]}, {"client_secret": "é"},
    ],
)  # fmt: skip
def test_an_application_has_to_prove_itself(application: Application, changes: dict[str, str | None]) -> None:
    code = application.sign_in()["code"]
    answer = application.swap(code, **changes)
    assert refusal(answer) == UNAUTHORIZED
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    # Whoever cannot prove himself spends nobody's code.
    assert application.swap(code).status_code == 200


def test_the_proof_in_a_header(application: Application, auth0: Auth0StandIn) -> None:
    address, code = f"{auth0.base_url}/oauth/token", application.sign_in()["code"]
    right = basic(auth0.client_id, auth0.client_secret)
    for headers in (
        basic(auth0.client_id, "wrong"),
        basic("", ""),
        {"Authorization": "Basic !"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Basic"},
    ):
        assert refusal(requests.post(address, form(application, code), headers=headers, timeout=10)) == UNAUTHORIZED
    twice = form(application, code, client_secret=auth0.client_secret)
    assert refusal(requests.post(address, twice, headers=right, timeout=10)) == BAD_REQUEST
    another = form(application, code, client_id=OTHER_CLIENT[0])
    assert refusal(requests.post(address, another, headers=right, timeout=10)) == BAD_REQUEST
    named = form(application, code, client_id=auth0.client_id)
    assert requests.post(address, named, headers=right, timeout=10).status_code == 200


# -- the body ---------------------------------------------------------------------------------------------------------------


def test_json_is_taken_too(application: Application, auth0: Auth0StandIn) -> None:
    body = form(application, application.sign_in()["code"], client_id=auth0.client_id, client_secret=auth0.client_secret)
    assert requests.post(f"{auth0.base_url}/oauth/token", json=body, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "[]"),
        ("application/json", '[["grant_type", "refresh_token"]]'),
        ("application/json", "{"),
        ("application/json", "[" * 60000),
        ("application/json", '{"grant_type": 1}'),
        ("application/json", '{"grant_type": {"a": "b"}}'),
        ("application/json", '{"grant_type": "a", "grant_type": "b"}'),
        ("application/json", '{"client_secret": "\\ud800"}'),
        ("application/json", "\xff"),
        ("application/x-www-form-urlencoded", "grant_type=a&grant_type=b"),
        ("application/x-www-form-urlencoded", "code=%ff"),
        ("application/x-www-form-urlencoded", "code=\xff"),
        ("text/plain", "grant_type=refresh_token"),
        ("", ""),
    ],
)
def test_a_body_that_is_none(auth0: Auth0StandIn, content_type: str, body: str) -> None:
    headers = {"Content-Type": content_type}
    answer = requests.post(f"{auth0.base_url}/oauth/token", body.encode("latin-1"), headers=headers, timeout=10)
    assert refusal(answer) == BAD_REQUEST


@pytest.mark.parametrize("name", ["code", "code_verifier", "redirect_uri"])
def test_a_missing_parameter_leaves_the_code_good(application: Application, name: str) -> None:
    code = application.sign_in()["code"]
    assert refusal(application.swap(code, **{name: None})) == BAD_REQUEST
    assert application.swap(code).status_code == 200


@pytest.mark.parametrize("kind", [None, "", "password", "client_credentials", "implicit", "Authorization_Code"])
def test_other_grants(application: Application, kind: str | None) -> None:
    answer = application.post_token(grant_type=kind, username="ada@customer.example", password="walk-right-in")
    assert refusal(answer) == (501, "unsupported_grant_type")


# -- refresh tokens ---------------------------------------------------------------------------------------------------------


def test_a_refresh_token_is_swapped_for_the_next(application: Application) -> None:
    tokens = application.tokens()
    before = application.verified(tokens["id_token"], "demo-client")
    seen = {tokens["refresh_token"]}
    for _ in range(3):
        tokens = application.refresh(tokens["refresh_token"]).json()
        assert tokens["refresh_token"] not in seen
        seen.add(tokens["refresh_token"])
        identity = application.verified(tokens["id_token"], "demo-client")
        assert (identity["sub"], identity["sid"]) == (before["sub"], before["sid"])
        assert "nonce" not in identity
        assert application.userinfo(tokens["access_token"]).json()["sub"] == before["sub"]


def test_a_refresh_token_used_twice_ends_its_family(application: Application) -> None:
    first = application.tokens()
    second = application.refresh(first["refresh_token"]).json()
    assert application.userinfo(second["access_token"]).status_code == 200
    assert refusal(application.refresh(first["refresh_token"])) == INVALID_GRANT
    assert refusal(application.refresh(second["refresh_token"])) == INVALID_GRANT
    for each in (first, second):
        assert application.userinfo(each["access_token"]).status_code == 401


def test_of_many_at_once_one_gets_the_next_refresh_token(application: Application) -> None:
    token = application.tokens()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: application.refresh(token), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7
    (won,) = [answer.json() for answer in answers if answer.ok]
    assert refusal(application.refresh(won["refresh_token"])) == INVALID_GRANT


def test_refresh_tokens_that_are_none(application: Application) -> None:
    tokens = application.tokens()
    for token in ("x", tokens["access_token"], tokens["id_token"]):
        assert refusal(application.refresh(token)) == INVALID_GRANT
    assert refusal(application.post_token(grant_type="refresh_token")) == BAD_REQUEST
    assert refusal(application.refresh(tokens["refresh_token"], client_secret="wrong")) == UNAUTHORIZED
    assert application.refresh(tokens["refresh_token"]).status_code == 200


def test_a_family_lasts_thirty_days_however_often_it_is_renewed(application: Application, clock: Clock) -> None:
    token = application.tokens()["refresh_token"]
    for _ in range(3):
        clock.ahead += 9.9 * 24 * 3600
        token = application.refresh(token).json()["refresh_token"]
    clock.ahead += 24 * 3600
    assert refusal(application.refresh(token)) == INVALID_GRANT
    application.ask()
    assert refusal(application.refresh(token)) == INVALID_GRANT


def test_a_person_who_is_gone_gets_nothing(application: Application, auth0: Auth0StandIn) -> None:
    tokens, code = application.tokens(), application.sign_in()["code"]
    object.__setattr__(auth0.settings, "people", DEMO_PEOPLE[1:])
    assert refusal(application.refresh(tokens["refresh_token"])) == INVALID_GRANT
    assert refusal(application.swap(code)) == INVALID_GRANT
    assert application.userinfo(tokens["access_token"]).status_code == 401


# -- /userinfo --------------------------------------------------------------------------------------------------------------


def test_userinfo_says_what_the_scope_allows(application: Application, auth0: Auth0StandIn) -> None:
    everything = application.userinfo(application.tokens()["access_token"]).json()
    assert everything == {
        "sub": DEMO_PEOPLE[0].subject,
        "name": "Ada Okafor",
        "nickname": "ada",
        "email": "ada@customer.example",
        "email_verified": True,
        "https://mediamagic.dev/roles": ["user"],
    }
    little = application.userinfo(application.tokens(scope="openid")["access_token"]).json()
    assert set(little) == {"sub", "https://mediamagic.dev/roles"}
    headers = {"Authorization": f"Bearer {auth0.mint()}"}
    assert requests.post(f"{auth0.base_url}/userinfo", headers=headers, timeout=10).json() == everything


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1}, {"exp": ABSENT}, {"iss": "https://evil.example/"}, {"aud": "https://api.portal.example"}, {"sub": ABSENT},
        {"sub": "auth0|nobody"}, {"scope": "email"},
    ],
)  # fmt: skip
def test_userinfo_refuses_bad_claims(application: Application, auth0: Auth0StandIn, claims: dict[str, object]) -> None:
    assert application.userinfo(auth0.mint()).status_code == 200
    assert application.userinfo(auth0.mint(claims)).status_code == 401


def test_userinfo_refuses_what_is_no_access_token_of_ours(application: Application, auth0: Auth0StandIn) -> None:
    public = auth0.signing_key.public_pem
    for token in (
        "x",
        "a.b.c",
        application.tokens()["id_token"],
        auth0.mint(key=new_private_key()),
        auth0.mint(None, {"alg": "none"}, key=b""),
        auth0.mint(None, {"alg": "HS256"}, key=public),
        auth0.mint(None, {"kid": "unknown"}),
        auth0.mint(None, {"kid": ABSENT}),
    ):
        answer = application.userinfo(token)
        assert refusal(answer) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Basic {auth0.mint()}"}):
        assert requests.get(f"{auth0.base_url}/userinfo", headers=headers, timeout=10).status_code == 401
    in_query = requests.get(f"{auth0.base_url}/userinfo?access_token={auth0.mint()}", timeout=10)
    assert in_query.status_code == 401


def test_the_answers_name_no_secret(application: Application, auth0: Auth0StandIn) -> None:
    code = application.sign_in()["code"]
    for answer in (
        application.swap(code, client_secret="secret-canary"),
        application.swap("code-canary"),
        application.swap(code),
    ):
        assert "canary" not in json.dumps(dict(answer.headers)) + answer.text
        assert auth0.client_secret not in answer.text
