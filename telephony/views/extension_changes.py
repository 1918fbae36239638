"""Making an extension, giving it to somebody and changing it, as pages for staff."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.permissions import person_of
from telephony.forms.extensions import AssignForm, ExtensionForm, NewExtensionForm
from telephony.models import Extension
from telephony.services.assignments import NotClaimableError
from telephony.services.dialing import DestinationNotAllowedError
from telephony.services.extensions import ExtensionExistsError, add_extension, assign_extension, change_extension
from telephony.services.pool import PoolEmptyError
from telephony.views.extensions import find_extension
from telephony.views.staff import staff_only

T = TypeVar("T")


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def extension_create(request: HttpRequest) -> HttpResponse:
    """Show the form of a new extension; a POST makes it, and gives it to whoever is named."""
    form = NewExtensionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        extension = _tried(form, "number", lambda: _added(request, form))
        if extension is not None:
            held = f" {form.cleaned_data['person']} holds it." if form.cleaned_data["person"] else ""
            messages.success(request, f"{extension} is made.{held}")
            return redirect("extension-detail", extension.pk)
    return render(request, "telephony/extension_new.html", {"form": form})


def _added(request: HttpRequest, form: NewExtensionForm) -> Extension:
    wanted: dict[str, Any] = form.cleaned_data
    return add_extension(
        wanted["domain"],
        wanted["exten"],
        display_name=wanted["display_name"],
        user=wanted["person"],
        number=form.wanted_number,
        actor=person_of(request),
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def extension_assign(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Show whom an extension can be given to; a POST gives it."""
    extension = find_extension(extension_id)
    form = AssignForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        person = form.cleaned_data["person"]
        number, actor = form.wanted_number, person_of(request)
        if _tried(form, "number", lambda: assign_extension(extension, person, number, actor=actor)) is not None:
            messages.success(request, f"{person} holds {extension} from now on. Set a SIP password for the phone next.")
            return redirect("extension-detail", extension.pk)
    return render(request, "telephony/extension_assign.html", {"extension": extension, "form": form})


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def extension_edit(request: HttpRequest, extension_id: int) -> HttpResponse:
    """Show what can be changed of an extension; a POST changes it."""
    extension = find_extension(extension_id)
    form = ExtensionForm(request.POST if request.method == "POST" else None, instance=extension)
    if form.is_bound and form.is_valid():
        wanted, actor = form.cleaned_data, person_of(request)
        changed = _tried(form, "forward_to", lambda: change_extension(extension, wanted, actor=actor))
        if changed is not None:
            messages.success(request, f"{extension} is changed." if changed else "Nothing was changed.")
            return redirect("extension-detail", extension.pk)
    return render(request, "telephony/extension_form.html", {"extension": extension, "form": form})


def _tried(form: forms.BaseForm, field: str, act: Callable[[], T]) -> T | None:
    """Do what a form asks for; return None where it cannot be done, and have the form say why: at `field` for a bad number."""
    try:
        return act()
    except (ValidationError, DestinationNotAllowedError) as error:
        form.add_error(field, error.messages if isinstance(error, ValidationError) else str(error))
    except ExtensionExistsError as error:
        form.add_error("exten", str(error))
    except (NotClaimableError, PoolEmptyError) as error:
        form.add_error(None, str(error))
    return None
