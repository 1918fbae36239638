"""Make a record fit to be kept: nothing that a database refuses, and no secret."""

import math
import re
from typing import Any, Final

STRIPPED: Final = "[stripped]"
DEEPEST: Final = 40
LONGEST_TEXT: Final = 65_536

_SECRET_NAME = re.compile(r"passw|a1[-_]?hash|digest|secret|token|api_?key|nonce|credential|authorization\b|sip_auth_(?!user|realm)", re.IGNORECASE)
# A signed address, an address with a password in it, a header with a proof: wherever in a text they stand.
_SECRET_TEXT = re.compile(
    r"""[a-z][a-z0-9+.-]{1,20}://[^\s'"/@]{0,200}:[^\s'"/@]{1,200}@[^\s'"]*"""
    r"""|(?:https?://[^\s'"]{0,300}?)?/freeswitch/recordings/[^\s'",;)}\]]*"""
    r"""|https?://[^\s'"?]{0,2000}\?[^\s'"]*(?:signature|sig|token|key|auth|passw)[^\s'"]*"""
    r"""|\b(?:[a-z0-9_-]*(?:passw(?:or)?d|secret|token|a1-hash|nonce|digest))=[^\s,;'"}\]]+"""
    r"""|\bresponse="[0-9a-f]{32}" """.strip()
    + r"""|\b(?:basic|bearer|digest)\s+[A-Za-z0-9+/=._-]{8,}""",
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


def _clean_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(STRIPPED, _clean_text(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _clean_text(text: str) -> str:
    return _UNSTORABLE.sub("", text[:LONGEST_TEXT])


def line(value: Any, longest: int) -> str:
    """Return a value as one line of printable text, cut to `longest` characters."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return ""
    text = str(value)[: longest * 4]
    return "".join(c for c in text if c.isprintable()).strip()[:longest]
