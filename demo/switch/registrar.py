"""Which phones are registered, and how one registers: its proof is checked against what the portal's directory says.

Source: sofia_reg.c of FreeSWITCH 1.11.1.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass

from demo.switch.events import Event, Headers
from demo.switch.legs import contact_of

HERE = "127.0.0.1"
AGENT = "baresip v1.0.0 (x86_64/linux)"
# Whoever asks the portal for a user's proof: None where it has no such user, or none that may register.
Directory = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Registration:
    """A phone at an extension. One that was thrown out stays on the core's list until its time is up."""

    user: str
    address: str
    thrown_out: bool = False

    @property
    def port(self) -> int:
        """The port of its contact."""
        return contact_of(self.user)[1]


class Registrar:
    """The phones of one domain; safe to use from any thread. `fire` is told what happens."""

    def __init__(self, domain: str, users: tuple[str, ...], fire: Callable[[str, Headers], Event]) -> None:
        self.domain = domain
        self._fire = fire
        self._lock = threading.Lock()
        self._known = {user: Registration(user, HERE) for user in users}

    def listed(self) -> list[Registration]:
        """Return what the core lists."""
        with self._lock:
            return list(self._known.values())

    def registered(self, address: str = "") -> list[Registration]:
        """Return who is registered indeed; with `user@domain` given, there."""
        user, _, domain = address.partition("@")
        known = [each for each in self.listed() if not each.thrown_out]
        return [each for each in known if not address or (each.user, self.domain) == (user, domain)]

    def flush(self, address: str) -> int:
        """Throw out the phones at `user@domain`; return how many there were."""
        found = self.registered(address)
        for each in found:
            with self._lock:
                self._known[each.user] = Registration(each.user, each.address, thrown_out=True)
            self._fire("sofia::expire", [("user", each.user), *self._headers(each.user, each.address)])
        return len(found)

    def register(self, user: str, password: str, address: str, directory: Directory) -> bool:
        """Let a phone register, or throw it out for good; tell whether it is registered now."""
        a1_hash = directory(user, address)
        plain = f"{user}:{self.domain}:{password}".encode()
        proof = hashlib.md5(plain, usedforsecurity=False).hexdigest()
        headers = self._headers(user, address)
        if a1_hash is None or not hmac.compare_digest(a1_hash, proof):
            self._fire("sofia::register_failure", [*headers, ("to-user", user), ("registration-type", "REGISTER")])
            return False
        with self._lock:
            self._known[user] = Registration(user, address)
        self._fire("sofia::register", [*headers, ("from-user", user), ("username", user), ("status", "Registered(UDP)")])
        return True

    def _headers(self, user: str, address: str) -> Headers:
        return [
            ("profile-name", "internal"), ("to-host", self.domain), ("network-ip", address),
            ("network-port", str(contact_of(user)[1])), ("user-agent", AGENT),
        ]  # fmt: skip
