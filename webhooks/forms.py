"""The form of a webhook; what it may be is for the API's rules to say, which make the same webhooks."""

from typing import Any, Final

from django import forms

from accounts.models import User
from webhooks.api.serializers import ALL, WebhookRequestSerializer
from webhooks.event_types import EVENT_TYPES
from webhooks.models import Subscription

EVERYTHING: Final = "everything"
NAMED: Final = "named"


class WebhookForm(forms.Form):
    """Where to, of what, and of whose; the last is asked of staff alone."""

    url = forms.CharField(max_length=1000, strip=True)
    description = forms.CharField(max_length=200, strip=True, required=False)
    reach = forms.ChoiceField(choices=((EVERYTHING, ""), (NAMED, "")), initial=EVERYTHING)
    events = forms.MultipleChoiceField(choices=[(each, each) for each in EVENT_TYPES], required=False)
    scope = forms.ChoiceField(choices=Subscription.Scope.choices, initial=Subscription.Scope.OWN.value, required=False)
    # The same form sent twice, as by loading its answer anew, makes one webhook.
    form_id = forms.RegexField(r"\A[A-Za-z0-9_-]{22}\Z")

    def __init__(self, person: User, data: Any = None, *, webhook: Subscription | None = None) -> None:
        super().__init__(data, initial=_initial(webhook) if webhook else None)
        if not person.is_staff:
            del self.fields["scope"]

    def clean(self) -> dict[str, Any] | None:
        """Ask the API's own rules, and put what they make of it into the cleaned data, as `wanted`."""
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        if cleaned["reach"] == NAMED and not cleaned["events"]:
            self.add_error("events", "Tick what it is to be told of, or let it be told of everything.")
            return cleaned
        asked = {
            "url": cleaned["url"],
            "description": cleaned["description"],
            "events": ALL if cleaned["reach"] == EVERYTHING else cleaned["events"],
            **({"scope": cleaned["scope"] or Subscription.Scope.OWN} if "scope" in self.fields else {}),
        }
        wanted = WebhookRequestSerializer(data=asked)
        if not wanted.is_valid():
            for name, sentences in wanted.errors.items():
                self.add_error(name, [str(sentence) for sentence in sentences])
        return cleaned | {"wanted": dict(wanted.validated_data)}

    @property
    def event_choices(self) -> list[tuple[str, str, bool]]:
        """Each type of event, when it is told, and whether it is ticked."""
        ticked = self["events"].value() or ()
        return [(each, sentence, each in ticked) for each, sentence in EVENT_TYPES.items()]


def _initial(webhook: Subscription) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "description": webhook.description,
        "reach": NAMED if webhook.events else EVERYTHING,
        "events": webhook.events,
        "scope": webhook.scope,
    }
