"""Call links as they happen, for the console's first page."""

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import person_of
from telephony.models import CallLink

# One that has just ended is shown a while longer, so that whoever watches sees how it ended.
SHOWN_AFTERWARDS = timedelta(seconds=12)
MOST_SHOWN = 20


@login_required
@never_cache
@require_safe
def live_call_links(request: HttpRequest) -> HttpResponse:
    """Show the links that are under way or have just ended, as a part of a page that asks for it again and again.

    While one has just ended the list of calls is told to look anew: its record comes a moment after its end.
    """
    now = timezone.now()
    links = list(CallLink.objects.visible_to(person_of(request)).live(now - SHOWN_AFTERWARDS)[:MOST_SHOWN])
    response = render(request, "telephony/partials/live_call_links.html", {"links": links})
    if any(not link.is_open for link in links):
        response.headers["HX-Trigger"] = "calls-changed"
    return response
