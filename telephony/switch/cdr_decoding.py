"""From the bytes that a switch posts, or spills to a file, to the record as a plain structure.

Which of the switch's encodings it is, the bytes tell; the header lies (a form may be raw JSON). Source: mod_json_cdr
(`encode`, `encode-values`, `disable-100-continue`) and mod_xml_cdr of FreeSWITCH 1.11.
"""

import base64
import binascii
import codecs
import json
import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from telephony.switch.errors import CdrError

MAX_CDR_BYTES: Final = 4 * 1024 * 1024
DEEPEST: Final = 40

_FORM_FIELD = re.compile(rb"(?:\A|&)cdr=([^&]*)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
# A string, never given back once read, also one that does not end: a hostile body must not be read again and again.
_BARE_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"?|-?\b(?:nan|inf(?:inity)?)\b(?:\([^)]{0,20}\))?', re.IGNORECASE | re.DOTALL)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# What the switch never leaves bare when it percent-encodes a value.
_NEVER_BARE = re.compile(r'[\r\n "#&+:;<=>?@\[\\\]^`{|}]')
# The XML names of what JSON calls otherwise, and the elements of which there may be several.
_LISTS = {
    "app_log": ("application", "applications"),
    "extension": ("application", "applications"),
    "origination": ("origination_caller_profile", "origination_caller_profiles"),
    "originator": ("originator_caller_profile", "originator_caller_profiles"),
    "originatee": ("originatee_caller_profile", "originatee_caller_profiles"),
}


def _byte_as_latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("portal-latin1", _byte_as_latin1)


def decode_record(body: bytes) -> dict[str, Any]:
    """Return the record in the shape of mod_json_cdr, values decoded. Raises CdrError."""
    if len(body) > MAX_CDR_BYTES:
        raise CdrError(f"Too large: {len(body)} bytes, of which at most {MAX_CDR_BYTES} are read.")
    text = _text(_unwrapped(body))
    try:
        record = _from_xml(text) if text.startswith("<") else _from_json(text)
    except RecursionError:
        raise CdrError("The record is nested too deeply.") from None
    variables = record.get("variables")
    if not isinstance(variables, dict):
        raise CdrError("The record has no variables.")
    if _are_encoded(variables):
        record["variables"] = {name: _decoded(value) for name, value in variables.items()}
    return record


def _unwrapped(body: bytes) -> bytes:
    """Take the record out of its form, its base64, its percent-encoding."""
    body = body.removeprefix(codecs.BOM_UTF8).strip(b" \t\r\n\0")
    if not body:
        raise CdrError("The body is empty.")
    if body[:1] in b"{<":
        return body
    field = _FORM_FIELD.search(body)
    value = field[1] if field else body
    # The switch encodes a plus sign: one that stands bare is another client's space.
    spaced = value.replace(b"+", b" ") if field else value
    for candidate in (unquote_to_bytes(spaced), _from_base64(value), _from_base64(unquote_to_bytes(value))):
        decoded = candidate.strip(b" \t\r\n\0")
        if decoded[:1] and decoded[:1] in b"{<":
            return decoded
    raise CdrError("The body is neither JSON nor XML, nor a form that holds one.")


def _from_base64(value: bytes) -> bytes:
    if not _BASE64.fullmatch(value):
        return b""
    try:
        return base64.b64decode(value)
    except binascii.Error:
        return b""


def _text(data: bytes) -> str:
    """Decode UTF-8; a byte that is none is taken for Latin-1."""
    return data.decode("utf-8", "portal-latin1").replace("\0", "")


# -- JSON ------------------------------------------------------------------------------------------------------------------


def _from_json(text: str) -> dict[str, Any]:
    if text.count("[") + text.count("{") > 100_000:
        raise CdrError("The record is nested too deeply.")
    try:
        record = _load_json(text)
    except ValueError:
        # `nan` and `inf` are what the switch prints for a score that it could not compute.
        try:
            record = _load_json(_BARE_WORD.sub(lambda word: word[0] if word[0].startswith('"') else "null", text))
        except ValueError:
            raise CdrError("The body begins like JSON and is none, or was cut.") from None
    if not isinstance(record, dict):
        raise CdrError("The JSON is no object.")
    return record


def _load_json(text: str) -> Any:
    # Digits without end stay text: turning them into a number takes time that grows with their square.
    return json.loads(
        text, strict=False, parse_constant=lambda _: None, parse_int=lambda digits: int(digits) if len(digits) < 19 else digits
    )


# -- XML -------------------------------------------------------------------------------------------------------------------


def _from_xml(text: str) -> dict[str, Any]:
    # What XML forbids and the switch lets through.
    text = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    # The text is decoded already: its own declaration of an encoding would be taken for a second one.
    text = re.sub(r"\A<\?xml[^>]{0,200}\?>", "", text).lstrip()
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise CdrError("The body begins like XML and is none, was cut, or declares entities.") from None
    if root.tag != "cdr":
        raise CdrError("The XML is no call record.")
    record: dict[str, Any] = {"core-uuid": root.get("core-uuid", ""), "switchname": root.get("switchname", ""), "callflow": []}
    for part in root:
        if part.tag == "callflow":
            record["callflow"].append(_structure(part, 0))
        elif part.tag == "variables":
            record["variables"] = _variables(part)
        else:
            record["callStats" if part.tag == "call-stats" else part.tag] = _structure(part, 0)
    return record


def _variables(part: Element) -> dict[str, Any]:
    return {variable.tag: variable.text or "" for variable in part}


def _structure(element: Element, depth: int) -> Any:
    """Return an element as mod_json_cdr writes it: text, or an object of its attributes and children."""
    if depth > DEEPEST:
        raise CdrError("The record is nested too deeply.")
    structure: dict[str, Any] = dict(element.attrib)
    if not structure and not len(element):
        return element.text or ""
    several, plural = _LISTS.get(element.tag, ("", ""))
    if several:
        structure[plural] = [_structure(child, depth + 1) for child in element if child.tag == several]
    structure |= {child.tag: _structure(child, depth + 1) for child in element if child.tag != several}
    return structure


# -- encoded values --------------------------------------------------------------------------------------------------------


def _are_encoded(variables: dict[str, Any]) -> bool:
    """Tell whether the values are percent-encoded, as XML always and JSON by default has them.

    Every real record has an address or a SIP URI among its variables, so one bare character that the switch would have
    encoded shows that nothing is; a `%20` in a caller's name then stays what it is.
    """
    texts = [value for value in variables.values() if isinstance(value, str)]
    return any(map(_ESCAPE.search, texts)) and not any(map(_NEVER_BARE.search, texts))


def _decoded(value: Any) -> Any:
    return _text(unquote_to_bytes(value)) if isinstance(value, str) and "%" in value else value
