"""Find out how to call a user: from the portal's directory where it has one."""

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
