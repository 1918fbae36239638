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
from web.paging import InvalidCursor, KeysetPaginator

ENTRIES = KeysetPaginator(ordering=("-at", "-id"))
ROWS = 50


@login_required
@never_cache
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show staff who did what, newest first."""
    if not person_of(request).is_staff:
        raise PermissionDenied
    filters = AuditPageFilter(request.GET, queryset=AuditEntry.objects.select_related("actor"))
    entries = filters.qs if filters.is_valid() else AuditEntry.objects.none()
    try:
        page = ENTRIES.page(entries, request.GET.get("cursor"), ROWS)
    except InvalidCursor:
        page = ENTRIES.page(entries, None, ROWS)
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "filters": filters,
        "table": AuditTable(page.items),
        "page": page,
        "query": query.urlencode(),
        "is_filtered": any(request.GET.get(name) for name in AuditPageFilter.base_filters),
    }
    return render(request, "accounts/audit_list.html", context)
