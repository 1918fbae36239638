"""Whether the portal's own settings make sense for a switch."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import requests
from django.conf import settings

from telephony.services.doctor.findings import Check, Fault
from telephony.services.switchboard import addresses
from telephony.switch.passwords import weakness_of

ABOUT: Final = "portal"
_ANSWER_SECONDS: Final = 5.0
_HOW_TO_CHANGE: Final = "Make a new one, run switchconfig again, and restart the portal and the switch."


def checks() -> list[Check]:
    """Return the checks of the settings and of the running portal."""
    return [
        Check(ABOUT, "settings", _settings),
        Check(ABOUT, "passwords", _passwords),
        Check(ABOUT, "server", _server),
    ]


def _settings() -> str:
    if settings.DEBUG:
        raise Fault("DEBUG is on: secrets that everybody knows are taken, and errors are shown.", "Set DEBUG=false.")
    if not addresses():
        raise Fault("FREESWITCH_ESL_URL is not set: no switch is known.", "Set it to esl://:PASSWORD@HOST:8021.")
    far = [str(address) for address in addresses() if not _is_loopback(address.host)]
    if far and _is_loopback(urlsplit(settings.PUBLIC_URL).hostname or ""):
        raise Fault(
            f"PUBLIC_URL is {settings.PUBLIC_URL}, which the switch at {far[0]} takes for itself.",
            "Set PUBLIC_URL to an address of the portal that the switch reaches.",
        )
    return f"{len(addresses())} in FREESWITCH_ESL_URL, PUBLIC_URL {settings.PUBLIC_URL}"


def _passwords() -> str:
    weak = {"FREESWITCH_HTTP_PASSWORD": weakness_of(settings.FREESWITCH_HTTP_PASSWORD)}
    weak |= {f"The password in FREESWITCH_ESL_URL for {address}": weakness_of(address.password) for address in addresses()}
    for name, weakness in weak.items():
        if weakness:
            raise Fault(f"{name} {weakness}.", _HOW_TO_CHANGE)
    return "none that everybody tries"


def _server() -> str:
    """Ask the running portal whether it is ready."""
    address = f"{settings.PUBLIC_URL}/readyz"
    try:
        answer = requests.get(address, timeout=_ANSWER_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise Fault(
            f"Nothing that this machine reaches answers at {address} ({type(error).__name__}).",
            "Start the portal, or set PUBLIC_URL to where it is.",
        ) from None
    if answer.status_code != requests.codes.ok:
        raise Fault(
            f"{address} answers {answer.status_code}.", "Look there which part is not ready, and into the portal's log."
        )
    return f"ready at {settings.PUBLIC_URL}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
