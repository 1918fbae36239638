"""Make a record fit to be kept: nothing that a database refuses, and no secret."""

import math
import re
from typing import Any, Final

STRIPPED: Final = "[stripped]"
DEEPEST: Final = 40
LONGEST_TEXT: Final = 65_536

_SECRET_NAME = re.compile(
    # What was pressed during a talk may have been a card's number.
    r"digits_dialed|matching_digits|passw|a1[-_]?hash|digest|secret|token|api_?key|nonce|credential|authorization\b|sip_auth_(?!user|realm)",
    re.IGNORECASE,
)
# Every alternative begins with something that seldom stands there and cannot run into itself: the text may be hostile.
_URL = re.compile(r"""[a-z][a-z0-9+.-]{1,20}://[^\s'"]*""", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(r"sig|token|key|auth|passw", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"""/freeswitch/recordings/[^\s'",;)}\]]*"""
    r"""|(?:passw(?:or)?d|secret|token|a1-hash|nonce|digest)=[^\s,;'"}\]]+"""
    r"""|\bresponse="[0-9a-f]{32}\""""
    r"""|\b(?:basic|bearer|digest)\s{1,3}[A-Za-z0-9+/=._-]{8,}""",
    re.IGNORECASE,
)
# A secret's name and what stands behind it, in whatever notation: JSON, XML, a form, and any of them percent-encoded.
_NAMED_SECRET = re.compile(
    r"""(?P<name>(?:passw|a1[-_]?hash|digest|secret|token|api_?key|nonce|credential|authorization|digits_dialed"""
    r"""|matching_digits|sip_auth_(?!user|realm))[\w-]{0,64})"""
    r"""(?P<between>(?:["'\s:=>]|&quot;|\\|%2[27]|%3[ade]|%20|%5c){1,32})"""
    r"""(?P<value>(?:(?!%2[267]|%3c|%5c|&quot;)[^"'&<,;\\\s]){1,4096})""",
    re.IGNORECASE,
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return a copy of the record that PostgreSQL's jsonb takes, without credentials and signed addresses.

    No NUL, no half surrogate pair, no number beyond 64 bits or without a value, no text without end.
    """
    if depth > DEEPEST:
        return "[too deep]"
    if isinstance(value, dict):
        secret_setting = _SECRET_NAME.search(str(value.get("name", "")))
        return {
            _clean_text(str(key)): STRIPPED if secret_setting and key == "value" else clean(inner, str(key), depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [clean(inner, name, depth + 1) for inner in value]
    if value not in ("", None) and _SECRET_NAME.search(name):
        return STRIPPED
    return _clean_scalar(value)


def readable(body: bytes) -> str:
    """Return bytes that nobody could read as text to look at, without what can be told to be a secret.

    It cannot all be told: where bytes are packed or broken enough, a secret may stand in them.
    """
    text = body.decode("utf-8", "replace")
    shown = "".join(
        character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}" for character in text
    )
    told = _SECRET_TEXT.sub(STRIPPED, _URL.sub(_clean_url, shown))
    return _NAMED_SECRET.sub(rf"\g<name>\g<between>{STRIPPED}", told)


def _clean_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(STRIPPED, _URL.sub(_clean_url, _clean_text(value)))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _clean_url(url: re.Match[str]) -> str:
    """Drop an address that is signed, or has a password in it."""
    place, _, query = url[0].partition("?")
    login, at, _ = place.partition("://")[2].partition("/")[0].rpartition("@")
    if (at and ":" in login) or "/freeswitch/recordings/" in place or _SECRET_PARAMETER.search(query):
        return STRIPPED
    return url[0]


def _clean_text(text: str) -> str:
    return _UNSTORABLE.sub("", text[:LONGEST_TEXT])


def line(value: Any, longest: int) -> str:
    """Return a value as one line of printable text, cut to `longest` characters."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return ""
    text = str(value)[: longest * 4]
    return "".join(c for c in text if c.isprintable()).strip()[:longest]
