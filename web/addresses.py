"""From where a request comes, when proxies that the operator named stand between."""

import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_address(text: str) -> IPAddress | None:
    """Return the address that the text is, an IPv4 one also where it is written as IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def in_networks(text: str, networks: Iterable[IPNetwork]) -> bool:
    """Tell whether the text is an address in one of the networks."""
    address = parse_address(text)
    return address is not None and any(address in network for network in networks)


def client_address(request: HttpRequest) -> str:
    """Return the nearest address that is no trusted proxy's.

    X-Forwarded-For is believed only as far as trusted proxies wrote it, from the right.
    """
    nearest = parse_address(request.META.get("REMOTE_ADDR", ""))
    if nearest is None or not in_networks(str(nearest), settings.TRUSTED_PROXIES):
        return str(nearest or "")
    for text in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        address = parse_address(text)
        if address is None:
            break
        nearest = address
        if not in_networks(str(address), settings.TRUSTED_PROXIES):
            break
    return str(nearest)


def forwarded_by_a_stranger(request: HttpRequest) -> bool:
    """Tell whether a proxy that nobody named stands between: then the true address is anybody's guess."""
    return "X-Forwarded-For" in request.headers and not in_networks(request.META["REMOTE_ADDR"], settings.TRUSTED_PROXIES)
