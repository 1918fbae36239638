"""Answer with the audio of a recording, and with its waveform; console and API share it."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User
from telephony.models import Recording
from telephony.services.recordings import audio_path, note_played
from telephony.services.waveforms import unpack
from web.errors import Problem
from web.ranges import file_response


def audio_response(request: HttpRequest, recording: Recording | None, listener: User) -> HttpResponseBase:
    """Answer GET or HEAD with the audio, by Range; who listens is written down. Raises Http404 where there is none."""
    if recording is None or recording.state != Recording.State.READY:
        raise Http404
    try:
        response = file_response(
            request,
            audio_path(recording),
            etag=recording.sha256[:32],
            content_type="audio/wav",
            file_name=f"{recording.leg_uuid}.wav",
        )
    except FileNotFoundError:
        raise Http404 from None
    if request.method == "GET" and response.status_code in (200, 206):
        note_played(recording, listener)
    return response


def waveform_of(recording: Recording | None) -> dict[str, Any]:
    """Return how loud a recording is along its way. Raises Http404 where there is none, Problem while it is not measured."""
    if recording is None or recording.state != Recording.State.READY:
        raise Http404
    if recording.peaks is None:
        raise Problem(404, "not_measured_yet", "The recording has not been measured yet.", {"Retry-After": "5"})
    return {
        "channels": recording.channels,
        "duration": recording.duration_ms / 1000,
        "peaks": unpack(bytes(recording.peaks), recording.channels),
    }
