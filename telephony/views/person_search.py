"""Who is found while somebody types into a field for a person."""

import re
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_safe

from telephony.forms.people import Choice, search_context
from telephony.views.staff import staff_only

# The name of the form's field, of which the list's inputs get theirs.
_FIELD: Final = re.compile(r"[a-z][a-z_]{0,29}")


@staff_only
@require_safe
def person_search(request: HttpRequest) -> HttpResponse:
    """Show the people found, as a part of a form; `field` is the name of its field."""
    field = request.GET.get("field", "person")
    if not _FIELD.fullmatch(field):
        return HttpResponseBadRequest()
    choice = Choice(request.GET.get(field, ""), request.GET.get(f"{field}_q", ""))
    return render(request, "telephony/partials/person_search.html", search_context(field, choice))
