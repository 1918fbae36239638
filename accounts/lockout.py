"""What django-axes asks of us: from where a password was tried, and what to answer where too many were wrong."""

import math
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from accounts.views.refusals import refuse
from web.addresses import client_address


class QuietHandler(AxesDatabaseHandler):
    """Counts wrong passwords, and keeps nothing else that was sent: the library knows by name only what of it is secret."""

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
        """Count one more."""
        if request is None:
            super().user_login_failed(sender, credentials, request, **kwargs)
            return
        sent = request.GET, request.POST
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **kwargs)
        finally:
            request.GET, request.POST = sent


def address_of(request: HttpRequest) -> str | None:
    """Return the client's address, None where the request has none."""
    return client_address(request) or None


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """Answer whoever was wrong too often, with the seconds until the next try."""
    tried = AccessAttempt.objects.filter(username=(credentials or {}).get("username"), ip_address=address_of(request))
    last = tried.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    seconds = max(1, math.ceil((last + settings.AXES_COOLOFF_TIME - timezone.now()).total_seconds()))
    return refuse(request, "too_many_tries", retry_after=seconds)
