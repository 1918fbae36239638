"""Keep pages that depend on who asks out of every cache."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import has_vary_header


class PrivatePagesMiddleware:
    """Forbid to store what was made for one session, or sets a cookie, unless its view said otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, privately where it matters."""
        response = self.get_response(request)
        personal = bool(response.cookies) or has_vary_header(response, "Cookie")
        if personal and not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        return response
