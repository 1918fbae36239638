"""What the pages of domains, providers and gateways have in common."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from telephony.services.keeping import InUseError

T = TypeVar("T")
M = TypeVar("M", bound=Model)


def attempted(form: "ModelForm[M]", act: Callable[[], T]) -> T | None:
    """Return what `act` makes or changes; None where the form, or the rules behind it, refuse: then the form says why."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return act()
    except ValidationError as error:
        form.add_error(None, error)
        return None


def deleted(request: HttpRequest, act: Callable[[], None], done: str) -> bool:
    """Delete something and say so; or say what hangs on it."""
    try:
        act()
    except InUseError as error:
        messages.warning(request, str(error))
        return False
    messages.success(request, done)
    return True
