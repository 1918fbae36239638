"""Signing in through Auth0: the button, and the way back."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from social_core.exceptions import SocialAuthBaseException
from social_django.utils import load_strategy

from accounts import auth0_addresses
from accounts.backends import Auth0Backend
from accounts.models import User
from accounts.sessions import AUTH0_BACKEND, note_refusal, safe_target, start_session
from accounts.views.refusals import reason_of, refuse
from web.read_only import served_when_read_only


@served_when_read_only
@never_cache
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Send a person to Auth0 to sign in."""
    backend = _backend(request)
    try:
        return backend.start()
    except SocialAuthBaseException as error:
        return _refused(request, backend, error)


# A HEAD would use up the code.
@never_cache
@require_GET
def complete(request: HttpRequest) -> HttpResponse:
    """Take a person who comes back from Auth0: check, let in, lead to the page first asked for."""
    backend = _backend(request)
    target = backend.target_of(request.GET.get("state", ""))
    try:
        # Whoever is signed in already is of no account here: nobody's account is ever joined with another.
        person = backend.complete(user=None)
    except SocialAuthBaseException as error:
        return _refused(request, backend, error)
    if not isinstance(person, User):
        # The pipeline ends with a person, or by an error.
        raise AssertionError("unreachable")
    start_session(request, person, AUTH0_BACKEND, verified_email=str((backend.id_token or {})["email"]))
    return HttpResponseRedirect(safe_target(request, target))


def _backend(request: HttpRequest) -> Auth0Backend:
    """Return the backend for a request. Raises Http404 where there is no Auth0."""
    if not auth0_addresses.is_configured():
        raise Http404
    return Auth0Backend(load_strategy(request))  # type: ignore[no-untyped-call]


def _refused(request: HttpRequest, backend: Auth0Backend, error: SocialAuthBaseException) -> HttpResponse:
    """Write down who was refused, as far as a verified token says it, and answer with the reason."""
    reason = reason_of(error)
    note_refusal(reason, label=str((backend.id_token or {}).get("sub", "")))
    return refuse(request, reason)
