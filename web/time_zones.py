"""Whose clock a page shows and reads: that of the browser, which names its zone in a cookie."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

COOKIE = "timezone"
KNOWN = frozenset(zoneinfo.available_timezones())


def zone_named(name: str) -> zoneinfo.ZoneInfo | None:
    """Return the zone of this name, None where none is known by it."""
    return zoneinfo.ZoneInfo(name) if name in KNOWN else None


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """Return the zone that the browser named, None where it named none that is known."""
    return zone_named(request.COOKIES.get(COOKIE, ""))


class TimeZoneMiddleware:
    """Write times, and read days, as the viewer's clock has them; UTC for whoever has no browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the viewer's zone; the API always speaks UTC."""
        zone = None if request.path.startswith(("/api/", "/freeswitch/")) else zone_of(request)
        if zone is None:
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)
