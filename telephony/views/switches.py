"""The switches, as pages for staff: how each is, and what is on it."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import person_of
from telephony.models import Switch
from telephony.services.switches import alarms_of, forget, gateways_on, standing_of, standings, why_kept
from telephony.views.keeping import deleted
from telephony.views.staff import staff_only
from web.asking import Question, ask

FORGET: Final = Question(
    "Forget this switch?", "No call of it is known. Should it report again, it makes itself known again.", "Forget it"
)


@staff_only
@require_safe
def switch_list(request: HttpRequest) -> HttpResponse:
    """Show the switches, those of the settings first; there are a handful."""
    return render(request, "telephony/switch_list.html", {"standings": standings()})


@staff_only
@require_safe
def switch_detail(request: HttpRequest, switch_id: int) -> HttpResponse:
    """Show one switch: how it is, in words, and its gateways."""
    switch = get_object_or_404(Switch, pk=switch_id)
    context = {
        "standing": standing_of(switch),
        "alarms": alarms_of(switch),
        "gateways": gateways_on(switch),
        "may_forget": not why_kept(switch),
    }
    return render(request, "telephony/switch_detail.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def switch_forget(request: HttpRequest, switch_id: int) -> HttpResponse:
    """Ask whether a switch is to be forgotten; a POST does where no setting leads to it and no call is of it."""
    switch = get_object_or_404(Switch, pk=switch_id)
    page = reverse("switch-detail", args=(switch.pk,))
    if request.method != "POST":
        if why := why_kept(switch):
            messages.warning(request, why)
            return redirect(page)
        return ask(request, FORGET, subject=switch, back=page)
    done = deleted(request, lambda: forget(switch, actor=person_of(request)), f"{switch} is forgotten.")
    return redirect("switch-list" if done else page)
