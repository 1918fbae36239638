"""How a person likes the list of calls: filters saved by name, and which columns it shows."""

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import Preference, User
from accounts.permissions import person_of
from telephony.filters.calls import CallPageFilter
from telephony.tables.calls import CallTable

FILTERS: Final = "calls.filters"
COLUMNS: Final = "calls.columns"
MOST_FILTERS: Final = 30


class SavedFilterForm(forms.Form):
    """A name for what the list is narrowed down by."""

    name = forms.CharField(max_length=60, strip=True)
    query = forms.CharField(max_length=2000, required=False)

    def clean_query(self) -> str:
        """Keep only what is a filter."""
        given = QueryDict(self.cleaned_data["query"])
        return urlencode({name: given[name] for name in CallPageFilter.base_filters if given.get(name)})


class Liking(NamedTuple):
    """How a person likes the list: filters with `name` and `query`, by name; columns in the table's order."""

    saved_filters: list[dict[str, str]]
    columns: list[str]


def liking_of(person: User) -> Liking:
    """Return how a person likes the list of calls."""
    chosen = Preference.objects.chosen_by(person)
    columns = [name for name in CallTable.base_columns if name in chosen.get(COLUMNS, ())]
    return Liking(chosen.get(FILTERS, []), columns or [*CallTable.SHOWN])


@login_required
@require_POST
def filter_save(request: HttpRequest) -> HttpResponse:
    """Save the filter of the list under a name; a name that is there already means the new one."""
    form = SavedFilterForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the filter a name of at most 60 characters.")
        return redirect("call-list")
    person, saved = person_of(request), form.cleaned_data
    others = [each for each in liking_of(person).saved_filters if each["name"] != saved["name"]]
    if len(others) >= MOST_FILTERS:
        messages.error(request, f"There are {MOST_FILTERS} saved filters already: forget one first.")
    else:
        _keep(person, [*others, {"name": saved["name"], "query": saved["query"]}])
        messages.success(request, f"Saved as {saved['name']}.")
    return redirect(f"{reverse('call-list')}?{saved['query']}")


@login_required
@require_POST
def filter_forget(request: HttpRequest) -> HttpResponse:
    """Forget a saved filter."""
    person, name = person_of(request), request.POST.get("name", "")
    _keep(person, [each for each in liking_of(person).saved_filters if each["name"] != name])
    return redirect("call-list")


def _keep(person: User, saved: list[dict[str, Any]]) -> None:
    Preference.objects.choose(person, FILTERS, sorted(saved, key=lambda each: str(each["name"]).casefold()))


@login_required
@require_POST
def columns_choose(request: HttpRequest) -> HttpResponse:
    """Choose the columns of the list; none chosen means those of the beginning."""
    chosen = [name for name in CallTable.base_columns if name in request.POST.getlist("column")]
    Preference.objects.choose(person_of(request), COLUMNS, chosen)
    query = QueryDict(request.POST.get("query", "")[:2000])
    kept = {name: query[name] for name in CallPageFilter.base_filters if query.get(name)}
    return redirect(f"{reverse('call-list')}?{urlencode(kept)}")
