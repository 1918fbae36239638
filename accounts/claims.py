"""What the claims of a verified token say of a person: who it is, in which role, under which name.

Whoever calls this has verified the token's signature, issuer, audience and times; nothing here is proof by itself.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from accounts.models import AuditEntry, Role, User
from web import read_only

Claims = Mapping[str, Any]

LONGEST_SUBJECT = 255
LONGEST_NAME = 255
LONGEST_EMAIL = 254
# From least to most, as they are declared.
_RANK = {role: rank for rank, role in enumerate(Role)}


class ClaimsError(ValueError):
    """The claims do not say who somebody is."""


def role_named_by(claims: Claims) -> Role | None:
    """Return the highest role that the claim AUTH0_ROLES_CLAIM names, None where there is no such claim.

    A claim that is there replaces what is stored: one that is empty, names only roles we do not know, or is neither a
    string nor a list of strings, names nothing more than a user. Names are taken as they are spelt.
    """
    if settings.AUTH0_ROLES_CLAIM not in claims:
        return None
    named = claims[settings.AUTH0_ROLES_CLAIM]
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return Role.USER
    return max((Role(name) for name in names if name in Role.values), key=_RANK.__getitem__, default=Role.USER)


def subject_of(claims: Claims) -> tuple[str, str]:
    """Return (`iss`, `sub`), by which a person is known. Raises ClaimsError."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    for value in (issuer, subject):
        # What cannot be printed cannot be told apart by a reader, and NUL cannot be stored.
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_SUBJECT or not value.isprintable():
            raise ClaimsError("The token does not say whose it is.")
    return str(issuer), str(subject)


def person_known_by(claims: Claims, profile: Claims | None = None) -> User:
    """Return the person of (`iss`, `sub`), created on first sight, with the role that the claims name.

    Never matched by e-mail. Name and e-mail are kept current from `profile` alone: the claims of an ID token or of
    userinfo, of the same subject; an access token says nothing of them. A deactivated person is returned as he is,
    with nothing written: it is for the caller to refuse him. While the portal only reads nobody is created, and a new
    role holds for this request. Raises ClaimsError, ReadOnlyError.
    """
    issuer, subject = subject_of(claims)
    if profile is not None and profile.get("sub") != subject:
        raise ClaimsError("The two tokens are of different people.")
    user = User.objects.filter(issuer=issuer, subject=subject).first()
    if user is None:
        read_only.refuse()
        user = User.objects.by_subject(issuer, subject)
    if user.is_active:
        _refresh_role(user, role_named_by(claims), _issued_at(claims))
        _refresh_profile(user, profile or {})
    return user


def _issued_at(claims: Claims) -> datetime | None:
    """Return when the token was made, None where it does not say."""
    issued_at = claims.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(issued_at, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _refresh_role(user: User, role: Role | None, issued_at: datetime | None) -> None:
    """Store the role, and write down that it changed: once, however many requests see it first.

    A token that is older than the one that last named a role names none: it would bring back what has been taken away.
    """
    if role is None or (user.role_named_at and (issued_at is None or issued_at < user.role_named_at)):
        return
    if role == user.role:
        _note_when_named(user, issued_at)
        return
    before = user.role
    if read_only.is_on():
        user.role = role
        return
    with transaction.atomic():
        if User.objects.change(user, role=role):
            _note_when_named(user, issued_at)
            AuditEntry.objects.record(
                "user.role_changed", user, actor_label="Auth0", before={"role": before}, after={"role": user.role}
            )


def _note_when_named(user: User, issued_at: datetime | None) -> None:
    """Note how new the token is that named the role; a newer one of another request stays noted."""
    if issued_at is None or (user.role_named_at and user.role_named_at >= issued_at) or read_only.is_on():
        return
    unnoted = Q(role_named_at=None) | Q(role_named_at__lt=issued_at)
    User.objects.filter(unnoted, pk=user.pk).update(role_named_at=issued_at)
    user.role_named_at = issued_at


def _refresh_profile(user: User, profile: Claims) -> None:
    """Store name and e-mail where they differ; what is no name, or no verified e-mail, is left alone."""
    said = {"name": _name_in(profile), "email": _email_in(profile)}
    changes = {field: value for field, value in said.items() if value and value != getattr(user, field)}
    if changes and not read_only.is_on():
        User.objects.change(user, **changes)


def _name_in(profile: Claims) -> str:
    name = profile.get("name")
    if not isinstance(name, str):
        return ""
    return "".join(character for character in name if character.isprintable()).strip()[:LONGEST_NAME]


def _email_in(profile: Claims) -> str:
    email = profile.get("email")
    if profile.get("email_verified") is not True or not isinstance(email, str) or len(email) > LONGEST_EMAIL:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email
