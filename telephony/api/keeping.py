"""What the endpoints of domains, providers, gateways and switches have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from telephony.services.keeping import InUseError
from web.errors import Problem


class StrictIntegerField(serializers.IntegerField):
    """A whole number that came as one: `"5"`, 5.0 and true are none."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


@contextmanager
def answering() -> Iterator[None]:
    """Answer 400 by field for what the models refuse, and 409 `in_use` for what cannot be deleted."""
    try:
        yield
    except DjangoValidationError as error:
        found = error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        raise ValidationError(
            {"non_field_errors" if name == "__all__" else name: said for name, said in found.items()}
        ) from None
    except InUseError as error:
        raise Problem(409, "in_use", str(error)) from None
