"""`Authorization: Bearer <JWT>`: what opens, what does not, and whom it makes known."""

import json
import logging
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts import provider
from accounts.models import ApiKey, AuditEntry, User
from accounts.tests.auth0 import AUDIENCE, bearer
from demo.auth0 import ABSENT, Auth0StandIn, new_private_key

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-recording"
CLAIM = settings.AUTH0_ROLES_CLAIM
STRANGER = new_private_key()


def get(client: Client, token: str, **extra: str) -> HttpResponse:
    return client.get(PATH, headers=bearer(token) | extra)


def refused(response: HttpResponse) -> bool:
    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert response.json()["code"] == "invalid_credentials"
    assert response["WWW-Authenticate"].startswith('Bearer realm="portal", error="invalid_token"')
    return True


def test_a_good_token_opens_and_makes_the_person_known(client: Client, auth0: Auth0StandIn) -> None:
    person = auth0.settings.people[0]
    response = get(client, auth0.mint())
    assert (response.status_code, response.json()) == (200, [])
    user = User.objects.get()
    assert (user.issuer, user.subject, user.role) == (auth0.issuer, person.subject, "user")
    # An access token is for us, not about the person.
    assert (user.name, user.email, user.has_usable_password()) == ("", "", False)
    assert get(client, auth0.mint()).status_code == 200
    assert (User.objects.count(), auth0.jwks_requests > 0) == (1, True)
    assert not response.cookies


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["https://tenant.example/userinfo", AUDIENCE]])
def test_the_audience_may_be_a_list(client: Client, auth0: Auth0StandIn, audience: Any) -> None:
    assert get(client, auth0.mint({"aud": audience})).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": ABSENT},
        {"nbf": ABSENT},
        {"jti": "x"},
        {"azp": ABSENT},
        {"scope": ABSENT},
        {"sub": "google-oauth2|1 2"},
        {"extra": [1]},
    ],
)
def test_what_a_token_need_not_have(client: Client, auth0: Auth0StandIn, changes: dict[str, Any]) -> None:
    assert get(client, auth0.mint(changes)).status_code == 200


@pytest.mark.parametrize("headers", [{"typ": ABSENT}, {"typ": "at+jwt"}, {"typ": "jwt"}, {"x5t": "thumbprint"}])
def test_headers_that_do_no_harm(client: Client, auth0: Auth0StandIn, headers: dict[str, Any]) -> None:
    assert get(client, auth0.mint(headers_override=headers)).status_code == 200


def _pem(auth0: Auth0StandIn) -> bytes:
    return auth0.signing_key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _own_jwk(auth0: Auth0StandIn) -> dict[str, Any]:
    return auth0.signing_key.jwk()


def _resigned(auth0: Auth0StandIn, part: int, change: Callable[[str], str]) -> str:
    parts = auth0.mint().split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def _encoded(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _id_token(auth0: Auth0StandIn) -> str:
    return auth0.mint({"aud": auth0.client_id, "nonce": "n", "scope": ABSENT, "azp": ABSENT, "email": "a@b.example"})


NOW = int(time.time())
BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example/"},
    "the issuer without its slash": {"iss": "http://127.0.0.1"},
    "no issuer": {"iss": ABSENT},
    "a list of issuers": {"iss": ["https://evil.example/"]},
    "another audience": {"aud": "https://other.example"},
    "a list of other audiences": {"aud": ["https://other.example", "https://tenant.example/userinfo"]},
    "the audience as a part": {"aud": f"{AUDIENCE}/"},
    "the audience as an object": {"aud": {AUDIENCE: True}},
    "a list with what is no text": {"aud": [AUDIENCE, 5]},
    "an empty audience": {"aud": []},
    "no audience": {"aud": ABSENT},
    "no subject": {"sub": ABSENT},
    "an empty subject": {"sub": ""},
    "a subject that is null": {"sub": None},
    "a number for a subject": {"sub": 5},
    "a subject with a NUL": {"sub": "auth0|a\0"},
    "a subject too long": {"sub": "a" * 256},
    "expired": {"exp": NOW - 3600},
    "no end": {"exp": ABSENT},
    "an end that is null": {"exp": None},
    "an end that is text": {"exp": str(NOW + 3600)},
    "an end that is true": {"exp": True},
    "an end that is infinite": {"exp": float("inf")},
    "not yet valid": {"nbf": NOW + 3600},
    "a beginning that is text": {"nbf": "0"},
    "issued in the future": {"iat": NOW + 3600},
    "an issue time that is text": {"iat": "yesterday"},
    "an issue time that is a list": {"iat": [NOW]},
    "an id that is a number": {"jti": 5},
}
BAD_HEADERS: dict[str, dict[str, Any]] = {
    "no algorithm": {"alg": ABSENT},
    "none by name": {"alg": "none"},
    "another RSA": {"alg": "RS512"},
    "RSA-PSS": {"alg": "PS256"},
    "elliptic": {"alg": "ES256"},
    "lower case": {"alg": "rs256"},
    "a list of algorithms": {"alg": ["RS256"]},
    "where to get a key": {"jku": "http://127.0.0.1:1/jwks"},
    "where to get a certificate": {"x5u": "http://127.0.0.1:1/cert"},
    "a certificate": {"x5c": ["MII"]},
    "an extension to be understood": {"crit": ["exp"], "exp": NOW},
    "an empty list of extensions": {"crit": []},
    "a body that is not encoded": {"b64": False, "crit": ["b64"]},
    "no kid": {"kid": ABSENT},
    "a kid that is null": {"kid": None},
    "an empty kid": {"kid": ""},
    "an unknown kid": {"kid": "unknown"},
    "a long kid": {"kid": "k" * 201},
    "a number for a kid": {"kid": 5},
    "a list for a kid": {"kid": ["k"]},
    "a path for a kid": {"kid": "../../dev/null"},
    "SQL for a kid": {"kid": "' OR 1=1 --"},
    "a kid that breaks lines": {"kid": "k\r\nX-Role: admin"},
    "a token of another kind": {"typ": "logout+jwt"},
    "encrypted": {"enc": "A256GCM", "alg": "RSA-OAEP"},
}
BAD_TOKENS: dict[str, Callable[[Auth0StandIn], str]] = {
    "unsigned": lambda auth0: auth0.mint(headers_override={"alg": "none"}, key=b""),
    "unsigned, said to be signed": lambda auth0: auth0.mint(key=b""),
    "None": lambda auth0: auth0.mint(headers_override={"alg": "None"}, key=b""),
    "HS256 with the public key": lambda auth0: auth0.mint(headers_override={"alg": "HS256"}, key=_pem(auth0)),
    "HS256 said to be RS256": lambda auth0: auth0.mint(key=_pem(auth0)),
    "HS256 with an empty key": lambda auth0: auth0.mint(headers_override={"alg": "HS256"}, key=b"\0"),
    "a stranger's key": lambda auth0: auth0.mint(key=STRANGER),
    "a key of its own": lambda auth0: auth0.mint(headers_override={"jwk": _own_jwk(auth0)}, key=STRANGER),
    "our own key in the header": lambda auth0: auth0.mint(headers_override={"jwk": _own_jwk(auth0)}),
    "an ID token": _id_token,
    "another body": lambda auth0: _resigned(auth0, 1, lambda body: _encoded({"sub": "auth0|eve", "aud": AUDIENCE, "exp": 9e9})),
    "another header": lambda auth0: _resigned(auth0, 0, lambda _: _encoded({"alg": "RS256", "kid": "x"})),
    "a signature cut short": lambda auth0: auth0.mint()[:-4],
    "a signature with a tail": lambda auth0: auth0.mint() + "AAAA",
    "no signature": lambda auth0: auth0.mint().rpartition(".")[0] + ".",
    "two parts": lambda auth0: auth0.mint().rpartition(".")[0],
    "four parts": lambda auth0: auth0.mint() + ".x",
    "five parts": lambda auth0: "a.b.c.d.e",
    "padded": lambda auth0: auth0.mint() + "==",
    "a header that is a list": lambda auth0: f"{_encoded([])}.{_encoded({})}.AAAA",
    "a header that is no JSON": lambda auth0: "AAAA.AAAA.AAAA",
    "a body that is a list": lambda auth0: _resigned(auth0, 1, lambda _: _encoded([])),
    "a header nested deeply": lambda auth0: f"{urlsafe_b64encode(b'[' * 3000).decode()}.AAAA.AAAA",
    "a number of many digits": lambda auth0: _resigned(
        auth0, 0, lambda _: urlsafe_b64encode(b'{"a":' + b"9" * 4998 + b"}").rstrip(b"=").decode()
    ),
    "too long": lambda auth0: auth0.mint({"extra": "a" * 8192}),
    "far too long": lambda auth0: "a" * 1_000_000,
    "nothing": lambda auth0: "",
    "blank": lambda auth0: "   ",
    "garbage": lambda auth0: "garbage",
    "two tokens": lambda auth0: f"{auth0.mint()} {auth0.mint()}",
    "two schemes": lambda auth0: f"{auth0.mint()}, Basic dGVzdDp0ZXN0",
    "in quotes": lambda auth0: f'"{auth0.mint()}"',
    "other characters": lambda auth0: auth0.mint() + "é",
    "a NUL": lambda auth0: auth0.mint() + "\0",
    "an API key": lambda auth0: "3e6bc8f5-181d-4c52-9d6d-46965011989d",
    "the maintenance token": lambda auth0: settings.MAINTENANCE_TOKEN,
    **{name: lambda auth0, changes=changes: auth0.mint(changes) for name, changes in BAD_CLAIMS.items()},
    **{name: lambda auth0, changes=changes: auth0.mint(headers_override=changes) for name, changes in BAD_HEADERS.items()},
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_opens_nothing_and_makes_nobody(
    client: Client, auth0: Auth0StandIn, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Auth0's keys are held: what is refused is the token.
    assert get(client, auth0.mint()).status_code == 200
    User.objects.all().delete()
    token = BAD_TOKENS[name](auth0)
    with caplog.at_level(logging.DEBUG):
        response = get(client, token)
    assert refused(response)
    assert not User.objects.exists()
    assert len(token) < 20 or token not in caplog.text + response.content.decode()


def test_the_table_is_long_enough() -> None:
    assert len(BAD_TOKENS) >= 80


@pytest.mark.parametrize(
    "header", ["Basic dGVzdDp0ZXN0", "Basic dGVzdDp0ZXN0, Bearer {}", "Token {}", "JWT {}", "Bearer{}", "{}"]
)
def test_another_scheme_is_no_proof(client: Client, auth0: Auth0StandIn, header: str) -> None:
    response = client.get(PATH, headers={"authorization": header.format(auth0.mint())})
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith('Bearer realm="portal"')
    assert not User.objects.exists()


@pytest.mark.parametrize("header", ["bearer {}", "BEARER  {} ", "Bearer\t{}"])
def test_the_scheme_in_other_spellings(client: Client, auth0: Auth0StandIn, header: str) -> None:
    assert client.get(PATH, headers={"authorization": header.format(auth0.mint())}).status_code == 200


def test_a_token_in_the_address_or_the_body_is_no_proof(client: Client, auth0: Auth0StandIn) -> None:
    token = auth0.mint()
    assert client.get(f"{PATH}?access_token={token}").status_code == 401
    assert client.post("/api/v2/tokens", {"access_token": token}, content_type="application/json").status_code == 401


def test_both_proofs_are_refused_whichever_is_good(client: Client, auth0: Auth0StandIn) -> None:
    key = ApiKey.objects.issue(User.objects.by_subject("i", "s"), "test")[1]
    for token, given in ((auth0.mint(), key), ("junk", key), (auth0.mint(), "junk"), ("", "")):
        response = get(client, token, **{"x-mediamagic-key": given})
        assert (response.status_code, response.json()["code"]) == (400, "ambiguous_credentials")
    assert User.objects.count() == 1


def test_a_persons_token_is_no_operators(client: Client, auth0: Auth0StandIn) -> None:
    body = {"auth0_id": "auth0|x", "name": "x"}
    admin = bearer(auth0.mint(person=auth0.settings.people[2]))
    response = client.post("/api/v2/maintenance/keys", body, content_type="application/json", headers=admin)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert not ApiKey.objects.exists()


class Frozen(datetime):
    """Half a second into a second, so that the edges are sharp."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.fromtimestamp(NOW + 0.5, tz=tz or UTC)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"exp": NOW - 29}, 200), ({"exp": NOW - 30}, 401), ({"exp": NOW - 31}, 401),
        ({"nbf": NOW + 30}, 200), ({"nbf": NOW + 31}, 401),
        ({"iat": NOW + 30}, 200), ({"iat": NOW + 31}, 401),
        ({"exp": NOW + 0.9, "nbf": NOW - 0.9}, 200),
    ],
)  # fmt: skip
def test_clocks_may_differ_by_thirty_seconds(
    client: Client, auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch, claims: dict[str, float], status: int
) -> None:
    monkeypatch.setattr("jwt.api_jwt.datetime", Frozen)
    assert get(client, auth0.mint({"iat": NOW} | claims)).status_code == status


def test_an_expired_token_says_so(client: Client, auth0: Auth0StandIn) -> None:
    assert get(client, auth0.mint({"exp": NOW - 100})).json()["detail"] == "The token has expired."


@pytest.mark.parametrize(
    ("steps", "role"),
    [
        ([["staff"]], "staff"),
        ([["admin", "staff"], ABSENT], "admin"),
        ([["admin"], []], "user"),
        ([["admin"], ["root"]], "user"),
        ([["admin"], "staff"], "staff"),
        ([["staff"], {"admin": True}], "user"),
        ([ABSENT], "user"),
    ],
)
def test_the_role_follows_the_claim(client: Client, auth0: Auth0StandIn, steps: list[Any], role: str) -> None:
    for named in steps:
        assert get(client, auth0.mint({CLAIM: named})).status_code == 200
    assert User.objects.get().role == role


def test_a_deactivated_person_is_refused_whatever_token_he_holds(client: Client, auth0: Auth0StandIn) -> None:
    assert get(client, auth0.mint()).status_code == 200
    User.objects.update(is_active=False)
    for token in (auth0.mint(), auth0.mint({CLAIM: ["admin"]}, person=auth0.settings.people[0])):
        assert refused(get(client, token))
    assert (User.objects.get().role, User.objects.get().is_active) == ("user", False)
    User.objects.update(is_active=True)
    assert get(client, auth0.mint()).status_code == 200


def test_a_key_and_a_token_are_of_the_same_person(client: Client, auth0: Auth0StandIn) -> None:
    body = {"auth0_id": auth0.settings.people[1].subject, "name": "x", "role": "user"}
    operator = bearer(settings.MAINTENANCE_TOKEN)
    issued = client.post("/api/v2/maintenance/keys", body, content_type="application/json", headers=operator)
    assert issued.json()["role"] == "user"
    assert get(client, auth0.mint(person=auth0.settings.people[1])).status_code == 200
    assert (User.objects.count(), User.objects.get().role) == (1, "staff")


@pytest.mark.django_db(transaction=True)
def test_first_sight_by_twenty_threads_at_once_makes_one_person(auth0: Auth0StandIn) -> None:
    token, before = auth0.mint({CLAIM: ["staff"]}), auth0.jwks_requests

    def see(_: int) -> int:
        try:
            return get(Client(), token).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(see, range(20))) == {200}
    assert (User.objects.count(), AuditEntry.objects.count(), auth0.jwks_requests - before) == (1, 1, 1)


def test_a_thousand_kids_ask_auth0_once(client: Client, own_auth0: Auth0StandIn, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 10_000
    parts = own_auth0.mint().split(".")
    for n in range(1000):
        header = _encoded({"alg": "RS256", "kid": f"random-{n}"})
        assert get(client, f"{header}.{parts[1]}.{parts[2]}").status_code == 401
    assert own_auth0.jwks_requests == 1
    assert get(client, own_auth0.mint()).status_code == 200
    assert own_auth0.jwks_requests == 1


def test_a_key_that_was_rotated_out_opens_nothing(client: Client, own_auth0: Auth0StandIn) -> None:
    old = own_auth0.mint()
    assert get(client, old).status_code == 200
    own_auth0.rotate()
    # The new key is found at once, the last one is still published.
    assert get(client, own_auth0.mint()).status_code == 200
    assert get(client, old).status_code == 200
    own_auth0.rotate()
    assert get(client, own_auth0.mint()).status_code == 200
    assert refused(get(client, old))


@pytest.mark.parametrize("how", ["refuse", "error"])
def test_an_outage_of_auth0(client: Client, own_auth0: Auth0StandIn, how: Any) -> None:
    own_auth0.down(how)
    response = get(client, own_auth0.mint())
    assert (response.status_code, response.json()["code"]) == (503, "identity_provider_unavailable")
    assert 1 <= int(response["Retry-After"]) <= 60
    # What no key could make good is refused all the same, and API keys do not care.
    assert refused(get(client, own_auth0.mint(headers_override={"alg": "none"}, key=b"")))
    key = ApiKey.objects.issue(User.objects.by_subject("i", "s"), "test")[1]
    assert client.get(PATH, headers={"x-mediamagic-key": key}).status_code == 200


def test_an_outage_after_the_keys_were_seen(client: Client, own_auth0: Auth0StandIn) -> None:
    assert get(client, own_auth0.mint()).status_code == 200
    own_auth0.down()
    assert get(client, own_auth0.mint()).status_code == 200
    assert refused(get(client, own_auth0.mint(headers_override={"kid": "unknown"})))


def test_auth0_that_does_not_answer_holds_nobody_up(
    client: Client, own_auth0: Auth0StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "TIMEOUT_SECONDS", 0.3)
    assert get(client, own_auth0.mint()).status_code == 200
    own_auth0.down("hang")
    began = time.monotonic()
    assert get(client, own_auth0.mint()).status_code == 200
    assert time.monotonic() - began < 0.3
    # One token waits for the answer that does not come, and for a minute no other does.
    for n in range(20):
        assert refused(get(client, own_auth0.mint(headers_override={"kid": f"unknown-{n}"})))
    assert 0.3 < time.monotonic() - began < 3


@override_settings(AUTH0_AUDIENCE="")
def test_without_auth0_no_token_opens_anything(client: Client) -> None:
    assert refused(get(client, "a.b.c"))
