"""`/freeswitch/recordings/…`: the switch puts the audio of a leg to the signed address that it was handed."""

from collections.abc import Iterator

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from telephony.hooks.bodies import announced_length
from telephony.services.probes import Hop, is_probe, note
from telephony.services.recordings import (
    MAX_RECORDING_BYTES,
    RecordingConflictError,
    RecordingRefusedError,
    may_upload,
    publish,
    try_out,
)
from web.bodies import CHUNK_BYTES
from web.errors import database_unavailable, problem_response


@csrf_exempt
def recording(request: HttpRequest, leg_uuid: str, expires: str, signature: str) -> HttpResponse:
    """Publish the audio of one leg: 201 new, 200 when the same stands there already."""
    if request.method != "PUT":
        return problem_response(request, 405, "method_not_allowed", "Recordings are PUT.", headers={"Allow": "PUT"})
    if not may_upload(leg_uuid, int(expires), signature):
        return problem_response(request, 403, "invalid_signature", "The address is not signed by this portal, or has expired.")
    length = announced_length(request)
    if not length:
        return problem_response(request, 411, "length_required", "The request needs a Content-Length above 0.")
    if length > MAX_RECORDING_BYTES:
        return problem_response(request, 413, "body_too_large", f"A recording has at most {MAX_RECORDING_BYTES} bytes.")
    return (_try_out if is_probe(leg_uuid) else _publish)(request, leg_uuid, length)


def _publish(request: HttpRequest, leg_uuid: str, length: int) -> HttpResponse:
    try:
        _, is_new = publish(leg_uuid, _chunks(request), length)
    except RecordingConflictError as error:
        return problem_response(request, 409, error.code, str(error))
    except RecordingRefusedError as error:
        return problem_response(request, 422, error.code, str(error))
    except (OperationalError, InterfaceError):
        return database_unavailable(request)
    return JsonResponse({"result": "stored" if is_new else "duplicate"}, status=201 if is_new else 200)


def _try_out(request: HttpRequest, leg_uuid: str, length: int) -> HttpResponse:
    """Take in the recording of a call to nobody, tell the doctor how that went, and keep nothing."""
    fault = ""
    try:
        try_out(_chunks(request), length)
    except RecordingRefusedError as error:
        fault = str(error)
    except OSError as error:
        fault = f"The portal cannot write into its folder of recordings: {error.strerror}."
    note(leg_uuid, Hop.RECORDING, bytes=length, fault=fault)
    if fault:
        return problem_response(request, 422, "probe_failed", fault)
    return JsonResponse({"result": "probe"}, status=201)


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body until it ends, also where the client went away half-way: the length tells that it is cut."""
    try:
        while chunk := request.read(CHUNK_BYTES):
            yield chunk
    except UnreadablePostError:
        return
