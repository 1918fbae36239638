"""Write one structured line a request: what was asked, how it ended, how long it took."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from web.proofs import path_without_proofs

logger = logging.getLogger("portal.request")


class RequestLogMiddleware:
    """Log each request without its query string, and without what does not belong into a path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and log how it went."""
        began = time.perf_counter()
        response = self.get_response(request)
        logger.info(
            "request",
            extra={
                "method": request.method,
                "path": path_without_proofs(request.path),
                "status": response.status_code,
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "address": request.META.get("REMOTE_ADDR", ""),
            },
        )
        return response
