"""Answers to the switch's questions about users: who may register and call, and how to ring them.

A user for whom no `a1-hash` is given authenticates with any password: so every user that is sent has one. "Not found" makes
the switch look in its own files: so whoever must not come in is sent as a user who cannot.
Source: FreeSWITCH 1.11.1, sofia_reg.c.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from telephony.switch.configuration import Srtp
from telephony.switch.documents import Expression, UnsafeTextError, Value, element, fit, param, plain_name, section, text_of

USER_PATTERN: Final = r"[A-Za-z0-9._-]{1,64}"
DOMAIN_PATTERN: Final = r"[A-Za-z0-9.:\[\]_-]{1,253}"
CONTEXT: Final = "internal"

_EXTENSION: Final = r"[0-9]{2,7}"
_E164: Final = r"[1-9][0-9]{6,14}"
_ID: Final = r"[1-9][0-9]{0,18}"
_HA1: Final = r"[0-9a-f]{32}"
# Rings every phone that is registered at the extension.
_DIAL_STRING: Final = (
    "{sip_invite_domain=${dialed_domain},presence_id=${dialed_user}@${dialed_domain}%s}"
    "${sofia_contact(${dialed_user}@${dialed_domain})}"
)
_DIAL_STRINGS: Final = {
    Srtp.OFF: Expression(_DIAL_STRING % ""),
    Srtp.OPTIONAL: Expression(_DIAL_STRING % ",rtp_secure_media=optional"),
    Srtp.MANDATORY: Expression(_DIAL_STRING % ",rtp_secure_media=mandatory"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """An extension that somebody holds. `caller_id` is their number as E.164 digits, "" where they have none."""

    extension_id: int
    number: str
    domain: str
    display_name: str
    caller_id: str


def can_be_repeated(user: str, domain: str) -> bool:
    """Tell whether a user and a domain, as somebody spelt them, can stand in an answer."""
    if not (re.fullmatch(USER_PATTERN, user) and re.fullmatch(DOMAIN_PATTERN, domain)):
        return False
    try:
        text_of(user), text_of(domain)
    except UnsafeTextError:
        return False
    return True


def user_document(subscriber: Subscriber, domain: str, ha1: str | None = None, srtp: Srtp = Srtp.OFF) -> Element:
    """Return a user of a domain, spelt as the switch asked for it; `srtp` holds for calls from their phones and to them.

    `ha1` is given only where the switch is about to check a password; without it nobody can come in by this answer.
    Raises UnsafeTextError where any of it is malformed: an HA1 that is none would let anybody in.
    """
    a1_hash = _nobodys_hash() if ha1 is None else fit(ha1, _HA1, "HA1")
    variables = [*_variables(subscriber), *([] if srtp is Srtp.OFF else [("rtp_secure_media", srtp.value)])]
    user = element(
        "user",
        element("params", param("a1-hash", a1_hash)),
        element("variables", *(element("variable", name=name, value=value) for name, value in variables)),
        id=fit(subscriber.number, _EXTENSION, "extension"),
    )
    return _domain(domain, user, _DIAL_STRINGS[srtp])


def refused_user(user: str, domain: str) -> Element:
    """Return a user who cannot register nor call, whatever they prove: the hash is a new one each time, and nobody's.

    Raises UnsafeTextError where the name cannot be repeated.
    """
    params = element("params", param("a1-hash", _nobodys_hash()), param("sip-forbid-register", "true"))
    return _domain(domain, element("user", params, id=fit(user, USER_PATTERN, "user name")))


def probed_user(user: str, domain: str, variable: str, value: str) -> Element:
    """Return a user who cannot register nor call, with a variable for whoever looks them up. Raises UnsafeTextError."""
    params = element("params", param("a1-hash", _nobodys_hash()), param("sip-forbid-register", "true"))
    variables = element("variables", element("variable", name=variable, value=value))
    return _domain(domain, element("user", params, variables, id=fit(user, USER_PATTERN, "user name")))


def _variables(subscriber: Subscriber) -> list[tuple[str, Value]]:
    """Return what the channels of a user carry, and their records bring back."""
    number = fit(subscriber.number, _EXTENSION, "extension")
    variables: list[tuple[str, Value]] = [
        ("user_context", CONTEXT),
        ("domain_name", fit(subscriber.domain, DOMAIN_PATTERN, "domain")),
        ("accountcode", number),
        ("portal_extension_id", fit(str(subscriber.extension_id), _ID, "id of the extension")),
        ("effective_caller_id_name", plain_name(subscriber.display_name) or number),
        ("effective_caller_id_number", number),
    ]
    if subscriber.caller_id:
        caller_id = fit(subscriber.caller_id, _E164, "caller id")
        variables += [("outbound_caller_id_name", caller_id), ("outbound_caller_id_number", caller_id)]
    return variables


def _domain(name: str, user: Element, dial_string: Expression | None = None) -> Element:
    groups = element("groups", element("group", element("users", user), name="default"))
    params = [] if dial_string is None else [element("params", param("dial-string", dial_string))]
    return section("directory", element("domain", *params, groups, name=fit(name, DOMAIN_PATTERN, "domain")))


def _nobodys_hash() -> str:
    return secrets.token_hex(16)
