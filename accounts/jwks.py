"""The keys that Auth0 signs tokens with, as this process last saw them."""

import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeGuard

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from accounts.provider import Answer, ProviderUnavailableError, ask

logger = logging.getLogger("portal.auth0")

# While it works, the keys are looked at anew this often: so long may a key that was rotated out still open something.
REFRESHED_EVERY_SECONDS = 10 * 60
# While Auth0 is away, keys that it once published stay good for so long.
KEPT_SECONDS = 24 * 60 * 60
# A process that has not looked for so long looks first: what it holds may be long gone.
IDLE_SECONDS = 60 * 60
# After a look that found nothing, no token can cause another one before this has passed.
PAUSE_SECONDS = 60
LEAST_BITS = 2048
LONGEST_KID = 200


class KeysUnavailableError(Exception):
    """No key is held to check any token with; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Auth0's keys cannot be had.")
        self.retry_after = retry_after


class _Held(NamedTuple):
    """What one look found; replaced as a whole, so that it can be read without the lock."""

    keys: Mapping[str, RSAPublicKey]
    fetched_at: float


class SigningKeys:
    """The keys of one JWKS; safe to be asked from many threads."""

    def __init__(self, url: str, fetch: Callable[[str], Answer] = ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._fetch, self._clock = url, fetch, clock
        self._held = _Held({}, -math.inf)
        self._pause_until = -math.inf
        self._tried_at = -math.inf
        self._lock = threading.Lock()
        self._refresh: threading.Thread | None = None

    def find(self, kid: str) -> RSAPublicKey | None:
        """Return the key of this id, None where Auth0 has no such key. Raises KeysUnavailableError.

        A key that is known does not wait for the network, save in a process that has not looked for an hour. One that is
        not makes at most one look a minute, and whoever else asks in the meantime waits for what that look finds.
        """
        self._wake_up()
        key = self._usable().get(kid)
        if key is not None:
            if self._age() >= REFRESHED_EVERY_SECONDS:
                self._refresh_behind()
            return key
        with self._lock:
            keys = self._usable()
            if kid not in keys and self._clock() >= self._pause_until:
                self._look()
                keys = self._usable()
                if kid not in keys:
                    self._pause()
        if not keys:
            raise KeysUnavailableError(max(1, math.ceil(self._pause_until - self._clock())))
        return keys.get(kid)

    def _wake_up(self) -> None:
        """Look first where nobody has for so long that what is held may have been rotated out and forgotten meanwhile."""
        if self._clock() - self._tried_at >= IDLE_SECONDS and self._held.keys:
            with self._lock:
                if self._clock() - self._tried_at >= IDLE_SECONDS:
                    self._look()

    def _age(self) -> float:
        return self._clock() - self._held.fetched_at

    def _usable(self) -> Mapping[str, RSAPublicKey]:
        held = self._held
        return held.keys if self._clock() - held.fetched_at < KEPT_SECONDS else {}

    def _pause(self) -> None:
        self._pause_until = self._clock() + PAUSE_SECONDS

    def _refresh_behind(self) -> None:
        """Look again behind the request's back, which is answered from what is held."""
        if self._clock() < self._pause_until or not self._lock.acquire(blocking=False):
            return
        try:
            if self._refresh is None or not self._refresh.is_alive():
                self._refresh = threading.Thread(target=self._refresh_now, name="jwks", daemon=True)
                self._refresh.start()
        finally:
            self._lock.release()

    def _refresh_now(self) -> None:
        with self._lock:
            if self._age() >= REFRESHED_EVERY_SECONDS and self._clock() >= self._pause_until:
                self._look()

    def _look(self) -> None:
        """Fetch the keys; where that fails, what is held stays, and nobody tries again for a minute."""
        self._tried_at = self._clock()
        try:
            answer = self._fetch(self._url)
            if answer.status != HTTPStatus.OK:
                raise ProviderUnavailableError(f"it answered {answer.status}")
            keys = signing_keys_in(answer.document)
            if not keys:
                raise ProviderUnavailableError("its JWKS holds no key to check RS256 with")
        except ProviderUnavailableError as error:
            logger.warning("Auth0's keys cannot be had: %s", error)
            self._pause()
        else:
            self._held = _Held(keys, self._clock())


def signing_keys_in(document: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """Return the keys of a JWKS that RS256 may be checked with, by id: RSA, for signatures, of at least 2048 bits."""
    entries = document.get("keys")
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("use", "sig") == "sig" and entry.get("alg", "RS256") == "RS256":
            kid, key = entry.get("kid"), _rsa_key(entry)
            if is_sane_kid(kid) and key is not None:
                keys.setdefault(kid, key)
    return keys


def is_sane_kid(kid: object) -> TypeGuard[str]:
    """Tell whether this is the id of a key: printable text, not too long."""
    return isinstance(kid, str) and 0 < len(kid) <= LONGEST_KID and kid.isprintable()


def _rsa_key(entry: Mapping[str, Any]) -> RSAPublicKey | None:
    public = {name: entry.get(name) for name in ("kty", "n", "e")}
    try:
        key = jwt.PyJWK(public, "RS256").key
    except jwt.PyJWTError:
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_BITS else None


@functools.lru_cache(maxsize=4)
def signing_keys(url: str) -> SigningKeys:
    """Return the keys of this JWKS, the same object for the life of this process."""
    return SigningKeys(url)
