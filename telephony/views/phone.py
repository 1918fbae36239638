"""A person's own number, extension and phones, as pages."""

import hashlib
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import person_of
from telephony.forms.phone import AreaCodeForm, CellPhoneForm, ForwardingForm
from telephony.models import Assignment
from telephony.services.allowances import uses_of
from telephony.services.assignments import NotClaimableError, release
from telephony.services.call_links.parties import NumberRequiredError
from telephony.services.cell_phones import cell_phone_of, forget_cell_phone, register_cell_phone
from telephony.services.dialing import DestinationNotAllowedError
from telephony.services.extensions import renew_password_of
from telephony.services.forwarding import forward, stop_forwarding
from telephony.services.live.asking import AtSwitch, ask_for_phones
from telephony.services.phone_setup import kinds_of, settings_of, setup_of
from telephony.services.pool import PoolEmptyError, assign_number, holding_of
from telephony.services.recording_rules import policy_in_words
from web import read_only
from web.asking import Question, ask

NO_NUMBER: Final = "You have no number yet: get one first."
PASSWORD: Final = Question(
    "Set a new SIP password?",
    "The new one is shown once. The old one is no good from that moment on: phones that have it are thrown out, and their "
    "calls end. Enter the new one in every phone of yours.",
    "Set a new password",
)


@login_required
@never_cache
@require_safe
def phone_page(request: HttpRequest) -> HttpResponse:
    """Show what one holds, from where one's phones are registered, and what they may do."""
    return _page(request)


def _page(request: HttpRequest, **bound: forms.Form) -> HttpResponse:
    """Show the page, with forms that were refused in place of new ones."""
    viewer = person_of(request)
    held = holding_of(viewer)
    cell_phone = cell_phone_of(viewer)
    context: dict[str, Any] = {
        "held": held,
        "cell_phone": cell_phone,
        "area_form": AreaCodeForm(),
        "cell_phone_form": CellPhoneForm(initial={"cell_phone": cell_phone}),
        "forwarding_form": ForwardingForm(initial={"forward_to": held.extension.forward_to if held else ""}),
        "is_read_only": read_only.is_on(),
    }
    if held is not None:
        context |= {"recording": policy_in_words(held), "allowances": uses_of(held)}
    return render(request, "telephony/phone.html", context | bound)


@login_required
@never_cache
@require_POST
def phone_number(request: HttpRequest) -> HttpResponse:
    """Give the person a number and an extension of the pool; who has them keeps them."""
    form = AreaCodeForm(request.POST)
    if form.is_valid():
        try:
            held, is_new = assign_number(person_of(request), form.cleaned_data["area_code"])
        except PoolEmptyError as error:
            form.add_error("area_code" if form.cleaned_data["area_code"] else None, _nothing_left(error, form))
        except NotClaimableError as error:
            form.add_error(None, f"{error} Ask whoever runs the portal.")
        else:
            said = f"{held.number} is yours now." if is_new else f"You have {held.number} already."
            messages.success(request, said)
            return redirect("phone")
    return _page(request, area_form=form)


def _nothing_left(error: PoolEmptyError, form: AreaCodeForm) -> str:
    if form.cleaned_data["area_code"] and error.code == "number_pool_empty":
        return f"{error} Try another area code, or none."
    return f"{error} Tell whoever runs the portal: they can add some."


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def phone_release(request: HttpRequest) -> HttpResponse:
    """Ask whether number and extension are to be given back; a POST does it. What staff gave alone stays."""
    viewer = person_of(request)
    held = holding_of(viewer)
    if held is None or held.number is None:
        messages.info(request, "You have no number to give back.")
        return redirect("phone")
    if request.method != "POST":
        about = f"with extension {held.extension.number}"
        return ask(request, _release_question(), subject=held.number, about=about, back=reverse("phone"))
    if release(held, actor=viewer):
        messages.success(request, f"{held.number} is given back.")
    return redirect("phone")


def _release_question() -> Question:
    days = settings.NUMBER_COOLDOWN_DAYS
    rest = f"Both rest for {days} days before somebody else gets them." if days else "Anybody may get them at once."
    return Question(
        "Give your number back?",
        "You lose the number and the extension, your phones are refused and their calls end at once; forwarding and the SIP "
        f"password are forgotten. {rest} Your calls and recordings stay yours. Ask for a number again, and you get "
        "another one.",
        "Give it back",
    )


@login_required
@never_cache
@require_POST
def phone_cell_phone(request: HttpRequest) -> HttpResponse:
    """Register the cell phone from which the person dials in."""
    viewer = person_of(request)
    form = CellPhoneForm(request.POST)
    if _kept(form, "cell_phone", lambda text: register_cell_phone(viewer, text, actor=viewer)):
        messages.success(request, "Your cell phone is registered.")
        return redirect("phone")
    return _page(request, cell_phone_form=form)


@login_required
@never_cache
@require_POST
def phone_cell_phone_forget(request: HttpRequest) -> HttpResponse:
    """Forget the cell phone."""
    viewer = person_of(request)
    forget_cell_phone(viewer, actor=viewer)
    messages.success(request, "Your cell phone is forgotten.")
    return redirect("phone")


@login_required
@never_cache
@require_POST
def phone_forwarding(request: HttpRequest) -> HttpResponse:
    """Forward what nobody answers at the person's phones."""
    viewer = person_of(request)
    form = ForwardingForm(request.POST)
    if _kept(form, "forward_to", lambda text: forward(viewer, text, actor=viewer)):
        messages.success(request, "Calls that nobody answers are forwarded from now on.")
        return redirect("phone")
    return _page(request, forwarding_form=form)


@login_required
@never_cache
@require_POST
def phone_forwarding_stop(request: HttpRequest) -> HttpResponse:
    """Forward no more."""
    viewer = person_of(request)
    try:
        stop_forwarding(viewer, actor=viewer)
    except NumberRequiredError:
        messages.warning(request, NO_NUMBER)
    else:
        messages.success(request, "Your calls are forwarded no more.")
    return redirect("phone")


def _kept(form: forms.Form, field: str, keep: Callable[[str], object]) -> bool:
    """Do what a form of one field asks for; tell whether it was done, else the form says why not."""
    if not form.is_valid():
        return False
    try:
        keep(form.cleaned_data[field])
    except ValidationError as error:
        form.add_error(field, list(error.messages))
    except DestinationNotAllowedError as error:
        form.add_error(field, str(error))
    except NumberRequiredError:
        form.add_error(None, NO_NUMBER)
    return form.is_valid()


# -- the phones themselves -------------------------------------------------------------------------------------------------


@login_required
@never_cache
@require_safe
def phone_registered(request: HttpRequest) -> HttpResponse:
    """Show which phones of one's own are registered, as a part of a page that asks again and again; 204 where none changed."""
    held = holding_of(person_of(request))
    switches = ask_for_phones(held.extension) if held else []
    state = _state_of(switches)
    if request.GET.get("seen") == state:
        return HttpResponse(status=204)
    context = {
        "phones": [phone for switch in switches for phone in switch.phones],
        "is_away": any(switch.problem for switch in switches),
        "is_set_up": bool(switches),
        "state": state,
    }
    return render(request, "telephony/partials/own_phones.html", context)


def _state_of(switches: list[AtSwitch]) -> str:
    """Name what is shown of some switches, shortly: what is the same need not be shown, and read out, again."""
    shown = [(bool(switch.problem), [(phone.place, phone.agent) for phone in switch.phones]) for switch in switches]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


@login_required
@never_cache
@require_safe
def phone_setup(request: HttpRequest) -> HttpResponse:
    """Show what to enter in a phone."""
    held = holding_of(person_of(request))
    if held is None:
        messages.info(request, NO_NUMBER)
        return redirect("phone")
    return render(request, "telephony/phone_setup.html", _setup_of(held) | {"is_read_only": read_only.is_on()})


def _setup_of(held: Assignment) -> dict[str, Any]:
    phone = settings_of(held.extension)
    return {"held": held, "phone": phone, "kinds": kinds_of(phone)}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def phone_password(request: HttpRequest) -> HttpResponse:
    """Ask whether a new SIP password is to be set; a POST sets it and shows it on this one answer."""
    viewer = person_of(request)
    held = holding_of(viewer)
    if held is None:
        messages.info(request, NO_NUMBER)
        return redirect("phone")
    if request.method != "POST":
        return ask(request, PASSWORD, subject=held.extension, back=reverse("phone-setup"))
    password = renew_password_of(held.extension, actor=viewer)
    shown = _setup_of(held) | {"setup": setup_of(held.extension, password)}
    return render(request, "telephony/phone_password.html", shown)
