"""A field in which a person is found among thousands: what is typed is searched for, and one of those found is ticked."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.people_search import MOST_FOUND, people_called, people_matching
from telephony.services.people import with_holdings

SHORTEST_SEARCH: Final = 2
LONGEST_SEARCH: Final = 255
_ID: Final = re.compile(r"[1-9][0-9]{0,17}")


class Choice(NamedTuple):
    """Whom a form names: the id that is ticked, and what stands in the search field; "" where there is none."""

    ticked: str
    typed: str


def search_context(name: str, choice: Choice) -> dict[str, Any]:
    """Return what the list of those found shows, for the field `name`: whoever is ticked stays at its head.

    What each holds is in `open_assignments`.
    """
    ticked, typed = _person(choice.ticked), choice.typed.strip()[:LONGEST_SEARCH]
    is_asked = len(typed) >= SHORTEST_SEARCH and typed.isprintable()
    found = list(with_holdings(people_matching(typed))[: MOST_FOUND + 1]) if is_asked else []
    others = [person for person in found[:MOST_FOUND] if person != ticked]
    return {
        "name": name,
        "ticked": ticked,
        "people": [ticked, *others] if ticked else others,
        "is_asked": is_asked,
        "are_more": len(found) > MOST_FOUND,
    }


def _person(text: str) -> User | None:
    if not _ID.fullmatch(text):
        return None
    return with_holdings(User.objects.filter(pk=int(text), is_active=True)).first()


class PersonWidget(forms.Widget):
    """A search field, and a list of the people found to tick one of."""

    template_name = "telephony/partials/person_field.html"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Choice | None:
        """Return what was ticked and typed, None where nothing was."""
        choice = Choice(str(data.get(name, "")), str(data.get(f"{name}_q", "")).strip())
        return choice if any(choice) else None

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Tell whether the form did not have the field."""
        return name not in data and f"{name}_q" not in data

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the field as HTML: by the pages' own templates, where the list is one of them."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return what the field shows: also who was chosen before."""
        if isinstance(value, User):
            value = Choice(str(value.pk), "")
        choice = value if isinstance(value, Choice) else Choice("", "")
        context = super().get_context(name, None, attrs)
        is_wrong = bool(attrs and attrs.get("aria-invalid"))
        shown = {"typed": choice.typed, "longest": LONGEST_SEARCH, "is_wrong": is_wrong}
        return {**context, **search_context(name, choice), **shown}


class PersonField(forms.Field):
    """An active person: one that is ticked, else whoever alone is called as it was typed."""

    widget = PersonWidget
    default_error_messages = {
        "required": "Say who.",
        "unknown": "Nobody is called so: search for a part of the name, the e-mail address or the Auth0 id.",
        "ambiguous": "Several people are called so: tick one of them.",
        "gone": "This person is not there any more, or deactivated.",
    }

    def to_python(self, value: Choice | None) -> User | None:
        """Return the person."""
        if value is None:
            return None
        if value.ticked:
            return self._ticked(value.ticked)
        if len(value.typed) > LONGEST_SEARCH or not value.typed.isprintable():
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        called = people_called(value.typed)
        if len(called) == 1:
            return called[0]
        code = "ambiguous" if called else "unknown"
        raise ValidationError(self.error_messages[code], code=code)

    def _ticked(self, text: str) -> User:
        person = _person(text)
        if person is None:
            raise ValidationError(self.error_messages["gone"], code="gone")
        return person
