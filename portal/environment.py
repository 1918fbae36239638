"""Readers of the process environment that fail at start with one line naming the variable."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from telephony.switch.errors import SwitchError

T = TypeVar("T")
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Others live in one process, or forget what two workers add at once.
_SHARED_CACHES = ("dbcache", "rediscache", "redis", "rediss", "pymemcache")
_LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Return the scheme, host and port of a URL, as a content security policy names them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Environment:
    """Typed access to environment variables; every complaint names the variable and what it wants."""

    def __init__(self, env: environ.Env) -> None:
        self._env = env

    def text(self, name: str, default: str = "") -> str:
        """Return the variable's text, `default` when it is unset or blank."""
        return str(self._env.str(name, default="")).strip() or default

    def boolean(self, name: str, default: bool) -> bool:
        """Return true for 1/true/yes/on and false for 0/false/no/off."""
        text = self.text(name).lower()
        if not text:
            return default
        known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
        if text not in known:
            raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}")
        return known[text]

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number between `least` and `most`, both allowed."""
        text = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    def items(self, name: str, default: str = "") -> list[str]:
        """Return a comma-separated list without its blanks."""
        return [item.strip() for item in self.text(name, default).split(",") if item.strip()]

    def networks(self, name: str, default: str = "") -> list[IPNetwork]:
        """Return a comma-separated list of addresses and CIDR networks."""
        return [
            self._parsed(name, item, ipaddress.ip_network, "an address or CIDR network") for item in self.items(name, default)
        ]

    def secret(self, name: str, debug_default: str | None, least: int) -> str:
        """Return a secret of at least `least` characters; only a debugging portal may go without one."""
        text = self.text(name, debug_default or "")
        if not text:
            raise ImproperlyConfigured(f"{name} is not set: give it at least {least} random characters (see .env.example)")
        if len(text) < least:
            raise ImproperlyConfigured(f"{name} is too short: it needs at least {least} characters")
        return text

    def optional_secret(self, name: str, least: int) -> str:
        """Return a secret that switches something on, "" when it is unset."""
        return self.secret(name, None, least) if self.text(name) else ""

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Return a URL of one of the schemes, without a trailing slash."""
        text = self.text(name, default)
        parts = urlsplit(text)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ImproperlyConfigured(f"{name} must be a URL with {' or '.join(schemes)}, not {text!r}")
        return text.rstrip("/")

    def secure_url(self, name: str, default: str) -> str:
        """Return an https URL; plain http only on loopback."""
        text = self.text(name, default)
        if not text:
            return ""
        parts = urlsplit(text)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK_HOSTS):
            return text
        raise ImproperlyConfigured(f"{name} must be https (http only on loopback), not {text!r}")

    def origins(self, name: str) -> list[str]:
        """Return a comma-separated list of origins, each spelt as a browser sends it."""
        for item in self.items(name):
            parts = urlsplit(item)
            # A browser sends a lower-case host and no default port: spelt otherwise an origin would never be let in.
            if not _ORIGIN.fullmatch(item) or item == f"{parts.scheme}://{parts.hostname}:{_DEFAULT_PORTS.get(parts.scheme)}":
                raise ImproperlyConfigured(f"{name} must hold origins such as https://app.example.com, not {item!r}")
        return self.items(name)

    def all_or_none(self, what: str, **values: str) -> bool:
        """Tell whether all of the variables are set; some of them without the others are refused."""
        missing = [name for name, value in values.items() if not value]
        if missing and len(missing) < len(values):
            given = next(name for name, value in values.items() if value)
            raise ImproperlyConfigured(
                f"{' and '.join(missing)} must be set where {given} is: {what} needs all of them, or none"
            )
        return not missing

    def matching(self, name: str, default: str, pattern: str, wants: str) -> str:
        """Return text that matches the whole pattern; `wants` describes it to the operator."""
        text = self.text(name, default)
        if not re.fullmatch(pattern, text):
            raise ImproperlyConfigured(f"{name} must be {wants}, not {text!r}")
        return text

    def codes(self, first: tuple[str, str], second: tuple[str, str]) -> tuple[str, str] | None:
        """Return two codes to be pressed on a phone, each given by name and default; None where one of them is `off`."""
        found = [
            self.matching(*each, r"off|[*#][0-9]{1,3}", "* or # and up to three digits, or off") for each in (first, second)
        ]
        if "off" in found:
            return None
        if found[0].startswith(found[1]) or found[1].startswith(found[0]):
            raise ImproperlyConfigured(f"{first[0]} and {second[0]} must be two codes of which none begins with the other")
        return found[0], found[1]

    def countries(self, name: str, default: str) -> list[str]:
        """Return a comma-separated list of two-letter country codes."""
        codes = self.items(name, default)
        for code in codes:
            if not re.fullmatch(r"[A-Z]{2}", code):
                raise ImproperlyConfigured(f"{name} must hold two-letter country codes such as US, not {code!r}")
        return codes

    def optional(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return what the variable's text parses to, None when it is unset; the text itself is not shown: it may be secret."""
        text = self.text(name)
        try:
            return parse(text) if text else None
        except (SwitchError, ValueError) as error:
            raise ImproperlyConfigured(f"{name} cannot be used: {error}") from None

    def cache(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's configuration of a cache that all workers share."""
        text = self.text(name, default)
        scheme = text.partition("://")[0]
        if scheme not in _SHARED_CACHES:
            raise ImproperlyConfigured(f"{name} must be a URL with {' or '.join(_SHARED_CACHES)}, not {text!r}")
        config: dict[str, Any] = environ.Env.cache_url_config(text)
        if scheme == "dbcache":
            # Ours counts without losing any; Django's default of 300 entries would throw counters away while they count.
            config["BACKEND"] = "web.cache.DatabaseCache"
            config.setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 10_000)
        return config

    def number_range(self, name: str, default: str) -> "NumberRange":
        """Return a range such as 1000-9999, both ends included and of the same length."""
        text = self.matching(name, default, r"[1-9][0-9]{1,6}-[1-9][0-9]{1,6}", "a range such as 1000-9999")
        first, last = text.split("-")
        if len(first) != len(last) or int(first) > int(last):
            raise ImproperlyConfigured(f"{name} must run from a lower to a higher number of the same length, not {text!r}")
        return NumberRange(int(first), int(last))

    @staticmethod
    def _parsed(name: str, text: str, parse: Callable[[str], T], wants: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must hold {wants}: {error}") from None


class NumberRange(NamedTuple):
    """A range of extension numbers, both ends included."""

    first: int
    last: int
