"""Our own steps of a sign-in through Auth0, between those of social-auth (SOCIAL_AUTH_PIPELINE)."""

from typing import Any

from social_core.exceptions import AuthPolicyError

from accounts.backends import Auth0Backend
from accounts.claims import person_known_by
from accounts.invitations import accept_invitation
from accounts.models import User

Step = dict[str, Any]


def require_verified_email(backend: Auth0Backend, *args: Any, **kwargs: Any) -> None:
    """Let nobody in without a verified e-mail address, before anything is stored. Raises AuthPolicyError."""
    claims = backend.id_token or {}
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or "@" not in email or not email.isprintable():
        raise AuthPolicyError(backend, code="email_unverified", stage="pipeline")


def know_person(backend: Auth0Backend, social: Any = None, *args: Any, **kwargs: Any) -> Step:
    """Return the person of this issuer and subject, whom the API may know already. Raises AuthPolicyError."""
    claims = backend.id_token or {}
    person = person_known_by(claims, claims)
    if social is not None and social.user_id != person.pk:
        raise AuthPolicyError(backend, code="no_identity", stage="pipeline")
    return {"user": person, "is_new": False}


def admit_person(backend: Auth0Backend, user: User, *args: Any, **kwargs: Any) -> None:
    """Refuse who may not come in this way; take an open invitation as accepted. Raises AuthPolicyError."""
    if not user.is_active:
        raise AuthPolicyError(backend, code="deactivated", stage="pipeline")
    if user.is_superuser:
        raise AuthPolicyError(backend, code="password_only", stage="pipeline")
    accept_invitation(user, str((backend.id_token or {})["email"]))
