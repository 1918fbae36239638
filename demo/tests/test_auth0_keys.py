"""The stand-in's signing keys: what is published, what rotates, what outlives a restart, and tokens made to be refused."""

import json
import stat
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from demo.auth0 import ABSENT, Auth0StandIn, Person, new_private_key
from demo.auth0.settings import SettingError
from demo.tests.auth0_client import AUDIENCE, Application, new_stand_in, refusal

NO_RSA = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


def kids(auth0: Auth0StandIn) -> list[str]:
    return [key["kid"] for key in requests.get(auth0.jwks_url, timeout=10).json()["keys"]]


def test_only_public_halves_are_published(auth0: Auth0StandIn) -> None:
    auth0.rotate()
    answer = requests.get(auth0.jwks_url, timeout=10)
    assert answer.headers["Cache-Control"] == "no-store"
    for key in answer.json()["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")


def test_the_old_key_is_published_until_the_next_rotation(application: Application, auth0: Auth0StandIn) -> None:
    first = auth0.signing_key.kid
    old = application.tokens()["access_token"]
    second = auth0.rotate()
    assert kids(auth0) == [second, first]
    new = application.tokens()["access_token"]
    assert (jwt.get_unverified_header(old)["kid"], jwt.get_unverified_header(new)["kid"]) == (first, second)
    assert application.verified(old, AUDIENCE)["sub"] == application.verified(new, AUDIENCE)["sub"]

    third = auth0.rotate()
    assert kids(auth0) == [third, second]
    with pytest.raises(jwt.PyJWKClientError, match="Unable to find a signing key"):
        application.verified(old, AUDIENCE)
    assert application.verified(new, AUDIENCE)


def test_rotation_over_http_is_for_programs(auth0: Auth0StandIn) -> None:
    address, before = f"{auth0.base_url}/-/rotate", kids(auth0)
    for origin in ("https://evil.example", "null", auth0.base_url):
        answer = requests.post(address, headers={"Origin": origin}, timeout=10)
        assert answer.status_code == 403
    assert requests.get(address, timeout=10).status_code == 405
    assert kids(auth0) == before
    assert requests.post(address, timeout=10).json() == {"kid": kids(auth0)[0]}
    assert kids(auth0)[1:] == before


def test_the_description_leads_to_the_endpoints(auth0: Auth0StandIn) -> None:
    known = requests.get(f"{auth0.base_url}/.well-known/openid-configuration", timeout=10).json()
    base = auth0.base_url
    assert known["issuer"] == f"{base}/" == auth0.issuer
    assert known["authorization_endpoint"] == f"{base}/authorize"
    assert known["token_endpoint"] == f"{base}/oauth/token"
    assert known["userinfo_endpoint"] == f"{base}/userinfo"
    assert known["jwks_uri"] == auth0.jwks_url
    assert known["code_challenge_methods_supported"] == ["S256"]
    assert known["response_types_supported"] == ["code"]


# -- tokens made to be refused ----------------------------------------------------------------------------------------------


def test_a_minted_token_is_good_unless_it_is_told_otherwise(application: Application, auth0: Auth0StandIn) -> None:
    assert application.verified(auth0.mint(), AUDIENCE)["azp"] == "demo-client"
    assert application.verified(auth0.mint({"sub": "auth0|x", "more": 1}), AUDIENCE)["more"] == 1
    person = Person("auth0|y", "Y", "y@customer.example", roles=None)
    assert "https://mediamagic.dev/roles" not in application.verified(auth0.mint(person=person), AUDIENCE)
    assert jwt.get_unverified_header(auth0.mint(None, {"jku": "https://evil.example", "typ": ABSENT})) == {
        "alg": "RS256", "kid": auth0.signing_key.kid, "jku": "https://evil.example",
    }  # fmt: skip
    with pytest.raises(jwt.MissingRequiredClaimError):
        application.verified(auth0.mint({"exp": ABSENT}), AUDIENCE, options={"require": ["exp"]})
    with pytest.raises(jwt.ExpiredSignatureError):
        application.verified(auth0.mint({"exp": 1}), AUDIENCE)


@pytest.mark.parametrize("kind", ["none", "HS256", "stranger", "empty"])
def test_minted_signatures(application: Application, auth0: Auth0StandIn, kind: str) -> None:
    token = {
        "none": lambda: auth0.mint(None, {"alg": "none"}, key=b""),
        "HS256": lambda: auth0.mint(None, {"alg": "HS256"}, key=auth0.signing_key.public_pem),
        "stranger": lambda: auth0.mint(key=new_private_key()),
        "empty": lambda: auth0.mint(key=b""),
    }[kind]()
    with pytest.raises((jwt.InvalidAlgorithmError, jwt.InvalidSignatureError)):
        application.verified(token, AUDIENCE)
    if kind == "HS256":
        # It is what it says: whoever takes the public key for a secret is taken in.
        claims = jwt.api_jws.PyJWS().decode_complete(token, options={"verify_signature": False})
        assert claims["header"]["alg"] == "HS256"
        assert len(claims["signature"]) == 32


# -- over a restart ---------------------------------------------------------------------------------------------------------


def test_a_restart_keeps_keys_sessions_and_grants(tmp_path: Path) -> None:
    state = tmp_path / "auth0"
    with new_stand_in(state=state) as before:
        application = Application(before)
        tokens = application.tokens()
        used = application.tokens()["refresh_token"]
        assert application.refresh(used).status_code == 200
        opaque = application.tokens(audience=None)["access_token"]
        code = application.sign_in()["code"]
        published, port = kids(before), int(before.base_url.rpartition(":")[2])

    with new_stand_in(state=state, port=port) as after:
        assert kids(after) == published
        application.auth0 = after
        assert application.verified(tokens["access_token"], AUDIENCE)
        assert application.userinfo(opaque).status_code == 200
        assert "code=" in application.ask(prompt="none").headers["Location"]
        assert application.refresh(tokens["refresh_token"]).status_code == 200
        # What was used stays used, and a code does not outlive the process that made it.
        assert refusal(application.refresh(used)) == (403, "invalid_grant")
        assert refusal(application.swap(code)) == (403, "invalid_grant")
        after.rotate()
        assert kids(after)[1:] == published

    kept = list(state.iterdir())
    assert {path.name for path in kept} == {"keys.json", "grants.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    text = (state / "grants.json").read_text()
    assert not any(secret in text for secret in (tokens["access_token"], tokens["refresh_token"], opaque, used))


def test_nothing_is_kept_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with new_stand_in() as before, new_stand_in() as after:
        Application(before).tokens()
        assert not set(kids(before)) & set(kids(after))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("keys.json", "{"),
        ("keys.json", "[]"),
        ("keys.json", '{"keys": [{"kid": "a", "pem": "no key"}]}'),
        ("keys.json", '{"keys": [{"kid": "a"}]}'),
        ("keys.json", '{"keys": [1]}'),
        ("keys.json", json.dumps({"keys": 5})),
        ("keys.json", json.dumps({"keys": [{"kid": "a", "pem": NO_RSA}]})),
        ("grants.json", "nonsense"),
        ("grants.json", '{"grants": {"a": {"id": 1}}}'),
        ("grants.json", '{"sessions": 5}'),
    ],
)
def test_a_damaged_file_is_told_and_left_alone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingError, match=rf"{name}.* damaged|damaged.* {name}"):
        new_stand_in(state=tmp_path)
    assert (tmp_path / name).read_text() == text
