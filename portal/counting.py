"""Requests counted for Prometheus, whatever they say of themselves."""

from django.http import HttpRequest
from django_prometheus.middleware import PrometheusAfterMiddleware


class CountingMiddleware(PrometheusAfterMiddleware):
    """The library's, which takes a length that is no number for one, and fails."""

    def process_request(self, request: HttpRequest) -> None:
        """Count a request; its length only where it has one."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit():
            super().process_request(request)
