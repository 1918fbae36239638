"""Answer with the audio of a recording; console and API share it."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from telephony.models import Recording
from telephony.services.recordings import audio_path
from web.ranges import file_response


def audio_response(request: HttpRequest, recording: Recording | None) -> HttpResponseBase:
    """Answer GET or HEAD with the audio, by Range. Raises Http404 where there is none to listen to."""
    if recording is None or recording.state != Recording.State.READY:
        raise Http404
    try:
        return file_response(
            request,
            audio_path(recording),
            etag=recording.sha256[:32],
            content_type="audio/wav",
            file_name=f"{recording.leg_uuid}.wav",
        )
    except FileNotFoundError:
        raise Http404 from None
