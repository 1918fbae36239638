"""The extensions, as pages for staff: who holds what, from where it is registered, and taking it away with proof."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import AuditEntry
from accounts.permissions import person_of
from accounts.tables import AuditTable
from telephony.filters.extensions import ExtensionPageFilter
from telephony.models import Extension, Revocation
from telephony.services.call_lists import last_calls_at
from telephony.services.extensions import (
    NotHeldError,
    RestingError,
    close_extension,
    open_extension,
    release_extension,
    renew_password_of,
)
from telephony.services.live.asking import ask_for_phones
from telephony.services.phone_setup import setup_of
from telephony.services.revocations import errands
from telephony.services.talk_limits import limits_of
from telephony.tables.calls import CallTable
from telephony.tables.extensions import ExtensionTable, HolderTable
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

EXTENSIONS: Final = KeysetPaginator(ordering=("number", "id"))
MOST_REVOCATIONS: Final = 20
# How much of its past an extension's page shows; the lists have the rest.
MOST_SHOWN: Final = 10
# Columns of a list of calls that are left to the list.
REST: Final = tuple(name for name in CallTable.base_columns if name not in CallTable.SHOWN)


CLOSE: Final = Question(
    "Close this extension?",
    "Its phones are forgotten by every switch, its calls end, and nobody can register or call by it until it is opened again. "
    "Whoever holds it keeps it.",
    "Close it",
)
PASSWORD: Final = Question(
    "Set a new SIP password?",
    "The new one is shown once. The old one is no good from that moment on: phones that have it are forgotten, and their calls "
    "end.",
    "Set a new password",
)
RELEASE: Final = Question(
    "Take this extension back?",
    "Its holder loses it, and the number with it; each rests before somebody else gets it. Its phones are forgotten and its "
    "calls end.",
    "Take it back",
)


@staff_only
@require_safe
def extension_list(request: HttpRequest) -> HttpResponse:
    """Show the extensions in the order of their numbers."""
    context = listing(
        request,
        Extension.objects.for_listing(),
        paginator=EXTENSIONS,
        table=ExtensionTable,
        filters=ExtensionPageFilter,
    )
    return render(request, "telephony/extension_list.html", context)


@staff_only
@require_safe
def extension_detail(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Show one extension: its holder, its phones, how it is set, what was taken from it, and its past."""
    extension = find_extension(extension_id)
    context = {**_revocations(extension), **_history(request, extension), "limits": limits_of(extension)}
    return render(request, "telephony/extension_detail.html", {"extension": extension, **context})


@staff_only
@require_safe
def extension_phones(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Show which phones are registered, as a part of a page that asks for it again and again."""
    context = {"switches": ask_for_phones(find_extension(extension_id))}
    return render(request, "telephony/partials/extension_phones.html", context)


@staff_only
@require_safe
def extension_revocations(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Show what was taken from an extension and what each switch did, as a part of a page that asks until all is done."""
    extension = find_extension(extension_id)
    return render(request, "telephony/partials/revocations.html", {"extension": extension, **_revocations(extension)})


def _history(request: HttpRequest, extension: Extension) -> dict[str, Any]:
    """Return its last calls, its holders and what was done to it, the newest of each, as tables."""
    held = list(extension.assignments.select_related("user", "number")[:MOST_SHOWN])
    viewer = person_of(request)
    calls = CallTable(last_calls_at(extension, viewer, MOST_SHOWN), viewer=viewer, exclude=REST)
    entries = AuditEntry.objects.about([extension, *held]).select_related("actor")[:MOST_SHOWN]
    return {"calls": calls, "holders": HolderTable(held), "entries": AuditTable(list(entries))}


def _revocations(extension: Extension) -> dict[str, Any]:
    shown = list(Revocation.objects.filter(extension=extension).for_listing()[:MOST_REVOCATIONS])
    return {"revocations": shown, "are_pending": any(not revocation.is_done for revocation in shown)}


@staff_only
@require_POST
def extension_repeat(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Tell the switches once more what they could not be told."""
    extension = find_extension(extension_id)
    if Revocation.objects.filter(pk__in=errands.repeat_of(extension)).pending().exists():
        messages.warning(request, "A switch could still not be told; it will be as soon as it can be reached.")
    return redirect("extension-detail", extension.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def extension_close(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Ask whether an extension is to be closed; a POST closes it, and its page shows the proof."""
    extension = find_extension(extension_id)
    if request.method != "POST":
        return _ask(request, extension, CLOSE)
    try:
        revocation = close_extension(extension, actor=person_of(request))
    except RestingError as error:
        messages.warning(request, str(error))
    else:
        if revocation is None:
            messages.info(request, f"{extension} was closed before.")
        else:
            messages.success(request, f"{extension} is closed.")
    return redirect("extension-detail", extension.pk)


@staff_only
@require_POST
def extension_open(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Open an extension again."""
    extension = find_extension(extension_id)
    if open_extension(extension, actor=person_of(request)):
        messages.success(request, f"{extension} is open again: its phones come back when they register next.")
    else:
        messages.info(request, f"{extension} was not closed.")
    return redirect("extension-detail", extension.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def extension_release(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Ask whether an extension is to be taken back from its holder; a POST does."""
    extension = find_extension(extension_id)
    if request.method != "POST":
        return _ask(request, extension, RELEASE)
    if release_extension(extension, actor=person_of(request)):
        messages.success(request, f"{extension} is taken back.")
    else:
        messages.info(request, f"Nobody holds {extension}.")
    return redirect("extension-detail", extension.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def extension_password(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Ask whether a new SIP password is to be set; a POST sets it and shows it on this one answer."""
    extension = find_extension(extension_id)
    if request.method != "POST":
        return _ask(request, extension, PASSWORD)
    try:
        password = renew_password_of(extension, actor=person_of(request))
    except NotHeldError as error:
        messages.warning(request, str(error))
        return redirect("extension-detail", extension.pk)
    context = {"extension": extension, "setup": setup_of(extension, password)}
    return render(request, "telephony/extension_password.html", context)


def _ask(request: HttpRequest, extension: Extension, question: Question) -> HttpResponse:
    held = extension.held_by
    about = ", ".join(str(each) for each in (held.user, held.number) if each) if held else "Nobody holds it"
    return ask(request, question, subject=extension, about=about, back=reverse("extension-detail", args=(extension.pk,)))


def find_extension(extension_id: int) -> Extension:
    """Return an extension with all that is shown of it. Raises Http404."""
    return get_object_or_404(Extension.objects.for_listing(), pk=extension_id)
