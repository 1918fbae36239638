"""What programs send about extensions."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from accounts.api.serializers import (
    PersonField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    StrictSerializer,
    printable,
)
from accounts.models import User
from telephony.models import Domain
from telephony.models.call_limits import MOST
from telephony.models.recording_policies import OWN_CHOICES
from telephony.services.extensions import NEXT, check_extension_number
from telephony.services.talk_limits import OWN_LIMITS, Allowance


class NewExtensionSerializer(StrictSerializer):
    """An extension as it is to be: of the portal's own domain and the next unused number unless said otherwise."""

    domain = StrictCharField(max_length=253, required=False)
    number = StrictCharField(max_length=7, required=False)
    display_name = StrictCharField(max_length=100, required=False, allow_blank=True, validators=[printable])

    def validate_number(self, value: str) -> str:
        """Take a number that an extension can have."""
        try:
            check_extension_number(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None
        return value

    def validate(self, attrs: Any) -> Any:
        """Find the domain by its name."""
        name = attrs.get("domain", settings.SIP_DOMAIN).lower()
        domain = Domain.objects.filter(name=name).first()
        if domain is None:
            raise serializers.ValidationError({"domain": ["There is no such domain."]})
        return {**attrs, "domain": domain}


class ExtensionLimitsSerializer(StrictSerializer):
    """How much may be called outside; null leaves a limit to the settings, what is not named stays as it is."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return a field for each limit, under its short name."""
        return {
            name: StrictIntegerField(source=column, required=False, allow_null=True, min_value=1, max_value=MOST[column])
            for name, column in zip(Allowance._fields, OWN_LIMITS, strict=True)
        }


class ExtensionChangesSerializer(StrictSerializer):
    """What is to be changed of an extension; what is not named stays as it is."""

    display_name = StrictCharField(max_length=100, required=False, allow_blank=True, validators=[printable])
    forward_to = StrictCharField(max_length=60, required=False, allow_blank=True)
    recording = StrictChoiceField(choices=OWN_CHOICES, required=False)
    recording_notice = StrictBooleanField(required=False)
    limits = ExtensionLimitsSerializer(required=False)

    @property
    def changes(self) -> dict[str, Any]:
        """What was named, by columns."""
        named = dict(self.validated_data)
        return {**named, **named.pop("limits", {})}


class ExtensionAssigneeSerializer(StrictSerializer):
    """Who gets an extension, and which number with it: one of ours in any notation, `next`, or none."""

    auth0_id = PersonField()
    number = StrictCharField(max_length=60, required=False, allow_null=True)

    @property
    def wanted(self) -> tuple[User, str]:
        """The person, and the number as the service is asked for it."""
        number = self.validated_data.get("number") or ""
        return self.validated_data["auth0_id"], NEXT if number.lower() == NEXT else number
