"""People, as pages for staff: who they are, what they hold and held, what they did; letting them in and out."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import ApiKey, User
from accounts.permissions import person_of
from accounts.tables import AuditTable
from telephony.filters.people import PersonPageFilter
from telephony.forms.kept import PersonForm, changes_of
from telephony.models import Revocation
from telephony.services.call_lists import last_calls_of
from telephony.services.people import (
    NotYoursError,
    OwnAccountError,
    change_person,
    entries_of,
    history_of,
    holdings_of,
    listed,
    may_change,
)
from telephony.tables.calls import CallTable
from telephony.tables.people import PersonTable
from telephony.views.keeping import attempted
from telephony.views.staff import staff_only
from web.asking import Question, ask
from web.listing import listing
from web.paging import KeysetPaginator

PEOPLE: Final = KeysetPaginator(ordering=("-id",))
MOST_HISTORY: Final = 20
MOST_CALLS: Final = 5
HIDDEN: Final = tuple(name for name in CallTable.base_columns if name not in CallTable.SHOWN)

DEACTIVATE: Final = Question(
    "Deactivate this person?",
    "From the next request on every session, key and token of theirs is refused; every switch forgets their phones and their "
    "calls end. They keep extension and number, and what they have opens everything again once they are activated.",
    "Deactivate",
)


@staff_only
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """Show people, who came last first."""
    context = listing(request, listed(), paginator=PEOPLE, table=PersonTable, filters=PersonPageFilter)
    return render(request, "telephony/person_list.html", context)


@staff_only
@require_safe
def person_detail(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show one person with all that is known of them."""
    person, viewer = _find(user_id), person_of(request)
    held = [each.extension_id for each in holdings_of(person)]
    context = {
        "person": person,
        "may_change": may_change(viewer, person),
        "is_self": viewer.pk == person.pk,
        "history": history_of(person)[:MOST_HISTORY],
        "usable_keys": ApiKey.objects.usable().filter(user=person).count(),
        "revocations": Revocation.objects.filter(extension__in=held).for_listing()[:1],
        "calls": CallTable(last_calls_of(person, MOST_CALLS), viewer=viewer, exclude=HIDDEN),
        "entries": AuditTable(entries_of(person)),
    }
    return render(request, "telephony/person_detail.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def person_deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask whether a person is to be let in no more; a POST sees to it."""
    person, viewer = _find(user_id), person_of(request)
    if request.method != "POST":
        about = ", ".join(str(part) for held in holdings_of(person) for part in (held.extension, held.number) if part)
        back = reverse("person-detail", args=(person.pk,))
        return ask(request, DEACTIVATE, subject=person, about=about or "Holds no extension", back=back)
    if not person.is_active:
        messages.info(request, f"{person} was deactivated before.")
    elif _changed(request, person, {"is_active": False}, viewer):
        messages.success(request, f"{person} is deactivated: nothing of theirs opens anything any more.")
    return redirect("person-detail", person.pk)


@staff_only
@require_POST
def person_activate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let a person in again."""
    person = _find(user_id)
    if person.is_active:
        messages.info(request, f"{person} is active.")
    elif _changed(request, person, {"is_active": True}, person_of(request)):
        messages.success(request, f"{person} may come in again, by what they had; phones come back when they register next.")
    return redirect("person-detail", person.pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show the form of a person's name; a POST stores it."""
    person, viewer = _find(user_id), person_of(request)
    if not may_change(viewer, person):
        raise PermissionDenied
    form = PersonForm(request.POST or None, instance=_find(user_id))
    if attempted(form, lambda: _changed(request, person, changes_of(form), viewer)):
        messages.success(request, "The name is stored.")
        return redirect("person-detail", person.pk)
    return render(request, "telephony/person_form.html", {"form": form, "person": person})


def _changed(request: HttpRequest, person: User, values: Mapping[str, Any], viewer: User) -> bool:
    """Change a person, or say why not. Raises PermissionDenied."""
    try:
        change_person(person, values, actor=viewer)
    except NotYoursError:
        raise PermissionDenied from None
    except OwnAccountError as error:
        messages.warning(request, str(error))
        return False
    return True


def _find(user_id: int) -> User:
    return get_object_or_404(listed(), pk=user_id)
