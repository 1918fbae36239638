"""XML documents for the switch: every text passes one gate, because the switch rewrites each answer before it parses it.

Its preprocessor expands `$${…}` and `${…}`, runs what an `x-pre-process` names, and drops every line that holds `<?`,
`<include>` or the bare word `x-pre-process`, escaped or not: no such text may come from outside.
Source: FreeSWITCH 1.11.1, switch_xml.c.
"""

import html
import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, tostring

from telephony.switch.errors import SwitchError

# The switch takes no more.
MOST_BYTES: Final = 1024 * 1024

_LONGEST_VALUE: Final = 4000
# No control characters, no half surrogates, nothing that XML has no place for; `$` and `<` are the preprocessor's.
_SAFE = re.compile("[^\x00-\x1f\x7f-\x9f$<>\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]*")
_DIRECTIVE: Final = "x-pre-process"
_NOT_IN_A_NAME = re.compile(r"[^\w .-]+|_")


class UnsafeTextError(SwitchError):
    """A value may not stand in a document. The message does not quote it: it may be hostile."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A text in which the switch is to expand `${…}`: only ever a constant of this package, never made of data."""

    text: str


Value = str | Expression


def text_of(value: Value) -> str:
    """Return a value as the text of an attribute: the one place where values become text. Raises UnsafeTextError."""
    if isinstance(value, Expression):
        return value.text
    if not isinstance(value, str) or len(value) > _LONGEST_VALUE or not _SAFE.fullmatch(value):
        raise UnsafeTextError("A value has characters that may not stand in a document.")
    if _DIRECTIVE in value.lower() or _DIRECTIVE in html.unescape(value).lower():
        raise UnsafeTextError("A value holds the preprocessor's directive.")
    return value


def fit(value: str, pattern: str, what: str) -> str:
    """Return a text that is all of its kind. Raises UnsafeTextError."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise UnsafeTextError(f"The {what} is not fit for a document.")
    return value


def plain_name(name: str, longest: int = 60) -> str:
    """Return what a person is called, of letters, digits, blanks, dots and hyphens; "" where nothing is left."""
    plain = " ".join(_NOT_IN_A_NAME.sub(" ", name).split())[:longest].strip()
    return plain if _SAFE.fullmatch(plain) and _DIRECTIVE not in plain.lower() else ""


def element(tag: str, *children: Element, **attributes: Value) -> Element:
    """Return an element. Raises UnsafeTextError."""
    made = Element(tag, {name: text_of(value) for name, value in attributes.items()})
    made.extend(children)
    return made


def param(name: str, value: Value) -> Element:
    """Return a `<param>`."""
    return element("param", name=name, value=value)


def section(name: str, *children: Element) -> Element:
    """Return a document of one section."""
    return element("document", element("section", *children, name=name), type="freeswitch/xml")


def not_found() -> Element:
    """Return the document that says that nothing of the kind is ours: the switch then looks in its own files."""
    return section("result", element("result", status="not found"))


def serialise(document: Element) -> bytes:
    """Return a document as the switch takes it: one line without a declaration. Raises UnsafeTextError."""
    line = tostring(document, encoding="unicode")
    if "$$" in line or "<?" in line or "<include" in line or "\n" in line or _DIRECTIVE in line.lower():
        raise UnsafeTextError("The document holds what the preprocessor would act on.")
    body = line.encode()
    if len(body) > MOST_BYTES:
        raise UnsafeTextError("The document is larger than the switch takes.")
    return body
