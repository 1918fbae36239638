"""Who may call the switch's endpoints: an allowed network and the switch's credentials, both."""

import base64
import binascii
import functools
import hmac
import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from telephony.services.probes import note_refusal
from web.addresses import client_address, forwarded_by_a_stranger, in_networks
from web.errors import problem_response

logger = logging.getLogger("portal.switch")

View = Callable[..., HttpResponseBase]


def switch_only(view: View) -> View:
    """Let only the switch in: 403 from elsewhere, 401 without its credentials."""

    @csrf_exempt
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return _refusal(request) or view(request, *args, **kwargs)

    return guarded


def _refusal(request: HttpRequest) -> HttpResponse | None:
    address = client_address(request)
    if not in_networks(address, settings.FREESWITCH_ALLOWED_CIDRS) or forwarded_by_a_stranger(request):
        logger.warning("refused: not an allowed network", extra={"address": address})
        note_refusal(request.path, "network_not_allowed", address)
        return problem_response(request, 403, "network_not_allowed", "This address may not call the switch's endpoints.")
    if not _credentials_match(request.headers.get("Authorization", "")):
        logger.warning("refused: wrong credentials", extra={"address": address})
        note_refusal(request.path, "invalid_credentials", address)
        return problem_response(
            request,
            401,
            "invalid_credentials",
            "The switch's user name and password are wanted.",
            headers={"WWW-Authenticate": 'Basic realm="switch", charset="UTF-8"'},
        )
    return None


def _credentials_match(header: str) -> bool:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    wanted = f"{settings.FREESWITCH_HTTP_USER}:{settings.FREESWITCH_HTTP_PASSWORD}".encode()
    return hmac.compare_digest(given, wanted)
