"""One thing done to many numbers, as pages: the question with how many they are, how far it is, what was refused and why."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import person_of
from telephony.filters.numbers import NumberPageFilter
from telephony.forms.numbers import ChangeForm
from telephony.models import Number, NumberChange
from telephony.models.numbers import NumberQuerySet
from telephony.services import number_changes
from telephony.services.undertakings import NotNowError
from telephony.views.staff import staff_only
from web.asking import Question

SHOWN_AT_MOST = 100
LEAVE = "Leave them as they are"
ASKING = {
    "release": Question(
        "Take these numbers back?",
        "Each holder loses the number, and the extension with it; both rest before somebody else gets them. Their phones are "
        "forgotten and their calls end.",
        "Take them back",
        LEAVE,
    ),
    "disable": Question(
        "Take these numbers out of use?", "Nobody is given one of them until it is enabled again.", "Disable them", LEAVE
    ),
    "enable": Question("Bring these numbers back into use?", "They can be given away again.", "Enable them", LEAVE),
    "provider": Question("Set the provider of these numbers?", "It is created when it is new.", "Set the provider", LEAVE),
    "country": Question(
        "Set the country of these numbers?", "A number of another country is left as it is.", "Set the country", LEAVE
    ),
}


@staff_only
@require_POST
def number_change(request: HttpRequest) -> HttpResponse:
    """Note what is to be done to the ticked numbers, or to all of the filter, and lead to the question about it."""
    form = ChangeForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            change = number_changes.propose(person_of(request), _chosen(request, form), given["action"], given["value"])
        except (number_changes.NoneChosenError, number_changes.TooManyError) as error:
            messages.warning(request, str(error))
        else:
            return redirect("number-change-detail", change.pk)
    for errors in form.errors.values():
        messages.warning(request, " ".join(map(str, errors)))
    query = QueryDict(request.POST.get("query", "")[:2000]).urlencode()
    return redirect(f"/numbers/?{query}" if query else "number-list")


def _chosen(request: HttpRequest, form: ChangeForm) -> NumberQuerySet:
    """Return the numbers that are ticked, or all that the list's filter keeps; a wrong filter keeps none."""
    if not form.cleaned_data["everything"]:
        return Number.objects.filter(pk__in=form.cleaned_data["number"])
    query = QueryDict(form.cleaned_data["query"])
    filters = NumberPageFilter(query, queryset=Number.objects.all(), request=request)
    kept: NumberQuerySet = filters.qs if filters.is_valid() else Number.objects.none()
    return kept


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def number_change_detail(request: HttpRequest, change_id: int) -> HttpResponse:
    """Ask whether it is to be done, show how far it is, or what was done; a POST says yes."""
    change = get_object_or_404(NumberChange.objects.of(person_of(request)), pk=change_id)
    if request.method == "POST":
        try:
            number_changes.confirm(change)
        except NotNowError:
            messages.info(request, "It was begun before.")
        return redirect("number-change-detail", change.pk)
    some = Number.objects.filter(pk__in=change.number_ids[:10])
    context = {
        "undertaking": change, "question": ASKING[change.action], "some": some, "others": change.total - len(some),
        "refusals": change.refusals[:SHOWN_AT_MOST], "more_refused": max(0, change.refused - SHOWN_AT_MOST),
    }  # fmt: skip
    return render(request, "telephony/number_change.html", context)
