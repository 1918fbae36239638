"""Call links, as pages: those that are under way, all of them, one, and the form that places one."""

import secrets
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import person_of
from telephony.filters.call_links import CallLinkFilter
from telephony.forms.call_links import CallLinkForm
from telephony.models import Assignment, CallLink
from telephony.services.call_links.dialling import bring_up_to_date, cancel
from telephony.services.call_links.parties import (
    CellPhoneRequiredError,
    ExtensionClosedError,
    LinkNumberError,
    NumberRequiredError,
    number_holding_of,
)
from telephony.services.call_links.placing import CallLimitError, place_in_mode
from telephony.services.call_lists import LINKS
from telephony.services.cell_phones import cell_phone_of
from telephony.services.dialing import DestinationNotAllowedError
from telephony.services.switchboard import SwitchAwayError
from telephony.tables.call_links import CallLinkTable
from web import read_only
from web.listing import listing

# One that has just ended is shown a while longer, so that whoever watches sees how it ended.
SHOWN_AFTERWARDS = timedelta(seconds=12)
# The record of its call comes a moment after its end, and then the page leads there.
RECORD_WITHIN: Final = timedelta(seconds=30)
MOST_SHOWN = 20
REPEATED: Final = "You placed this call a moment ago: nobody was called again. Wait half a minute to place another one like it."


@login_required
@never_cache
@require_safe
def live_call_links(request: HttpRequest) -> HttpResponse:
    """Show the links that are under way or have just ended, as a part of a page that asks for it again and again.

    While one has just ended the list of calls is told to look anew: its record comes a moment after its end.
    """
    now = timezone.now()
    links = list(CallLink.objects.visible_to(person_of(request)).live(now - SHOWN_AFTERWARDS)[:MOST_SHOWN])
    response = render(request, "telephony/partials/live_call_links.html", {"links": links})
    if any(not link.is_open for link in links):
        response.headers["HX-Trigger"] = "calls-changed"
    return response


@login_required
@never_cache
@require_safe
def link_list(request: HttpRequest) -> HttpResponse:
    """Show one's call links, newest first; to staff everybody's."""
    viewer = person_of(request)
    links = CallLink.objects.visible_to(viewer).for_listing(viewer)
    table = partial(CallLinkTable, exclude=() if viewer.is_staff else ("who",))
    context = listing(request, links, paginator=LINKS, table=table, filters=CallLinkFilter)
    return render(request, "telephony/link_list.html", context)


# -- one link --------------------------------------------------------------------------------------------------------------


@login_required
@never_cache
@require_safe
def link_detail(request: HttpRequest, link_id: int) -> HttpResponse:
    """Show one link, and how far it has come."""
    viewer = person_of(request)
    return render(request, "telephony/link_detail.html", _shown(viewer, _visible(viewer, link_id)))


@login_required
@never_cache
@require_safe
def link_state(request: HttpRequest, link_id: int) -> HttpResponse:
    """Show how far it has come, as a part of a page that asks until all is known; 204 where nothing has changed."""
    viewer = person_of(request)
    context = _shown(viewer, _visible(viewer, link_id))
    if request.GET.get("seen") == context["state"]:
        return HttpResponse(status=204)
    response = render(request, "telephony/partials/link_state.html", context)
    if not context["link"].is_open:
        response.headers["HX-Trigger"] = "calls-changed"
    return response


@login_required
@never_cache
@require_POST
def link_cancel(request: HttpRequest, link_id: int) -> HttpResponse:
    """Hang up a link of one's own, at whatever stage it is; one that is over stays as it is."""
    viewer = person_of(request)
    link = get_object_or_404(CallLink.objects.of(viewer), pk=link_id)
    is_away = False
    try:
        cancel(link, actor=viewer)
    except SwitchAwayError:
        is_away = True
    if "HX-Request" in request.headers:
        context = _shown(viewer, _visible(viewer, link_id)) | {"is_away": is_away}
        return render(request, "telephony/partials/link_state.html", context)
    if is_away:
        messages.warning(request, "The switch cannot be told at the moment: it is hung up as soon as it can be.")
    return redirect("link-detail", link.pk)


def _visible(viewer: User, link_id: int) -> CallLink:
    """Return a link that the viewer may see, as it stands now. Raises Http404."""
    link = CallLink.objects.visible_to(viewer).for_listing(viewer).filter(pk=link_id).first()
    if link is None:
        raise Http404
    return bring_up_to_date(link)


def _shown(viewer: User, link: CallLink) -> dict[str, Any]:
    """Return what is shown of a link; `state` names it shortly."""
    call = link.call
    awaits_record = link.ended_at is not None and call is None and timezone.now() < link.ended_at + RECORD_WITHIN
    return {
        "link": link,
        "is_own": link.user_id == viewer.pk,
        "is_asked_for": link.is_open or (awaits_record and link.sent_at is not None),
        "state": f"{link.status}-{int(link.cancel_requested_at is not None)}-{call.pk if call else 0}",
    }


# -- placing one -----------------------------------------------------------------------------------------------------------


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link_create(request: HttpRequest) -> HttpResponse:
    """Ask whom to connect with whom; a POST places the link, once for each form, and shows how far it comes."""
    viewer = person_of(request)
    is_part = "HX-Request" in request.headers
    try:
        held = number_holding_of(viewer)
    except (NumberRequiredError, ExtensionClosedError) as error:
        return _form(request, None, {"refused": str(error), "is_part": is_part})
    form = _form_of(request, held)
    link = _placed(viewer, form) if form.is_bound and form.is_valid() else None
    if link is None:
        return _form(request, form, {"held": held, "is_part": is_part, "is_read_only": read_only.is_on()})
    # The same two numbers within half a minute are one call, as for programs: whoever did not mean that has to be told.
    is_repeat = link.idempotency_key != form.idempotency_key
    if is_part:
        context = _shown(viewer, _visible(viewer, link.pk)) | {"is_repeat": is_repeat}
        return render(request, "telephony/partials/link_state.html", context)
    if is_repeat:
        messages.info(request, REPEATED)
    return redirect("link-detail", link.pk)


def _form_of(request: HttpRequest, held: Assignment) -> CallLinkForm:
    cell_phone = cell_phone_of(held.user)
    if request.method == "POST":
        return CallLinkForm(held, cell_phone, request.POST)
    initial = {"form_id": secrets.token_urlsafe(16), "destination_number": request.GET.get("to", "")[:40]}
    return CallLinkForm(held, cell_phone, initial=initial)


def _form(request: HttpRequest, form: CallLinkForm | None, context: dict[str, Any]) -> HttpResponse:
    template = "telephony/partials/link_form.html" if context["is_part"] else "telephony/link_form.html"
    return render(request, template, {"form": form, **context})


def _placed(person: User, form: CallLinkForm) -> CallLink | None:
    """Return the link that a form asks for; None where it is refused, and then the form says why."""
    wanted = form.cleaned_data
    try:
        return place_in_mode(
            person,
            wanted["mode"],
            wanted["source_number"],
            wanted["destination_number"],
            minutes=wanted["timeout"],
            idempotency_key=form.idempotency_key,
        )
    except (LinkNumberError, DestinationNotAllowedError) as error:
        form.refuse(error.field, str(error))
    except CellPhoneRequiredError:
        form.refuse("mode", "You have no cell phone registered: do so on the page My phone.")
    except SwitchAwayError:
        form.refuse("", "The switch cannot be reached at the moment; nobody was called. Try again.")
    except (NumberRequiredError, ExtensionClosedError, CallLimitError) as error:
        form.refuse("", str(error) or "You have no number any more.")
    return None
