"""Our phone numbers, as pages for staff: who holds which, its past, and what is to become of it."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import AuditEntry
from accounts.permissions import person_of
from accounts.tables import AuditTable
from telephony.filters.numbers import NumberPageFilter
from telephony.forms.numbers import AssignForm, NumberEditForm, NumberForm, ProviderField
from telephony.models import Assignment, Extension, Number
from telephony.models.holding import HoldingState
from telephony.number_exports import number_lines
from telephony.services.assignments import NotClaimableError
from telephony.services.inventory import WrongOfferError
from telephony.services.numbers import (
    NumberExistsError,
    NumberRefusedError,
    Wishes,
    add_number,
    change_number,
    disable_number,
    enable_number,
    release_number,
)
from telephony.services.pool import PoolEmptyError, assign_to
from telephony.tables.numbers import NumberTable
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

NUMBERS: Final = KeysetPaginator(ordering=("number",))
MOST_HOLDERS: Final = 100
MOST_ENTRIES: Final = 20
MOST_SUGGESTED: Final = 20

RELEASE: Final = Question(
    "Take this number back?",
    "Its holder loses it, and the extension with it; each rests before somebody else gets it. Their phones are forgotten and "
    "their calls end.",
    "Take it back",
)
DISABLE: Final = Question(
    "Take this number out of use?",
    "Nobody is given it until it is enabled again. Calls to it are answered as calls to a number that nobody has.",
    "Disable it",
)


@staff_only
@require_safe
def number_list(request: HttpRequest) -> HttpResponse:
    """Show the numbers in their order, with how many there are in each state."""
    context = listing(request, Number.objects.for_listing(), paginator=NUMBERS, table=NumberTable, filters=NumberPageFilter)
    return render(request, "telephony/number_list.html", context | _list_tools(context["filters"]))


def _list_tools(filters: NumberPageFilter) -> dict[str, Any]:
    """Return what stands around the list: the counts of states as links, and the providers to choose from."""
    states = [(state, HoldingState(state).label.lower(), count) for state, count in filters.counts.items()]
    provider = ProviderField(required=False)
    provider.widget.attrs |= {"id": "change-provider", "form": "bulk", "aria-label": "The provider to set"}
    return {"states": states, "change_provider": provider.widget.render("provider", "")}


@staff_only
@require_safe
def number_export(request: HttpRequest) -> HttpResponseBase:
    """Send every number of the filter in the address as `numbers.csv`."""
    filters = NumberPageFilter(request.GET, queryset=Number.objects.for_listing(), request=request)
    if not filters.is_valid():
        return HttpResponseBadRequest("The filter is wrong.", content_type="text/plain; charset=utf-8")
    lines: Iterator[bytes] = iter(())
    if request.method == "GET":
        AuditEntry.objects.record("numbers.exported", actor=person_of(request), after={"filter": request.GET.urlencode()})
        lines = number_lines(filters.qs)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="numbers-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_add(request: HttpRequest) -> HttpResponse:
    """Show the form for one number; a POST adds it."""
    form = NumberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            number = add_number(given["number"], given["provider"], given["country"], actor=person_of(request))
        except WrongOfferError as error:
            form.add_error("number", f"It {error}.")
        except NumberExistsError as error:
            form.add_error("number", str(error))
        else:
            messages.success(request, f"{number} is in the pool.")
            return redirect("number-detail", number.pk)
    return render(request, "telephony/number_add.html", {"form": form})


@staff_only
@require_safe
def number_detail(request: HttpRequest, number_id: int) -> HttpResponse:
    """Show one number: what is said of it, who held it when, and what was done to it."""
    number = _find(number_id)
    holders = list(number.assignments.select_related("user", "extension__domain")[:MOST_HOLDERS])
    context = {"number": number, "holders": holders, "entries": AuditTable(_entries(number, holders))}
    return render(request, "telephony/number_detail.html", context)


def _entries(number: Number, holders: list[Assignment]) -> list[AuditEntry]:
    """Return the last that the audit log says of a number, and of its assignments."""
    its_own = Q(target_type="telephony.number", target_id=str(number.pk))
    of_holders = Q(target_type="telephony.assignment", target_id__in=[str(held.pk) for held in holders])
    return list(AuditEntry.objects.filter(its_own | of_holders).select_related("actor")[:MOST_ENTRIES])


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_edit(request: HttpRequest, number_id: int) -> HttpResponse:
    """Show what is said of a number as a form; a POST changes it."""
    number = _find(number_id)
    now = {name: getattr(number, name) for name in ("country", "recording", "recording_notice")}
    form = NumberEditForm(request.POST or None, initial=now | {"provider": number.provider.name})
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_number(number, Wishes(**form.cleaned_data), actor=person_of(request))
        except NumberRefusedError as error:
            form.add_error("country", str(error))
        else:
            messages.success(request, f"{number} is changed." if changed else "Nothing was changed.")
            return redirect("number-detail", number.pk)
    return render(request, "telephony/number_edit.html", {"form": form, "number": number})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_assign(request: HttpRequest, number_id: int) -> HttpResponse:
    """Let staff look for a person; a POST gives them the number, with their extension, a chosen one or the next one."""
    number = _find(number_id)
    form = AssignForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        problem = _assign(request, number, form)
        if not problem:
            return redirect("number-detail", number.pk)
        form.add_error(None, problem)
    free = Extension.objects.claimable(timezone.now()).select_related("domain").order_by("number")[:MOST_SUGGESTED]
    return render(request, "telephony/number_assign.html", {"number": number, "form": form, "free_extensions": free})


def _assign(request: HttpRequest, number: Number, form: AssignForm) -> str:
    """Give the number to somebody; return why it cannot be, "" where it was."""
    user = form.cleaned_data["person"]
    try:
        assignment = assign_to(user, number, form.cleaned_data["extension"], actor=person_of(request))
    except (NotClaimableError, PoolEmptyError) as error:
        return str(error)
    messages.success(request, f"{number} is {user}'s, with the extension {assignment.extension.number}.")
    return ""


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_release(request: HttpRequest, number_id: int) -> HttpResponse:
    """Ask whether a number is to be taken back from its holder; a POST does."""
    number = _find(number_id)
    if request.method != "POST":
        return _ask(request, number, RELEASE)
    if release_number(number, actor=person_of(request)):
        messages.success(request, f"{number} is taken back.")
    else:
        messages.info(request, f"Nobody holds {number}.")
    return redirect("number-detail", number.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_disable(request: HttpRequest, number_id: int) -> HttpResponse:
    """Ask whether a number is to be taken out of use; a POST does."""
    number = _find(number_id)
    if request.method != "POST":
        return _ask(request, number, DISABLE)
    try:
        changed = disable_number(number, actor=person_of(request))
    except NumberRefusedError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"{number} is disabled." if changed else f"{number} was disabled before.")
    return redirect("number-detail", number.pk)


@staff_only
@require_POST
def number_enable(request: HttpRequest, number_id: int) -> HttpResponse:
    """Bring a number back into use."""
    number = _find(number_id)
    changed = enable_number(number, actor=person_of(request))
    messages.success(request, f"{number} is in use again." if changed else f"{number} was not disabled.")
    return redirect("number-detail", number.pk)


def _ask(request: HttpRequest, number: Number, question: Question) -> HttpResponse:
    held = number.held_by
    about = f"{held.user}, {held.extension}" if held else "Nobody holds it"
    return ask(request, question, subject=number, about=about, back=reverse("number-detail", args=(number.pk,)))


def _find(number_id: int) -> Number:
    return get_object_or_404(Number.objects.for_listing(), pk=number_id)
