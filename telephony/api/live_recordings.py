"""`call-recording/live`: one's talks that are being recorded now, and silence in place of them while a card is read out."""

from typing import Any, Final
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictSerializer
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.services.recording_pauses import NoRecordingError, live_recordings, set_paused
from telephony.services.switchboard import SwitchAwayError
from telephony.switch.errors import SwitchError
from web.errors import Problem
from web.parameters import ApiView
from web.schema.describing import described


def _away(error: SwitchError) -> Problem:
    known = "The switch cannot be reached now." if isinstance(error, SwitchAwayError) else "The switch did not say what it did."
    return Problem(503, "switch_unavailable", f"{known} The same may be asked for again.", {"Retry-After": "2"})


AWAY: Final = {503: ("switch_unavailable",)}


class PausedSerializer(serializers.Serializer[Any]):
    """A leg of the talk, and whether silence is recorded in place of it."""

    uuid = serializers.UUIDField()
    paused = serializers.BooleanField()


class LiveRecordingSerializer(PausedSerializer):
    """A talk that is being recorded."""

    call_from = serializers.CharField(allow_blank=True)
    call_to = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()


class LiveRecordings(ApiView):
    """GET the caller's own talks that are being recorded."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))

    @described("listLiveRecordings", LiveRecordingSerializer, many=True, refuses=AWAY)
    def get(self, request: Request) -> Response:
        """List one's talks that are being recorded, oldest first."""
        try:
            found = live_recordings(person_of(request))
        except SwitchError as error:
            raise _away(error) from error
        instant = serializers.DateTimeField()
        return Response(
            [
                {
                    "uuid": str(recording.leg_uuid),
                    "call_from": recording.caller,
                    "call_to": recording.callee,
                    "started_at": instant.to_representation(recording.started_at),
                    "paused": recording.is_paused,
                }
                for recording in found
            ]
        )


class RecordingPause(ApiView):
    """PUT a pause into the recording of a talk of one's own, DELETE it; staff do so in anybody's."""

    permission_classes = (IsActiveUser, HasScope("calls:write"))
    # While the portal is being worked on people read out their card numbers all the same.
    refuses_when_read_only = False

    @described("pauseRecording", PausedSerializer, body=StrictSerializer, refuses=AWAY)
    def put(self, request: Request, leg_uuid: UUID) -> Response:
        """Have silence recorded in place of a talk from now on.

        The same again changes nothing.
        """
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        return Response({"uuid": str(self._set(request, leg_uuid, paused=True)), "paused": True})

    @described("resumeRecording", refuses=AWAY)
    def delete(self, request: Request, leg_uuid: UUID) -> Response:
        """Have a talk recorded again."""
        self._set(request, leg_uuid, paused=False)
        return Response(status=204)

    @staticmethod
    def _set(request: Request, leg_uuid: UUID, *, paused: bool) -> UUID:
        try:
            return set_paused(person_of(request), leg_uuid, paused=paused)
        except NoRecordingError:
            raise Http404 from None
        except SwitchError as error:
            raise _away(error) from error
