"""Auth0's keys: who is asked how often, what is kept, and which keys are none."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from accounts.jwks import KeysUnavailableError, SigningKeys, signing_keys_in
from accounts.provider import Answer, ProviderUnavailableError

RSA_2048 = generate_private_key(65537, 2048)
PUBLIC = {"use": "sig", "alg": "RS256", **RSAAlgorithm.to_jwk(RSA_2048.public_key(), as_dict=True)}
DAY = 24 * 60 * 60


def jwk(kid: Any, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (PUBLIC | {"kid": kid} | changes).items() if value is not None}


class Tenant:
    """A JWKS that counts who asks for it, on a clock that the test sets."""

    def __init__(self) -> None:
        self.kids: tuple[str, ...] = ("a",)
        self.now = 1000.0
        self.asked = 0
        self.away = False
        self.pause = 0.0
        self.status = 200
        self.keys = SigningKeys("https://tenant.example/jwks", self.fetch, lambda: self.now)

    def fetch(self, url: str) -> Answer:
        assert url == "https://tenant.example/jwks"
        self.asked += 1
        time.sleep(self.pause)
        if self.away:
            raise ProviderUnavailableError("ConnectionError")
        return Answer(self.status, {"keys": [jwk(kid) for kid in self.kids]})

    def knows(self, kid: str) -> bool:
        return self.keys.find(kid) is not None

    def settle(self) -> None:
        """Wait for the look behind a request's back."""
        for thread in threading.enumerate():
            if thread.name == "jwks":
                thread.join(10)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


def test_nobody_is_asked_before_a_token_comes_and_once_then(tenant: Tenant) -> None:
    assert tenant.asked == 0
    assert all(tenant.knows("a") for _ in range(100))
    assert tenant.asked == 1


def test_a_thousand_unknown_kids_ask_once_a_minute(tenant: Tenant) -> None:
    assert not any(tenant.knows(f"random-{n}") for n in range(1000))
    assert tenant.asked == 1
    tenant.now += 59
    assert not any(tenant.knows(f"other-{n}") for n in range(1000))
    assert tenant.asked == 1
    for minute in range(1, 6):
        tenant.now += 60
        assert not any(tenant.knows(f"more-{minute}-{n}") for n in range(100))
        assert tenant.asked == 1 + minute
    assert tenant.knows("a")


def test_a_thousand_unknown_kids_while_the_keys_cannot_be_had(tenant: Tenant) -> None:
    tenant.away = True
    for n in range(1000):
        with pytest.raises(KeysUnavailableError) as caught:
            tenant.knows(f"random-{n}")
        assert 1 <= caught.value.retry_after <= 60
    assert tenant.asked == 1


@pytest.mark.parametrize(("kid", "found"), [("a", 50), ("random", 0)])
def test_fifty_threads_at_once_ask_once(tenant: Tenant, kid: str, found: int) -> None:
    tenant.pause = 0.1
    together = threading.Barrier(50)

    def ask(n: int) -> bool:
        together.wait(30)
        return tenant.knows(kid if found else f"{kid}-{n}")

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(ask, range(50)))
    assert (answers.count(True), tenant.asked) == (found, 1)


def test_a_new_key_is_found_at_once_and_the_one_rotated_out_is_forgotten(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.kids = ("b",)
    assert tenant.knows("b")
    assert (tenant.knows("a"), tenant.asked) == (False, 3)
    tenant.kids = ("c",)
    # That look for `a` found nothing, so that the next one has to wait.
    assert not tenant.knows("c")
    tenant.now += 60
    assert tenant.knows("c")
    assert tenant.asked == 4


def test_keys_are_looked_at_anew_behind_a_request_while_it_works(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.now += 599
    assert tenant.knows("a")
    assert tenant.asked == 1
    tenant.now += 1
    tenant.kids = ("b",)
    # This request is answered from what is held; the next one no more.
    assert tenant.knows("a")
    tenant.settle()
    assert (tenant.asked, tenant.knows("b")) == (2, True)
    assert not tenant.knows("a")


def test_who_slept_for_an_hour_looks_first(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.kids = ("b",)
    tenant.now += 3600
    assert (tenant.knows("a"), tenant.knows("b")) == (False, True)


def test_who_slept_for_an_hour_and_finds_nobody_goes_on_with_what_he_has(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.away = True
    tenant.now += 3600
    assert tenant.knows("a")
    assert tenant.asked == 2


def test_many_requests_at_once_look_anew_once(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.now += 600
    tenant.pause = 0.2
    began = time.monotonic()
    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(lambda _: tenant.knows("a"), range(200)))
    # None of them waited for it.
    assert time.monotonic() - began < 0.2
    tenant.settle()
    assert tenant.asked == 2


def test_a_known_key_outlives_an_outage_by_a_day_and_no_longer(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.away = True
    for _ in range(24 * 60 - 1):
        tenant.now += 60
        assert tenant.knows("a")
        tenant.settle()
    # Looked for once a minute from the tenth on, by no request in the foreground.
    assert tenant.asked == 1 + 24 * 60 - 10
    tenant.now += 59.9
    assert tenant.knows("a")
    tenant.settle()
    tenant.now += 0.2
    with pytest.raises(KeysUnavailableError):
        tenant.knows("a")
    tenant.away = False
    tenant.now += 60
    assert tenant.knows("a")


def test_an_unknown_kid_in_an_outage_is_unknown(tenant: Tenant) -> None:
    assert tenant.knows("a")
    tenant.away = True
    assert not tenant.knows("b")
    assert (tenant.knows("a"), tenant.asked) == (True, 2)


@pytest.mark.parametrize(("status", "kids"), [(404, ("a",)), (304, ("a",)), (200, ())])
def test_an_answer_without_keys_does_not_wipe_those_held(tenant: Tenant, status: int, kids: tuple[str, ...]) -> None:
    assert tenant.knows("a")
    tenant.status, tenant.kids = status, kids
    assert not tenant.knows("b")
    assert tenant.knows("a")


def _private() -> dict[str, Any]:
    return {"use": "sig", **RSAAlgorithm.to_jwk(RSA_2048, as_dict=True), "kid": "private"}


NOT_KEYS: dict[str, Callable[[], Any]] = {
    "for encryption": lambda: jwk("x", use="enc"),
    "another algorithm": lambda: jwk("x", alg="RS512"),
    "symmetric": lambda: {"kty": "oct", "k": "c2VjcmV0", "use": "sig", "kid": "x"},
    "elliptic": lambda: {
        "use": "sig",
        "kid": "x",
        **ECAlgorithm.to_jwk(generate_ec_key(SECP256R1()).public_key(), as_dict=True),
    },
    "too short": lambda: {
        "use": "sig",
        "kid": "x",
        **RSAAlgorithm.to_jwk(generate_private_key(65537, 1024).public_key(), as_dict=True),  # noqa: S505 - that is the point
    },
    "no kid": lambda: jwk(None),
    "an empty kid": lambda: jwk(""),
    "a number for a kid": lambda: jwk(5),
    "a long kid": lambda: jwk("x" * 201),
    "a kid that breaks lines": lambda: jwk("x\ny"),
    "no modulus": lambda: jwk("x", n=None),
    "a modulus that is none": lambda: jwk("x", n="!"),
    "a number for a modulus": lambda: jwk("x", n=5),
    "an even exponent": lambda: jwk("x", e="AgAA"),
    "text": lambda: "key",
    "null": lambda: None,
}


@pytest.mark.parametrize("name", NOT_KEYS)
def test_what_is_no_key_for_rs256_is_left_out(name: str) -> None:
    assert set(signing_keys_in({"keys": [NOT_KEYS[name](), jwk("good")]})) == {"good"}


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "a"}, {"kid": "a"}])
def test_what_is_no_key_set(document: dict[str, Any]) -> None:
    assert signing_keys_in(document) == {}


def test_of_a_private_key_only_the_public_half_is_kept_and_the_first_of_a_kid_counts() -> None:
    keys = signing_keys_in({"keys": [_private(), jwk("private", n="AQAB")]})
    assert keys["private"].public_numbers() == RSA_2048.public_key().public_numbers()
    assert not hasattr(keys["private"], "private_numbers")


def test_a_key_that_names_no_use_is_for_signatures() -> None:
    plain = {name: value for name, value in jwk("plain").items() if name not in ("use", "alg")}
    assert set(signing_keys_in({"keys": [plain]})) == {"plain"}
