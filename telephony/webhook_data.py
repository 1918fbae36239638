"""What webhooks are told of calls, recordings, numbers and links: what the API shows of them to the same person."""

from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from telephony.api.assign_number import described_assignment
from telephony.api.call_links import CallLinkDetailSerializer
from telephony.api.live import LiveCallSerializer
from telephony.api.serializers import CallSerializer
from telephony.models import Assignment, Call, CallLink, LiveCall, Recording
from telephony.services.announcing import FailedRecording
from webhooks.shapes import shape_of


class _AnnouncedCallSerializer(CallSerializer):
    """A call as the list has it; its recording by the address that wants a proof: a signed one would not outlast the tries."""

    def get_recording(self, call: Call) -> str:
        """Return the address of the audio, "" where there is none."""
        if call.recording is None:
            return ""
        return f"{settings.PUBLIC_URL}{reverse('call-recording-audio', args=[call.pk])}"


@shape_of("call.started", "call.answered")
def live_call(call: LiveCall, viewer: User) -> dict[str, Any]:
    """Return what `live/calls` shows."""
    # Whoever tells of it is the switch: it was heard this moment.
    return dict(LiveCallSerializer(call, context={"viewer": viewer, "heard": {call.switch_id}}).data)


@shape_of("call.completed")
def call(call: Call, viewer: User) -> dict[str, Any]:
    """Return what `call-recording` shows."""
    return dict(_AnnouncedCallSerializer(call, context={"request": SimpleNamespace(user=viewer, auth=None)}).data)


@shape_of("recording.ready")
def recording(recording: Recording, viewer: User) -> dict[str, Any]:
    """Return the recording, and what `call-recording` shows of its call."""
    assert recording.call is not None  # noqa: S101 - nobody is told of one without
    return {
        "leg_uuid": recording.leg_uuid,
        "duration_ms": recording.duration_ms,
        "size_bytes": recording.size_bytes,
        "channels": recording.channels,
        "call": call(recording.call, viewer),
    }


@shape_of("recording.failed")
def failed_recording(failed: FailedRecording, viewer: User) -> dict[str, Any]:
    """Return which recording, why, and what `call-recording` shows of its call."""
    return {"leg_uuid": failed.leg_uuid, "code": failed.code, "reason": failed.reason, "call": call(failed.call, viewer)}


@shape_of("number.assigned", "number.released")
def assignment(assignment: Assignment, viewer: User) -> dict[str, Any]:
    """Return what `assign-number` shows."""
    return described_assignment(assignment)


@shape_of("call_link.changed")
def call_link(link: CallLink, viewer: User) -> dict[str, Any]:
    """Return what `call-link/{id}` shows."""
    return dict(CallLinkDetailSerializer(link).data)
