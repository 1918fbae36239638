"""What the endpoints of domains, providers, gateways and switches have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError

from telephony.services.keeping import InUseError
from web.errors import Problem


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
