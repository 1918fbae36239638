"""`audit`: who did what, for staff."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.filters import AuditFilter
from accounts.models import AuditEntry
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

ENTRIES = KeysetPaginator(ordering=("-at", "-id"))


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One line of the log; `actor` is an Auth0 id, null where no person acted."""

    actor = serializers.CharField(source="actor.subject", default=None, allow_null=True)

    class Meta:
        model = AuditEntry
        fields = (
            "id", "at", "actor", "actor_label", "action", "target_type", "target_id", "target_label", "address",
            "credential", "request_id", "before", "after",
        )  # fmt: skip


class AuditList(StaffView):
    """GET the log, newest first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor", *AuditFilter.base_filters})
    filters = AuditFilter

    @described("listAuditEntries", AuditEntrySerializer, many=True)
    def get(self, request: Request) -> Response:
        """List what was done, by whom and when, newest first."""
        filters = AuditFilter(request.query_params, queryset=AuditEntry.objects.select_related("actor"))
        if not filters.is_valid():
            raise ValidationError({name: [str(e) for e in errors] for name, errors in filters.errors.items()})

        def serialize(entries: Sequence[AuditEntry]) -> Any:
            return AuditEntrySerializer(entries, many=True).data

        return paged_response(request, filters.qs, serialize, ENTRIES)
