"""Bans, as a page for staff: who is not listened to, and who fails to prove himself."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import person_of
from telephony.forms.bans import BanForm
from telephony.models import BannedAddress, FailedRegistration
from telephony.services.bans import NotBannableError, Reload, ban, lasting, lift, publish
from telephony.tables.bans import BanTable, FailedRegistrationTable
from telephony.views.staff import staff_only
from web.listing import listing
from web.paging import KeysetPaginator

BANS: Final = KeysetPaginator(ordering=("-since", "-id"))
MOST_FAILURES: Final = 20


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def ban_list(request: HttpRequest) -> HttpResponse:
    """Show who is banned and who fails; a POST bans."""
    form = BanForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _has_banned(request, form):
        return redirect("ban-list")
    bans = BannedAddress.objects.in_force(timezone.now()).select_related("banned_by")
    context = {
        **listing(request, bans, paginator=BANS, table=BanTable),
        "form": form,
        "failures": FailedRegistrationTable(FailedRegistration.objects.all()[:MOST_FAILURES]),
        "has_failures": FailedRegistration.objects.exists(),
    }
    return render(request, "telephony/ban_list.html", context)


def _has_banned(request: HttpRequest, form: BanForm) -> bool:
    wanted: dict[str, Any] = form.cleaned_data
    until = lasting(int(wanted["minutes"]) if wanted["minutes"] else None)
    try:
        banned = ban(wanted["address"], until=until, reason=wanted["reason"], actor=person_of(request))
    except NotBannableError as error:
        form.add_error("address", str(error))
        return False
    messages.success(request, f"{banned} is banned: no phone is listened to from there.")
    _tell_of(request, publish())
    return True


def _tell_of(request: HttpRequest, reloads: list[Reload]) -> None:
    for reload in reloads:
        if reload.problem:
            messages.warning(request, f"The switch at {reload.switch} loads its list once it can be reached: {reload.problem}")


@staff_only
@require_POST
def ban_lift(request: HttpRequest, ban_id: int) -> HttpResponse:
    """Listen to a network again."""
    banned = get_object_or_404(BannedAddress, pk=ban_id)
    if lift(banned, actor=person_of(request)):
        messages.success(request, f"{banned} is listened to again.")
        _tell_of(request, publish())
    return redirect("ban-list")
