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
REGISTERED_FOR_SECONDS = 3600
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

    @property
    def contact(self) -> str:
        """Where it wants to be rung."""
        return f'"" <sip:{contact_of(self.user)[0]}@{self.address}:{self.port}>'

    @property
    def token(self) -> str:
        """The id of its registration."""
        return f"{self.port:016x}"


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
            self._fire("sofia::expire", self._gone(each))
        return len(found)

    def register(self, user: str, password: str, address: str, directory: Directory) -> bool:
        """Let a phone register, or throw it out for good; tell whether it is registered now."""
        a1_hash = directory(user, address)
        plain = f"{user}:{self.domain}:{password}".encode()
        proof = hashlib.md5(plain, usedforsecurity=False).hexdigest()
        phone = Registration(user, address)
        if a1_hash is None or not hmac.compare_digest(a1_hash, proof):
            self._fire("sofia::register_failure", self._refused(phone))
            return False
        with self._lock:
            again = not self._known.get(user, Registration(user, address, thrown_out=True)).thrown_out
            self._known[user] = phone
        self._fire("sofia::register", self._here(phone, again=again))
        return True

    def unregister(self, user: str) -> bool:
        """Let a phone say that it goes; tell whether it was registered."""
        with self._lock:
            phone = self._known.pop(user, None)
        if phone is None or phone.thrown_out:
            return False
        self._fire("sofia::unregister", self._left(phone))
        return True

    # -- what is told, in the order of a real switch -----------------------------------------------------------------------

    def _here(self, phone: Registration, *, again: bool) -> Headers:
        user, domain = phone.user, self.domain
        return [
            ("profile-name", "internal"), ("from-user", user), ("from-host", domain), ("presence-hosts", "n/a"),
            ("contact", phone.contact), ("call-id", phone.token), ("rpid", "unknown"), ("status", "Registered(UDP)"),
            ("expires", str(REGISTERED_FOR_SECONDS)), ("to-user", user), ("to-host", domain), ("network-ip", phone.address),
            ("network-port", str(phone.port)), ("username", user), ("realm", domain), ("user-agent", AGENT),
            *([("update-reg", "true")] if again else []),
        ]  # fmt: skip

    def _left(self, phone: Registration) -> Headers:
        return [
            ("profile-name", "internal"), ("username", phone.user), ("from-user", phone.user), ("from-host", self.domain),
            ("contact", phone.contact), ("call-id", phone.token), ("rpid", "unknown"), ("realm", self.domain),
            ("network-ip", phone.address), ("network-port", str(phone.port)), ("user-agent", AGENT), ("expires", "0"),
        ]  # fmt: skip

    def _gone(self, phone: Registration) -> Headers:
        return [
            ("profile-name", "internal"), ("call-id", phone.token), ("user", phone.user), ("username", phone.user),
            ("host", self.domain), ("contact", phone.contact), ("expires", str(REGISTERED_FOR_SECONDS)), ("user-agent", AGENT),
            ("realm", self.domain), ("network-ip", phone.address), ("network-port", str(phone.port)),
        ]  # fmt: skip

    def _refused(self, phone: Registration) -> Headers:
        return [
            ("profile-name", "internal"), ("to-user", phone.user), ("to-host", self.domain), ("network-ip", phone.address),
            ("user-agent", AGENT), ("network-port", str(phone.port)), ("registration-type", "REGISTER"),
        ]  # fmt: skip
