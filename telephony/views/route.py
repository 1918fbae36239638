"""Where a call would go, and why, as a page."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import person_of
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
    context: dict[str, Any] = {"caller": caller, "dialled": dialled, "errors": {}}
    if caller or dialled:
        try:
            explanation = explain(question_of(caller, dialled))
            context |= {"explanation": explanation, "xml": list(highlighted(explanation.xml))}
        except QuestionError as error:
            context["errors"] = {"caller" if error.field == "from" else "dialled": str(error)}
    return render(request, "telephony/route.html", context)


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
