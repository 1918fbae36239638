"""Where a call would go, and why, as a page."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import person_of
from telephony.fields import E164_PATTERN
from telephony.models import Call
from telephony.services.explaining import QuestionError, explain, question_of

# The parts of an element, as the explanation writes it; whatever else there is is plain.
_PARTS: Final = re.compile(r'(?P<tag></?[a-z-]+|/?>)|(?P<name>[a-z_-]+)(?==")|(?P<value>"[^"]*")')


class Part(NamedTuple):
    """A piece of an XML text: what it is (`tag`, `name`, `value` or `plain`), and its text."""

    kind: str
    text: str


@login_required
@never_cache
@require_safe
def route_page(request: HttpRequest) -> HttpResponse:
    """Let staff ask where a call would go, and tell them."""
    if not person_of(request).is_staff:
        raise PermissionDenied
    caller, dialled = request.GET.get("from", ""), request.GET.get("to", "")
    context: dict[str, Any] = {"caller": caller, "dialled": dialled, "errors": {}, **_call_before(request.GET.get("call", ""))}
    if caller or dialled:
        try:
            explanation = explain(question_of(caller, dialled))
            context |= {"explanation": explanation, "xml": list(highlighted(explanation.xml))}
        except QuestionError as error:
            context["errors"] = {"caller" if error.field == "from" else "dialled": str(error)}
    return render(request, "telephony/route.html", context)


def address_about(call: Call) -> str:
    """Return where it is explained how a call with these parties would go now, "" where it is not known what was dialled."""
    dialled = call.number.number if call.number and call.direction == Call.Direction.INBOUND else call.callee_number
    if not dialled:
        return ""
    caller = str(call.caller_extension) if call.caller_extension else call.caller_number
    # To a carrier's call it is all one who calls: what is no number of anybody is left out.
    known = {"from": caller} if call.caller_extension or re.fullmatch(E164_PATTERN, caller) else {}
    return f"{reverse('route')}?{urlencode(known | {'to': dialled, 'call': call.pk})}"


def _call_before(call_id: str) -> dict[str, str]:
    """Return what leads back to the call from which one came."""
    if not re.fullmatch(r"[0-9]{1,18}", call_id):
        return {}
    return {"call_label": f"Call {int(call_id)}", "call_address": reverse("call-detail", args=(int(call_id),))}


def highlighted(xml: str) -> Iterator[Part]:
    """Yield an XML text in pieces; put together they are the text."""
    end = 0
    for part in _PARTS.finditer(xml):
        if part.start() > end:
            yield Part("plain", xml[end : part.start()])
        yield Part(part.lastgroup or "plain", part[0])
        end = part.end()
    if end < len(xml):
        yield Part("plain", xml[end:])
