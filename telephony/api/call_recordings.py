"""`call-recording`: the calls of a person, also as a file, one call with its legs, and its audio."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.api.serializers import CallDetailSerializer, CallSerializer, PeaksSerializer
from telephony.audio import audio_response, waveform_of
from telephony.exports import FORMATS, export_response
from telephony.filters.calls import CallFilter
from telephony.models import Call
from telephony.models.calls import CallQuerySet
from telephony.services.call_lists import CALLS
from telephony.services.recordings import LegalHoldError, delete_audio, listener_of
from web.errors import Problem
from web.negotiation import CsvRenderer, FileRenderer, JSONRenderer, MediaMagicRenderer
from web.paging import paged_response
from web.parameters import LONGEST_VALUE, ApiView
from web.schema.describing import described

WAV = {"type": "string", "contentMediaType": "audio/wav"}
WORKBOOK = {"type": "string", "contentMediaType": FORMATS["xlsx"].media_type}
AS_FILE = {200: ["Content-Disposition"]}
# The document's own; our members stand beside its.
EXAMPLE = [
    {
        "id": 1625,
        "provider": 0,
        "call_to": "1005",
        "call_from": "1006",
        "extension": 16,
        "bill_duration": 10,
        "didnumber": 0,
        "domain": "phoneai.boomslang.io",
        "hangup_cause": "NORMAL_CLEARING",
        "recording": "",
        "call_direction": "outbound",
        "call_uuid": "3e926aae-0b03-11ed-a6cf-9dde3cd1ca46",
        "created_at": "2022-07-24T03:47:05.82719Z",
        "started_at": "2022-07-23T20:46:48Z",
        "answered_at": "2022-07-23T20:46:51Z",
        "ended_at": "2022-07-23T20:47:01Z",
        "answered": True,
        "outcome": "answered",
        "local": True,
    }
]


def find_call(viewer: User, call_id: int) -> Call:
    """Return a call that the viewer may see. Raises Http404."""
    try:
        return Call.objects.visible_to(viewer).for_listing().find(call_id)
    except Call.DoesNotExist:
        raise Http404 from None


class CallRecordingList(ApiView):
    """GET the calls that the caller may see, newest first, as a bare array."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))
    query_parameters = frozenset({"limit", "cursor", *CallFilter.base_filters})
    filters = CallFilter

    @described("listCalls", CallSerializer, many=True, example=EXAMPLE)
    def get(self, request: Request) -> Response:
        """List the calls that one may see, newest first."""
        filters = filters_of(request, Call.objects.for_listing())

        def serialize(calls: Sequence[Call]) -> Any:
            return CallSerializer(calls, many=True, context={"request": request}).data

        return paged_response(request, filters.qs, serialize, CALLS, filters.parts)


def filters_of(request: Request, calls: CallQuerySet) -> CallFilter:
    """Return the filters of those calls that the caller may see. Raises ValidationError naming the wrong parameter."""
    filters = CallFilter(request.query_params, queryset=calls, request=request)
    if not filters.is_valid():
        raise ValidationError({name: [str(e) for e in errors] for name, errors in filters.errors.items()})
    return filters


class CallExport(ApiView):
    """GET every call of a filter as a file, as the console exports them."""

    extension: ClassVar[str]
    permission_classes = (IsActiveUser, HasScope("calls:read"))
    query_parameters = frozenset(CallFilter.base_filters)
    filters = CallFilter
    # It is written down who took the calls, and how long the file is nobody knows before it is written.
    head_allowed = False

    def export(self, request: Request) -> HttpResponseBase:
        """Send the file."""
        calls = filters_of(request, Call.objects.all()).qs
        return export_response(request._request, calls, self.extension, actor=person_of(request), asked=request.query_params)


class WorkbookRenderer(FileRenderer):
    """A workbook."""

    media_type = FORMATS["xlsx"].media_type
    format = "xlsx"


class CallCsv(CallExport):
    """GET them as CSV."""

    extension = "csv"
    renderer_classes = (JSONRenderer, MediaMagicRenderer, CsvRenderer)

    @described("exportCallsAsCsv", {"type": "string"}, media_type=CsvRenderer.media_type, headers=AS_FILE)
    def get(self, request: Request) -> HttpResponseBase:
        """Send every call of a filter as CSV, newest first.

        It is not paged, but streamed as it is written. Who took which calls is written into the audit log.
        """
        return self.export(request)


class CallWorkbook(CallExport):
    """GET them as a workbook."""

    extension = "xlsx"
    renderer_classes = (JSONRenderer, MediaMagicRenderer, WorkbookRenderer)

    @described("exportCallsAsXlsx", WORKBOOK, media_type=WorkbookRenderer.media_type, headers=AS_FILE)
    def get(self, request: Request) -> HttpResponseBase:
        """Send every call of a filter as an XLSX workbook, newest first.

        Who took which calls is written into the audit log.
        """
        return self.export(request)


class CallRecordingDetail(ApiView):
    """GET one call with its legs."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))

    @described("getCall", CallDetailSerializer)
    def get(self, request: Request, call_id: int) -> Response:
        """Show a call with its legs, its quality and what happened when."""
        call = find_call(person_of(request), call_id)
        return Response(CallDetailSerializer(call, context={"request": request}).data)


class CallRecordingAudio(ApiView):
    """GET the audio by its owner's proof or by a signed address; DELETE it."""

    query_parameters = frozenset({"signature"})

    def get_permissions(self) -> list[Any]:
        """Let a signed address in without any other proof; its signature is checked with the call."""
        if self.request.method in ("GET", "HEAD") and "signature" in self.request.query_params:
            return [AllowAny()]
        return [IsActiveUser(), HasScope("calls:write" if self.request.method == "DELETE" else "calls:read")()]

    @described(
        "getAudio",
        {200: WAV, 206: WAV, 416: None},
        media_type="audio/wav",
        also_by="signature",
        headers={200: ["Accept-Ranges"], 206: ["Accept-Ranges", "Content-Range"], 416: ["Content-Range"]},
        parameters={
            "signature": {"description": "Of the address in `recording`.", "type": "string", "maxLength": LONGEST_VALUE}
        },
    )
    def get(self, request: Request, call_id: int) -> HttpResponseBase:
        """Send the audio, or the range of it that was asked for."""
        listener = self._listener(request, call_id)
        call = find_call(listener, call_id)
        return audio_response(request._request, call.recording, listener)

    @described("deleteAudio", refuses={409: ("legal_hold",)})
    def delete(self, request: Request, call_id: int) -> Response:
        """Delete the audio and keep the record."""
        call = find_call(person_of(request), call_id)
        if call.recording is None:
            raise Http404
        try:
            for recording in call.recordings.filter(state="ready").order_by("legal_hold"):
                delete_audio(recording, actor=person_of(request))
        except LegalHoldError:
            raise Problem(409, "legal_hold", "The recording is under legal hold and cannot be deleted.") from None
        return Response(status=204)

    @staticmethod
    def _listener(request: Request, call_id: int) -> User:
        token = request.query_params.get("signature")
        if token is None:
            return person_of(request)
        listener = listener_of(call_id, token)
        if listener is None:
            raise NotAuthenticated("The address is not signed by this portal, has expired, or its owner's proof was revoked.")
        return listener


class CallRecordingPeaks(ApiView):
    """GET how loud a recording is along its way: what a player draws without the audio."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))

    @described("getPeaks", PeaksSerializer, refuses={404: ("not_measured_yet",)})
    def get(self, request: Request, call_id: int) -> Response:
        """Send the waveform of a recording."""
        return Response(waveform_of(find_call(person_of(request), call_id).recording))
