"""A request and an answer, apart from the server that carries them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from demo.auth0.errors import OAuthError, PageError

SESSION_COOKIE = "auth0_stand_in"
BROWSER_COOKIE = "auth0_stand_in_browser"
_COOKIE = re.compile(r"[A-Za-z0-9_-]{20,64}")


@dataclass(frozen=True)
class Request:
    """What a client sent; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""

    def query_parameters(self) -> dict[str, str]:
        """Return the query's parameters. Raises PageError where they are no UTF-8, or one was sent twice."""
        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, errors="strict")
        except ValueError:
            raise PageError("Invalid request", "The address is not well-formed.") from None
        if len(dict(pairs)) != len(pairs):
            raise PageError("Invalid request", "A parameter was sent more than once.")
        return dict(pairs)

    def parameters(self) -> dict[str, str]:
        """Return the body's parameters, from a form or from JSON as Auth0 takes both. Raises OAuthError."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            pairs = _READERS[content_type](self.body)
        except (KeyError, ValueError, RecursionError):
            raise OAuthError("invalid_request", "The body must be a form or a JSON object") from None
        parameters = dict(pairs)
        if len(parameters) != len(pairs) or not all(_is_text(value) for value in parameters.values()):
            raise OAuthError("invalid_request", "Each parameter must be one text, sent once")
        return parameters

    def cookie(self, name: str) -> str:
        """Return a cookie, "" where none of ours was sent: one that is echoed must not break a header."""
        # By hand: the library drops all of them because of one that another server on this host set.
        pairs = (each.strip().partition("=") for each in self.headers.get("cookie", "").split(";"))
        value = next((value for found, _, value in pairs if found == name), "")
        return value if _COOKIE.fullmatch(value) else ""


def _form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")


def _json(body: bytes) -> list[tuple[str, str]]:
    # Every object becomes a tuple of its pairs, so that a name that stands there twice shows.
    values = json.loads(body, object_pairs_hook=tuple)
    if not isinstance(values, tuple):
        raise ValueError("no object")
    return list(values)


def _is_text(value: object) -> bool:
    # JSON can spell half of a surrogate pair, which is no text and cannot be hashed.
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


_READERS = {"application/x-www-form-urlencoded": _form, "application/json": _json}


@dataclass
class Answer:
    """What a client gets back."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def json(cls, values: dict[str, Any], status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Self:
        """Answer with a JSON object."""
        return cls(status, json.dumps(values).encode(), [("Content-Type", "application/json; charset=utf-8"), *headers])

    @classmethod
    def html(cls, page: str, policy: str, status: int = 200) -> Self:
        """Answer with a page under its content security policy."""
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy),
            ("X-Frame-Options", "DENY"),
        ]
        return cls(status, page.encode(), headers)

    @classmethod
    def redirect(cls, address: str) -> Self:
        """Answer with another address to go to."""
        return cls(302, headers=[("Location", address)])

    def with_cookie(self, name: str, value: str) -> Self:
        """Set a cookie that no script reads; an empty one is removed."""
        gone = "" if value else "; Max-Age=0"
        self.headers.append(("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{gone}"))
        return self
