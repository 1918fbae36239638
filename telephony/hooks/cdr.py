"""`/freeswitch/cdr`: the switch posts a record of each leg (mod_json_cdr, mod_xml_cdr)."""

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError

from telephony.hooks.bodies import BodyTooLargeError, announced_length, read_capped
from telephony.hooks.guard import switch_only
from telephony.models import Quarantine
from telephony.services import quarantine
from telephony.services.intake import Origin, Result, take_in
from telephony.services.quarantine import KEPT_BYTES
from telephony.switch.cdr import MAX_CDR_BYTES
from web.addresses import client_address
from web.bodies import is_of_unknown_length
from web.errors import database_unavailable, problem_response

# A record that was not stored is accepted all the same: the switch would only send the same bytes again.
STATUS = {Result.STORED: 200, Result.DUPLICATE: 200, Result.QUARANTINED: 202, Result.PROBE: 200}


@switch_only
def cdr(request: HttpRequest) -> HttpResponse:
    """Take in one record: 2xx only after it is committed, 503 while the database is away."""
    if request.method != "POST":
        return problem_response(request, 405, "method_not_allowed", "Records are posted.", headers={"Allow": "POST"})
    if announced_length(request) is None and (is_of_unknown_length(request) or request.META.get("CONTENT_LENGTH")):
        return problem_response(request, 411, "length_required", "The request needs a Content-Length.")
    origin = Origin(
        content_type=request.headers.get("Content-Type", ""),
        leg_uuid=request.GET.get("uuid", ""),
        address=client_address(request),
    )
    try:
        return _answer(request, origin)
    except UnreadablePostError:
        return problem_response(request, 400, "body_incomplete", "The body ended before its Content-Length.")
    except (OperationalError, InterfaceError):
        return database_unavailable(request)


def _answer(request: HttpRequest, origin: Origin) -> HttpResponse:
    try:
        body = read_capped(request, MAX_CDR_BYTES, KEPT_BYTES)
    except BodyTooLargeError as error:
        reason = f"Too large: {error.size} bytes, of which at most {MAX_CDR_BYTES} are read."
        quarantine.keep(
            Quarantine.Kind.CDR,
            error.head,
            reason,
            size=error.size,
            content_type=origin.content_type,
            leg_uuid=origin.leg_uuid,
            address=origin.address,
        )
        return problem_response(request, 413, "body_too_large", reason)
    if len(body) < (announced_length(request) or 0):
        return problem_response(request, 400, "body_incomplete", "The body ended before its Content-Length.")
    intake = take_in(body, origin)
    answer = {"result": intake.result} | ({"reason": intake.reason} if intake.reason else {})
    return JsonResponse(answer, status=STATUS[intake.result])
