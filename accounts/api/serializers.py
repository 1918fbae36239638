"""The shapes of what the operator sends and gets."""

from typing import Any

from rest_framework import serializers

from accounts.models import Role


def printable(text: str) -> None:
    """Refuse control characters and the like."""
    if not text.isprintable():
        raise serializers.ValidationError("Use printable characters only.")


class StrictSerializer(serializers.Serializer[Any]):
    """A body whose every member is known."""

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


class KeyRequestSerializer(StrictSerializer):
    """What a new API key is to be."""

    auth0_id = StrictCharField(max_length=255, validators=[printable])
    name = StrictCharField(max_length=100, validators=[printable])
    role = serializers.ChoiceField(choices=Role.choices, required=False)

    def validate_auth0_id(self, value: str) -> str:
        """Refuse what no `sub` of a token looks like."""
        if " " in value:
            raise serializers.ValidationError("An Auth0 id has no spaces.")
        return value


class RefreshSerializer(StrictSerializer):
    """What a person's new tokens are given for."""

    refresh_token = StrictCharField(max_length=4096, validators=[printable], trim_whitespace=False)
