"""The code that a superuser's sign-in asks for, and the pages on which the second factor is turned on and off."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of
from accounts.forms import CodeForm, PasswordForm
from accounts.models import SecondFactor, User
from accounts.second_factor import (
    Awaited,
    awaited,
    check_code,
    confirm_enrolment,
    forget_awaited,
    remove_second_factor,
    renew_recovery_codes,
    setup_of,
    start_enrolment,
)
from accounts.sessions import PASSWORD_BACKEND, note_refusal, start_session
from web.read_only import served_when_read_only

View = Callable[..., HttpResponse]
WRONG_CODE = "This code is not right. Each is taken once, and only while the app shows it."


@served_when_read_only
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask whoever gave the right password for a code, and let him in by it."""
    waiting = awaited(request)
    if waiting is None:
        return redirect("login")
    if request.method == "GET":
        return render(request, "accounts/code.html")
    form = CodeForm(request.POST)
    return _take_code(request, waiting, form.cleaned_data["code"] if form.is_valid() else "")


def _take_code(request: HttpRequest, waiting: Awaited, code: str) -> HttpResponse:
    verdict = check_code(waiting.person, code)
    if verdict.right:
        forget_awaited(request)
        start_session(request, waiting.person, PASSWORD_BACKEND)
        return HttpResponseRedirect(waiting.target)
    if not verdict.retry_after:
        note_refusal("wrong_code", actor=waiting.person)
        return render(request, "accounts/code.html", {"problem": WRONG_CODE})
    problem = f"Too many wrong codes. Wait {verdict.retry_after} s before the next."
    response = render(request, "accounts/code.html", {"problem": problem}, status=429)
    response.headers["Retry-After"] = str(verdict.retry_after)
    return response


def _superusers_only(view: View) -> View:
    """Let only superusers in: nobody else signs in by a password."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not actor_of(request).is_superuser:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return login_required(never_cache(guarded))


@_superusers_only
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show whether the second factor is on, or what to tell the app."""
    return _page(request, actor_of(request))


@sensitive_post_parameters("password")
@_superusers_only
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Make a key for the app; who stole a session has no password to do this with."""
    person = actor_of(request)
    form = PasswordForm(request, person, request.POST)
    if not form.is_valid():
        return _page(request, person, problem=_problem_of(form))
    start_enrolment(person)
    return redirect("second-factor")


@sensitive_post_parameters("code")
@_superusers_only
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Turn it on by a first code, and show the recovery codes, this once."""
    person = actor_of(request)
    form = CodeForm(request.POST)
    codes = confirm_enrolment(person, form.cleaned_data["code"]) if form.is_valid() else None
    if codes is None:
        return _page(request, person, problem=WRONG_CODE)
    return _page(request, person, codes=codes)


@sensitive_post_parameters("password")
@_superusers_only
@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes, and show the new ones, this once."""
    person = actor_of(request)
    form = PasswordForm(request, person, request.POST)
    if not form.is_valid() or not SecondFactor.objects.filter(user=person, confirmed=True).exists():
        return _page(request, person, problem=_problem_of(form))
    return _page(request, person, codes=renew_recovery_codes(person))


@sensitive_post_parameters("password")
@_superusers_only
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Turn it off."""
    person = actor_of(request)
    form = PasswordForm(request, person, request.POST)
    if not form.is_valid():
        return _page(request, person, problem=_problem_of(form))
    if remove_second_factor(person, actor=person):
        messages.success(request, "The second factor is off: your password alone lets you in.")
    return redirect("second-factor")


def _problem_of(form: PasswordForm) -> str:
    return " ".join(str(error) for error in form.errors.get("password", []))


def _page(request: HttpRequest, person: User, **shown: Any) -> HttpResponse:
    factor = SecondFactor.objects.filter(user=person, confirmed=True).first()
    context = {
        "factor": factor,
        "codes_left": factor.recovery_codes.count() if factor else 0,
        "setup": None if factor else setup_of(person),
    }
    return render(request, "accounts/second_factor.html", context | shown)
