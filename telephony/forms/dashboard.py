"""Which period the dashboard shows."""

from typing import Any, Final

from django import forms
from django.utils import timezone

from telephony.services.dashboard.periods import DEFAULT, MOST_DAYS, NAMED, Period, named

_DAY: Final = {"type": "date", "class": "form-control"}
# The years that clocks know of; a day before or after has no midnight everywhere.
_YEARS: Final = range(1980, 9000)


class PeriodForm(forms.Form):
    """A named period, or the first and the last day of another one."""

    period = forms.ChoiceField(choices=[(slug, label) for slug, (label, _) in NAMED.items()], required=False)
    first = forms.DateField(label="From", required=False, input_formats=["%Y-%m-%d"], widget=forms.DateInput(_DAY, "%Y-%m-%d"))
    last = forms.DateField(label="To", required=False, input_formats=["%Y-%m-%d"], widget=forms.DateInput(_DAY, "%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order, and more of them than anybody looks at."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if (first and first.year not in _YEARS) or (last and last.year not in _YEARS):
            raise forms.ValidationError("Give days of this time.")
        if last and not first:
            raise forms.ValidationError("Give the first day as well.")
        if first:
            last = last or max(first, timezone.localdate())
            if last < first:
                raise forms.ValidationError("The last day is before the first.")
            if (last - first).days >= MOST_DAYS:
                raise forms.ValidationError("Give at most five years.")
            cleaned["last"] = last
        return cleaned

    @property
    def chosen(self) -> Period:
        """The period asked for; the usual one where none was, or a wrong one."""
        if not self.is_valid():
            return named(DEFAULT)
        if self.cleaned_data["first"]:
            return Period(self.cleaned_data["first"], self.cleaned_data["last"])
        return named(self.cleaned_data["period"] or DEFAULT)
