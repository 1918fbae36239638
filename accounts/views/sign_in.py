"""The sign-in page, the password form on it, and signing out."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import auth0_addresses
from accounts.models import User
from accounts.second_factor import await_code, is_enrolled
from accounts.sessions import PASSWORD_BACKEND, came_through_auth0, end_session, note_refusal, safe_target, start_session
from web.read_only import served_when_read_only


class SignInView(LoginView):
    """GET shows how to come in; POST is the password form, which is for superusers."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return the page first asked for."""
        return safe_target(self.request, self.request.POST.get("next", self.request.GET.get("next", "")))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Tell the page whether there is an Auth0."""
        return super().get_context_data(**kwargs) | {"through_auth0": auth0_addresses.is_configured()}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let a superuser in, or ask for the code of whoever has a second factor."""
        person = form.get_user()
        if not isinstance(person, User):
            # A form without a user is not valid.
            raise AssertionError("unreachable")
        if is_enrolled(person):
            await_code(self.request, person, self.get_success_url())
            return redirect("sign-in-code")
        start_session(self.request, person, PASSWORD_BACKEND)
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Write down a wrong password, and the lockout that it led to; not what is knocked at a locked door."""
        if getattr(self.request, "axes_failures_since_start", None) is not None:
            reason = "too_many_tries" if getattr(self.request, "axes_locked_out", False) else "wrong_password"
            note_refusal(reason, label=_known_name(str(form.cleaned_data.get("username", ""))))
        return super().form_invalid(form)


def _known_name(typed: str) -> str:
    """Return a user name of ours; what is none may be a password, typed into the wrong field, and is not repeated."""
    return typed if User.objects.filter(username=typed).exists() else "an unknown name"


@served_when_read_only
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, also at Auth0 where that began it."""
    through_auth0 = came_through_auth0(request.session)
    end_session(request)
    return HttpResponseRedirect((auth0_addresses.sign_out_address() if through_auth0 else "") or reverse("login"))


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Stand in for the form of Django's admin, which would let people past the second factor."""
    if request.user.is_authenticated:
        raise PermissionDenied
    target = request.GET.get("next") or reverse("admin:index")
    return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': target})}")
