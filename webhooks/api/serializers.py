"""The shapes in which REST clients send and see webhooks and their deliveries."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import StrictBooleanField, StrictCharField, StrictChoiceField, StrictSerializer, printable
from webhooks.event_types import EVENT_TYPES
from webhooks.models import Attempt, Delivery, Subscription
from webhooks.services import url_of
from webhooks.targets import LONGEST_URL, TargetError

ALL: Final = "all"


_EVENTS: Final[Mapping[str, Any]] = {
    "anyOf": [
        {"type": "array", "items": {"type": "string", "enum": list(EVENT_TYPES)}, "minItems": 1},
        {"type": "string", "const": ALL},
    ]
}


@extend_schema_field(dict(_EVENTS))
class EventsField(serializers.ListField):
    """A list of event types, or `"all"`, which is kept as none."""

    child = StrictChoiceField(choices=list(EVENT_TYPES))

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the types."""
        if data == ALL:
            return []
        if data == []:
            raise serializers.ValidationError('Name at least one type of event, or give "all".')
        types: list[Any] = super().to_internal_value(data)
        return types

    def to_representation(self, data: Any) -> Any:
        """Return the types, or `"all"`."""
        return data or ALL


class UrlField(StrictCharField):
    """A URL that webhooks may be sent to; what its name leads to is looked at when something is sent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=LONGEST_URL, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return it as it is sent to."""
        text = super().to_internal_value(data)
        try:
            ProhibitNullCharactersValidator()(text)
            return url_of(text)
        except (TargetError, DjangoValidationError) as error:
            raise serializers.ValidationError(str(error)) from None


class WebhookRequestSerializer(StrictSerializer):
    """What a webhook is to be."""

    url = UrlField()
    events = EventsField(required=False)
    description = StrictCharField(required=False, allow_blank=True, max_length=200, validators=[printable])
    scope = StrictChoiceField(choices=Subscription.Scope.choices, required=False)
    active = StrictBooleanField(required=False, source="is_active")


class WebhookSerializer(serializers.ModelSerializer[Subscription]):
    """A webhook as it is seen afterwards: without its secret."""

    events = EventsField()
    active = serializers.BooleanField(source="is_active")
    auth0_id = serializers.CharField(source="user.auth0_id")

    class Meta:
        model = Subscription
        fields: tuple[str, ...] = (
            "id", "url", "events", "description", "scope", "active", "disabled_reason", "disabled_at", "failing_since",
            "auth0_id", "created_at", "updated_at",
        )  # fmt: skip


class NewWebhookSerializer(WebhookSerializer):
    """A new webhook; its secret is null where this answer is given again."""

    secret = serializers.CharField(allow_null=True)

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")


class WebhookSecretSerializer(serializers.Serializer[Any]):
    """A new secret, null where this answer is given again, and until when messages are signed with the old one as well."""

    id = serializers.IntegerField()
    secret = serializers.CharField(allow_null=True)
    former_secret_until = serializers.DateTimeField(allow_null=True)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A message to a webhook, and how far it is; `status` is what was last answered, null where nobody answered."""

    type = serializers.CharField(source="event.type")
    next_at = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = (
            "id", "message_id", "type", "state", "tries", "status", "problem", "created_at", "next_at", "finished_at",
        )  # fmt: skip

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_at(self, delivery: Delivery) -> str | None:
        """Return when it is tried next, null where it is not."""
        return serializers.DateTimeField().to_representation(delivery.next_at) if delivery.is_waiting else None


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try: how long it took, and what was answered."""

    class Meta:
        model = Attempt
        fields = ("at", "duration_ms", "status", "answer", "problem")


class DeliveryDetailSerializer(DeliverySerializer):
    """The same with the body, byte for byte as it is sent, and its tries, oldest first."""

    attempts = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "body", "attempts")
