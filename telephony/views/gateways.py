"""Gateways, as pages for staff: how each is on the switches, and what it is."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import person_of
from telephony.filters.gateways import GatewayPageFilter
from telephony.forms.kept import GatewayForm, changes_of, values_of
from telephony.models import Gateway, GatewayChange
from telephony.services.gateway_loading import Loaded, load
from telephony.services.gateways import change_gateway, create_gateway, delete_gateway, listed, why_kept
from telephony.tables.kept import GatewayTable
from telephony.views.keeping import attempted, deleted
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

GATEWAYS: Final = KeysetPaginator(ordering=("name", "id"))
MOST_CHANGES: Final = 20

DELETE: Final = Question(
    "Delete this gateway?", "It is out of use: no call leaves by it. Its password goes with it. It can be made again.", "Delete"
)


@staff_only
@require_safe
def gateway_list(request: HttpRequest) -> HttpResponse:
    """Show the gateways by name, and how each is."""
    context = listing(request, listed(), paginator=GATEWAYS, table=GatewayTable, filters=GatewayPageFilter)
    return render(request, "telephony/gateway_list.html", context)


@staff_only
@require_safe
def gateway_detail(request: HttpRequest, gateway_id: int) -> HttpResponse:
    """Show one gateway: what it is, how it is on each switch, and when it came up or went down."""
    gateway = _find(gateway_id)
    changes = GatewayChange.objects.filter(name=gateway.name).select_related("switch")[:MOST_CHANGES]
    return render(request, "telephony/gateway_detail.html", {"gateway": gateway, "changes": changes})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def gateway_create(request: HttpRequest) -> HttpResponse:
    """Show the form of a new gateway; a POST makes it and has the switches load it."""
    form = GatewayForm(request.POST or None)
    viewer = person_of(request)
    made = attempted(form, lambda: create_gateway(values_of(form), password=form.password_given, actor=viewer))
    if made:
        messages.success(request, f"{made} is made.")
        _tell_of(request, load([made.name]))
        return redirect("gateway-detail", made.pk)
    return render(request, "telephony/gateway_form.html", {"form": form})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def gateway_edit(request: HttpRequest, gateway_id: int) -> HttpResponse:
    """Show the form of a gateway; a POST changes it and, where that concerns them, has the switches load it anew."""
    gateway, viewer = _find(gateway_id), person_of(request)
    form = GatewayForm(request.POST or None, instance=_find(gateway_id))
    stored = attempted(form, lambda: change_gateway(gateway, changes_of(form), password=form.password_given, actor=viewer))
    if stored:
        changed, must_be_told = stored
        messages.success(request, f"{changed} is stored.")
        _tell_of(request, load({gateway.name, changed.name}) if must_be_told else [])
        return redirect("gateway-detail", gateway.pk)
    return render(request, "telephony/gateway_form.html", {"form": form, "gateway": gateway})


@staff_only
@require_POST
def gateway_load(request: HttpRequest, gateway_id: int) -> HttpResponse:
    """Have the switches load a gateway anew."""
    gateway = _find(gateway_id)
    told = load([gateway.name])
    if not told:
        messages.info(request, "No switch is set up: FREESWITCH_ESL_URL names none.")
    _tell_of(request, told)
    return redirect("gateway-detail", gateway.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def gateway_delete(request: HttpRequest, gateway_id: int) -> HttpResponse:
    """Ask whether a gateway is to be deleted; a POST does where it is out of use, and has the switches forget it."""
    gateway = _find(gateway_id)
    page = reverse("gateway-detail", args=(gateway.pk,))
    if request.method != "POST":
        if why := why_kept(gateway):
            messages.warning(request, why)
            return redirect(page)
        return ask(request, DELETE, subject=gateway, about=gateway.proxy, back=page)
    if not deleted(request, lambda: delete_gateway(gateway, actor=person_of(request)), f"{gateway} is deleted."):
        return redirect(page)
    _tell_of(request, load([gateway.name]))
    return redirect("gateway-list")


def _tell_of(request: HttpRequest, told: list[Loaded]) -> None:
    """Say what became of it at the switches."""
    for each in told:
        if each.problem:
            messages.warning(request, f"The switch at {each.switch} goes on with what it had: {each.problem}")
    if taken := [each.switch for each in told if not each.problem]:
        messages.success(request, f"The switch at {', '.join(taken)} has it as it is now.")


def _find(gateway_id: int) -> Gateway:
    return get_object_or_404(listed(), pk=gateway_id)
