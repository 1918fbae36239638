"""What the switch sent and nobody could read, as pages for staff."""

from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import person_of
from telephony.filters.quarantine import QuarantinePageFilter
from telephony.models import Quarantine
from telephony.services.intake import Result
from telephony.services.quarantine_care import TAKEN, NotRetriableError, discard, look_at, retry, retry_all
from telephony.tables.quarantine import QuarantineTable
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

ENTRIES: Final = KeysetPaginator(ordering=("-last_seen_at", "-id"))

DISCARD: Final = Question(
    "Discard this?",
    "The bytes are deleted for good; the call that they may record is in no list. What they were, and that you discarded them, "
    "is kept. The same bytes are not kept again.",
    "Discard it",
    "Keep it",
)


@staff_only
@require_safe
def quarantine_list(request: HttpRequest) -> HttpResponse:
    """Show what waits, or what is asked for, the newest first."""
    entries = Quarantine.objects.defer("body")
    context = listing(request, entries, paginator=ENTRIES, table=QuarantineTable, filters=QuarantinePageFilter)
    narrowing = {name: value for name in QuarantinePageFilter.base_filters if (value := request.GET.get(name))}
    return render(request, "telephony/quarantine_list.html", {**context, "narrowing": narrowing})


@staff_only
@require_safe
def quarantine_detail(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Show one with what came, as text; that somebody looked is written down."""
    entry = get_object_or_404(Quarantine, pk=entry_id)
    shown = look_at(entry, actor=person_of(request))
    return render(request, "telephony/quarantine_detail.html", {"entry": entry, "shown": shown})


@staff_only
@require_POST
def quarantine_retry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Give one to the intake once more, and say what became of it."""
    entry = get_object_or_404(Quarantine, pk=entry_id)
    try:
        intake = retry(entry, actor=person_of(request))
    except NotRetriableError as error:
        messages.warning(request, str(error))
    else:
        if intake.result is Result.QUARANTINED:
            messages.warning(request, f"It still cannot be read: {intake.reason}")
        else:
            messages.success(request, TAKEN[intake.result])
    return redirect("quarantine-detail", entry.pk)


@staff_only
@require_POST
def quarantine_retry_all(request: HttpRequest) -> HttpResponse:
    """Give all that a filter keeps to the intake once more, as many as can be in some seconds."""
    filters = QuarantinePageFilter(request.POST, queryset=Quarantine.objects.all(), request=request)
    if filters.is_valid():
        messages.info(request, retry_all(filters.qs, actor=person_of(request)).sentence)
    else:
        messages.warning(request, "This is no filter of the quarantine: nothing was tried.")
    narrowing = {name: value for name in QuarantinePageFilter.base_filters if (value := request.POST.get(name))}
    return redirect(f"{reverse('quarantine-list')}{'?' if narrowing else ''}{urlencode(narrowing)}")


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def quarantine_discard(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Ask whether one is to be discarded; a POST deletes its bytes."""
    entry = get_object_or_404(Quarantine.objects.defer("body"), pk=entry_id)
    if request.method != "POST":
        back = reverse("quarantine-detail", args=(entry.pk,))
        return ask(request, DISCARD, subject=entry.reason, about=f"Leg {entry.leg_uuid or 'unknown'}", back=back)
    if discard(entry, actor=person_of(request)):
        messages.success(request, "It is discarded.")
    else:
        messages.info(request, "It was dealt with before.")
    return redirect("quarantine-list")
