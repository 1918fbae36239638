"""The shapes of what REST clients and the operator send and get."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.models import ApiKey, Role, User
from accounts.permissions import SCOPES


def printable(text: str) -> None:
    """Refuse control characters and the like."""
    if not text.isprintable():
        raise serializers.ValidationError("Use printable characters only.")


class StrictSerializer(serializers.Serializer[Any]):
    """A body whose every member is known."""

    refuses_unknown = True

    def to_internal_value(self, data: Any) -> Any:
        """Refuse members that nobody asked for: they would be silently lost."""
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({name[:100]: ["There is no such member."] for name in unknown[:20]})
        return super().to_internal_value(data)


class StrictCharField(serializers.CharField):
    """Text that came as text: a number or a truth value is not turned into one."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """Truth as JSON has it: `"false"`, 0 and null are no answers."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth value."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictIntegerField(serializers.IntegerField):
    """A whole number that came as one: `"5"`, 5.0 and true are none."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class PersonField(StrictCharField):
    """Somebody the portal knows, named by Auth0 id."""

    default_error_messages = {"unknown": "There is no such person."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 255, "validators": [printable], **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Find the person; an id is unique within its issuer, and two of the same are nobody's."""
        people = list(User.objects.filter(subject=super().run_validation(data))[:2])
        if len(people) != 1:
            self.fail("unknown")
        return people[0]


class ReadOnlySerializer(StrictSerializer):
    """Whether the portal is only to read."""

    enabled = StrictBooleanField()


class StrictChoiceField(serializers.ChoiceField):
    """One of some choices; what is none is not repeated, since a proof in the wrong place is none either."""

    default_error_messages = {"invalid_choice": "There is no such choice."}


class KeyRequestSerializer(StrictSerializer):
    """What a new API key is to be."""

    auth0_id = StrictCharField(max_length=255, validators=[printable])
    name = StrictCharField(max_length=100, validators=[printable])
    role = StrictChoiceField(choices=Role.choices, required=False)

    def validate_auth0_id(self, value: str) -> str:
        """Refuse what no `sub` of a token looks like."""
        if " " in value:
            raise serializers.ValidationError("An Auth0 id has no spaces.")
        return value


class InstantField(serializers.DateTimeField):
    """A time with its zone: without one nobody knows when it is."""

    default_error_messages = {
        "invalid": "Give a time such as 2030-01-31T12:00:00Z.",
        "naive": "Give the time's zone, such as Z.",
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        """Refuse a time without its zone."""
        if timezone.is_naive(value):
            self.fail("naive")
        return super().enforce_timezone(value)


class TokenRequestSerializer(StrictSerializer):
    """What a person's new API key is to be."""

    name = StrictCharField(max_length=100, validators=[printable])
    scopes = serializers.ListField(
        child=StrictChoiceField(choices=sorted(SCOPES)), required=False, allow_null=True, max_length=len(SCOPES)
    )
    expires_at = InstantField(required=False, allow_null=True)

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        """Refuse a time that is past."""
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("Give a time in the future.")
        return value


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key as its owner sees it afterwards."""

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"
        )  # fmt: skip


class OwnedApiKeySerializer(ApiKeySerializer):
    """A key as staff see it: with whose it is."""

    auth0_id = serializers.CharField(source="user.auth0_id")

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "auth0_id")


class ListedApiKeySerializer(OwnedApiKeySerializer):
    """A key of the list; staff alone see whose it is."""

    class Meta(OwnedApiKeySerializer.Meta):
        optional = ("auth0_id",)


class NewApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A new key; it is null where this answer is given again."""

    key = serializers.UUIDField(allow_null=True)

    class Meta:
        model = ApiKey
        fields = ("id", "key", "name", "prefix", "scopes", "expires_at", "created_at")


class OperatorsNewApiKeySerializer(serializers.Serializer[Any]):
    """A new key of a person; it is null where this answer is given again."""

    id = serializers.IntegerField()
    key = serializers.UUIDField(allow_null=True)
    auth0_id = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)


class PersonSerializer(serializers.Serializer[Any]):
    """Somebody, as others see them."""

    auth0_id = serializers.CharField()
    name = serializers.CharField(source="__str__")


class SignInSerializer(serializers.Serializer[Any]):
    """Where a person signs in, within so many seconds and once."""

    login_url = serializers.URLField()
    state = serializers.CharField()
    expires_in = serializers.IntegerField()


class TokenSetSerializer(serializers.Serializer[Any]):
    """What a person's app gets, in the words of RFC 6749; `refresh_token` is "" where Auth0 gives none."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField(allow_blank=True)
    id_token = serializers.CharField(allow_blank=True)
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()


class RefreshSerializer(StrictSerializer):
    """What a person's new tokens are given for."""

    refresh_token = StrictCharField(max_length=4096, validators=[printable], trim_whitespace=False)
