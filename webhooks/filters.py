"""Filters of what webhooks were sent."""

import django_filters

from webhooks.event_types import EVENT_TYPES, TEST
from webhooks.models import Delivery

TYPES = [(each, each) for each in (*EVENT_TYPES, TEST)]


class DeliveryFilter(django_filters.FilterSet):
    """Deliveries by how far they are and what they tell."""

    state = django_filters.ChoiceFilter(choices=Delivery.State.choices, empty_label="Any state", label="State")
    type = django_filters.ChoiceFilter(field_name="event__type", choices=TYPES, empty_label="Any event", label="Event")

    class Meta:
        model = Delivery
        fields = ()


class DeliveryPageFilter(DeliveryFilter):
    """The same, as a page has them."""

    class Meta(DeliveryFilter.Meta):
        pass

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for field in self.form.fields.values():
            field.widget.attrs["class"] = "form-select"
