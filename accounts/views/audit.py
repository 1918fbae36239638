"""The audit log, as a page."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.filters import AuditPageFilter
from accounts.models import AuditEntry
from accounts.permissions import person_of
from accounts.tables import AuditTable
from web.listing import listing
from web.paging import KeysetPaginator

ENTRIES = KeysetPaginator(ordering=("-at", "-id"))


@login_required
@never_cache
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show staff who did what, newest first."""
    if not person_of(request).is_staff:
        raise PermissionDenied
    entries = AuditEntry.objects.select_related("actor")
    context = listing(request, entries, paginator=ENTRIES, table=AuditTable, filters=AuditPageFilter)
    return render(request, "accounts/audit_list.html", context)
