"""Sessions of the console: begun, refused and ended, each written down; and as whom a session lets its person act."""

from typing import Any, Final

from django.contrib.auth import BACKEND_SESSION_KEY, login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.invitations import ceiling_of
from accounts.models import AuditEntry, User
from web.request_context import note_credential

PASSWORD_BACKEND: Final = "accounts.backends.RoleBackend"
AUTH0_BACKEND: Final = "accounts.backends.Auth0Backend"
VERIFIED_EMAIL: Final = "verified_email"
LONGEST_LABEL: Final = 255
# Where nobody wants to land after signing in.
_SIGN_IN_PATHS: Final = ("/login", "/logout", "/complete/", "/admin/login/", "/admin/logout/")


def start_session(request: HttpRequest, person: User, backend: str, verified_email: str = "") -> None:
    """Sign a person in, under a new session key."""
    login(request, person, backend=backend)
    # Django keeps the key of a session that is this person's already.
    request.session.cycle_key()
    request.session[VERIFIED_EMAIL] = verified_email
    how = "Auth0" if backend == AUTH0_BACKEND else "password"
    AuditEntry.objects.record("session.started", person, actor=person, after={"by": how})


def end_session(request: HttpRequest) -> None:
    """Sign out whoever is signed in."""
    if isinstance(request.user, User):
        AuditEntry.objects.record("session.ended", request.user, actor=request.user)
    logout(request)


def note_refusal(reason: str, *, actor: User | None = None, label: str = "") -> None:
    """Write down that somebody was not let in, and why; `label` is what he called himself."""
    printable = "".join(character for character in label if character.isprintable())
    AuditEntry.objects.record(
        "session.refused", actor, actor=actor, actor_label=printable[:LONGEST_LABEL], after={"reason": reason}
    )


def came_through_auth0(session: SessionBase) -> bool:
    """Tell whether a session was begun by Auth0."""
    return bool(session.get(BACKEND_SESSION_KEY) == AUTH0_BACKEND)


def seated(person: User | AnonymousUser | Any, session: SessionBase) -> Any:
    """Return the person of a session, who in one through Auth0 is no more than an invitation or a domain lets him be."""
    if isinstance(person, User):
        note_credential("session")
    if isinstance(person, User) and came_through_auth0(session):
        person.session_ceiling = ceiling_of(person, session.get(VERIFIED_EMAIL, ""))
    return person


def safe_target(request: HttpRequest, target: str) -> str:
    """Return the path to go to after signing in: `target` if it is that of a page of ours, else the first page's."""
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return target if safe and target.startswith("/") and not target.startswith(_SIGN_IN_PATHS) else "/"
