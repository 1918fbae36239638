"""How many requests somebody may send in a minute, counted over all workers."""

import ipaddress
import math
from collections.abc import Callable
from time import time
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from web.addresses import client_address
from web.errors import Problem

WINDOW_SECONDS = 60
# Whoever has an IPv6 address has 2^64 of them.
IPV6_PREFIX = 64
ATTEMPTS = 3
_META = "portal.rate"


class Rate(NamedTuple):
    """How much of a minute's limit is used, this request included, and in how many seconds the next minute begins."""

    limit: int
    used: int
    reset: int

    @property
    def is_exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return what a client is told."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset),
        }


def admit(request: Request) -> None:
    """Find out who asks, and count the request, also one whose proof fails.

    Raises Problem 429 where it is one too many, and whatever the authentication raised.
    """
    refusal: APIException | Http404 | None = None
    try:
        caller = _caller_of(request)
    except (APIException, Http404) as error:
        caller, refusal = _address_of(request._request), error
    rate = count(caller)
    request.META[_META] = rate
    if rate.is_exceeded:
        detail = f"More than {rate.limit} requests a minute; try again in {rate.reset} s."
        raise Problem(429, "throttled", detail, {"Retry-After": str(rate.reset)})
    if refusal is not None:
        raise refusal


def count_address(request: HttpRequest, purpose: str) -> Rate:
    """Count one more request for something that anybody may ask, by address; the answer to it will tell how much is left."""
    rate = count(f"{purpose}:{_address_of(request)}")
    request.META[_META] = rate
    return rate


def count(caller: str, limit: int | None = None) -> Rate:
    """Count one more request of a caller in this minute; of what is limited less than the API says `limit` how much."""
    now = time()
    window = int(now // WINDOW_SECONDS)
    return Rate(
        limit=settings.API_RATE_PER_MINUTE if limit is None else min(limit, settings.API_RATE_PER_MINUTE),
        used=_add_one(f"rate:{caller}:{window}"),
        reset=math.ceil((window + 1) * WINDOW_SECONDS - now),
    )


def _add_one(key: str) -> int:
    for _ in range(ATTEMPTS):
        try:
            return int(cache.incr(key))
        except ValueError:
            # The first of this minute; where two are, one of them adds it and the other one counts on.
            if cache.add(key, 1, timeout=2 * WINDOW_SECONDS):
                return 1
    # A cache that throws counters away as fast as they are made is too small to limit anybody.
    return 1


def _caller_of(request: Request) -> str:
    """Name who is counted as one: a key, else a person, else an address. Raises what the authentication raises."""
    user, proof = request.user, request.auth
    if isinstance(proof, Model):
        return f"key:{proof.pk}"
    return f"user:{user.pk}" if user.pk is not None else _address_of(request._request)


def _address_of(request: HttpRequest) -> str:
    text = client_address(request)
    if ":" in text:
        text = str(ipaddress.ip_network((text, IPV6_PREFIX), strict=False).network_address)
    return f"address:{text}"


class RateLimitMiddleware:
    """Tell on every answer to a request that was counted, also on a 500, how much is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the limit's headers."""
        response = self.get_response(request)
        rate = request.META.get(_META)
        if isinstance(rate, Rate):
            for name, value in rate.headers().items():
                response.headers[name] = value
        return response
