"""How the quarantine is narrowed down."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from telephony.models import Quarantine
from web.filters import InstantFilter, LocalDayFilter

KINDS = (("", "Any kind"), ("cdr", "Call records"), ("recording", "Recordings"))
STATES = (("new", "Waiting"), ("retried", "Taken in since"), ("discarded", "Discarded"), ("all", "All of it"))


class QuarantineFilter(django_filters.FilterSet):
    """The filters of the quarantine."""

    q = django_filters.CharFilter(method="filter_text", label="Reason, leg or address", max_length=255)
    kind = django_filters.ChoiceFilter(choices=Quarantine.Kind.choices, empty_label=None, label="Kind")
    state = django_filters.ChoiceFilter(choices=Quarantine.State.choices, empty_label=None, label="State")
    after = InstantFilter(field_name="last_seen_at", lookup_expr="gte", label="From")
    before = InstantFilter(field_name="last_seen_at", lookup_expr="lt", label="until before")

    class Meta:
        model = Quarantine
        fields = ()

    def filter_text(self, queryset: QuerySet[Quarantine], name: str, value: str) -> QuerySet[Quarantine]:
        """Keep what has this in its reason, or is of this leg, address or digest."""
        whole = Q(leg_uuid=value) | Q(sha256=value.lower())
        return queryset.filter(Q(reason__icontains=value) | whole | Q(address__startswith=value))


class QuarantinePageFilter(QuarantineFilter):
    """The same for the page: days are its reader's, and what waits is shown unless something else is asked for."""

    state = django_filters.ChoiceFilter(choices=STATES, method="filter_state", empty_label=None, label="State")
    after = LocalDayFilter(field_name="last_seen_at", lookup_expr="gte", label="From")
    before = LocalDayFilter(field_name="last_seen_at", lookup_expr="lt", label="until before")

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        for name, choices in (("kind", KINDS), ("state", STATES)):
            self.form.fields[name].widget = forms.Select(choices=choices, attrs={"class": "form-select"})
        for name in ("after", "before"):
            self.form.fields[name].widget = forms.DateInput(attrs={"class": "form-control", "type": "date"})

    def filter_queryset(self, queryset: QuerySet[Quarantine]) -> QuerySet[Quarantine]:
        """Keep what waits where no state is asked for."""
        found: QuerySet[Quarantine] = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("state") else found.filter(state=Quarantine.State.NEW)

    def filter_state(self, queryset: QuerySet[Quarantine], name: str, value: str) -> QuerySet[Quarantine]:
        """Keep what is in this state, or leave all of it."""
        return queryset if value == "all" else queryset.filter(state=value)
