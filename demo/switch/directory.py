"""What the portal's directory says of a user, where it has one: how to call it, and how it proves itself."""

from demo.switch.dial_strings import Endpoint
from demo.switch.exchange import Exchange
from demo.switch.portal import NoDirectoryError


class UnreachableError(Exception):
    """A leg cannot be placed; its text is the cause."""


def user_variables(exchange: Exchange, endpoint: Endpoint, at: int) -> dict[str, str]:
    """Return what the directory says of a user; nothing where the portal has none. Raises UnreachableError."""
    portal = exchange.settings.portal
    if portal is None:
        return {}
    event = exchange.event("REQUEST_PARAMS", [], at)
    try:
        entry = portal.directory_entry(dict(event.headers), endpoint.variables, endpoint.address, endpoint.domain)
    except NoDirectoryError:
        return {}
    if entry is None:
        raise UnreachableError("SUBSCRIBER_ABSENT")
    if not entry.dial_string:
        raise UnreachableError("MANDATORY_IE_MISSING")
    return entry.variables


def a1_hash_of(exchange: Exchange, user: str, address: str) -> str | None:
    """Return what a user proves itself against who registers from an address; None where nobody may."""
    portal = exchange.settings.portal
    if portal is None:
        return None
    headers = dict(exchange.event("REQUEST_PARAMS", []).headers)
    try:
        parameters = portal.authentication(headers, user, exchange.settings.domain, address)
    except NoDirectoryError:
        return None
    return None if parameters.get("sip-forbid-register") == "true" else parameters.get("a1-hash")
