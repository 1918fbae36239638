"""`quarantine`: what the switch sent and nobody could read, for staff."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictSerializer
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.filtering import FilterSerializer, filtered, filtered_by_body
from telephony.filters.quarantine import QuarantineFilter
from telephony.models import Quarantine
from telephony.services.intake import Result
from telephony.services.quarantine_care import NotRetriableError, discard, look_at, retry, retry_all
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.read_only import SAFE_METHODS
from web.schema.describing import described

ENTRIES = KeysetPaginator(ordering=("-last_seen_at", "-id"))


class QuarantineSerializer(serializers.ModelSerializer[Quarantine]):
    """What came, without its bytes; `attempts` is how often it was tried to be read."""

    attempts = serializers.IntegerField(source="times_seen")

    class Meta:
        model = Quarantine
        fields: tuple[str, ...] = (
            "id", "kind", "state", "reason", "size_bytes", "content_type", "leg_uuid", "address", "sha256", "attempts",
            "first_seen_at", "last_seen_at",
        )  # fmt: skip


class QuarantineDetailSerializer(QuarantineSerializer):
    """The same with what came, as text: its beginning, without the secrets that can be told."""

    body = serializers.CharField(allow_blank=True)
    body_is_cut = serializers.BooleanField()
    body_problem = serializers.CharField(allow_blank=True)

    class Meta(QuarantineSerializer.Meta):
        fields = (*QuarantineSerializer.Meta.fields, "body", "body_is_cut", "body_problem")


class RetriedQuarantineSerializer(QuarantineSerializer):
    """The same after another try, and what came of it."""

    result = serializers.ChoiceField(choices=[each.value for each in Result])

    class Meta(QuarantineSerializer.Meta):
        fields = (*QuarantineSerializer.Meta.fields, "result")


class QuarantineFiltersSerializer(FilterSerializer):
    """The filters of the quarantine."""

    kind = QuarantineFilter


class RetriesSerializer(StrictSerializer):
    """Which of those that wait are to be tried again; without a filter all of them."""

    filter = QuarantineFiltersSerializer(required=False)


class RetriedSerializer(serializers.Serializer[Any]):
    """How many were taken in, could still not be read, and are left for another go."""

    taken = serializers.IntegerField()
    stayed = serializers.IntegerField()
    left = serializers.IntegerField()


def _find(entry_id: int) -> Quarantine:
    return get_object_or_404(Quarantine, pk=entry_id)


class QuarantineList(StaffView):
    """GET what waits, or was dealt with, the newest first, as a bare array."""

    query_parameters = frozenset({"limit", "cursor", *QuarantineFilter.base_filters})
    filters = QuarantineFilter

    @described("listQuarantine", QuarantineSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List what waits, or was dealt with, newest first, without its bytes."""
        entries = filtered(QuarantineFilter, request, Quarantine.objects.defer("body"))

        def serialize(page: Sequence[Quarantine]) -> Any:
            return QuarantineSerializer(page, many=True).data

        return paged_response(request, entries, serialize, ENTRIES)


class QuarantineDetail(StaffView):
    """GET one, with what came as text, which is written down; DELETE discards it."""

    @described("getQuarantined", QuarantineDetailSerializer)
    def get(self, request: Request, entry_id: int) -> Response:
        """Show what came, which is written down.

        `body` is its first 64 KiB as text, without the secrets that can be told.
        """
        entry = _find(entry_id)
        # For If-Match it is made as well, and shown to nobody.
        shown = look_at(entry, actor=person_of(request) if request.method in SAFE_METHODS else None)
        more = {"body": shown.text, "body_is_cut": shown.is_cut, "body_problem": shown.problem}
        return Response({**QuarantineSerializer(entry).data, **more}, headers={"Cache-Control": "no-store"})

    @described("discardQuarantined")
    def delete(self, request: Request, entry_id: int) -> Response:
        """Let the bytes go for good; a second time changes nothing."""
        discard(_find(entry_id), actor=person_of(request))
        return Response(status=204)


class QuarantineRetry(StaffView):
    """POST gives it to the intake once more."""

    @described("retryQuarantined", RetriedQuarantineSerializer, body=StrictSerializer, refuses={409: ("not_retriable",)})
    @idempotent()
    def post(self, request: Request, entry_id: int) -> Response:
        """Give it to the intake once more.

        `result` is `stored`, `duplicate`, `probe`, or `quarantined` with the reason why it stays.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        entry = _find(entry_id)
        try:
            intake = retry(entry, actor=person_of(request))
        except NotRetriableError as error:
            raise Problem(409, "not_retriable", str(error)) from None
        return Response({**QuarantineSerializer(entry).data, "result": intake.result.value})


class QuarantineRetries(StaffView):
    """POST gives all that wait to the intake once more."""

    @described("retryQuarantine", RetriedSerializer, body=RetriesSerializer, sends={"filter": {"q": "truncated"}})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Give all that wait, or that a filter keeps, to the intake once more.

        The least tried come first, as many as can be in fifteen seconds, and at most two hundred; `left` says how many
        more wait: ask again.
        """
        body = RetriesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        waiting = filtered_by_body(QuarantineFilter, body.validated_data.get("filter", {}), request, Quarantine.objects.all())
        return Response(RetriedSerializer(retry_all(waiting, actor=person_of(request))).data)
