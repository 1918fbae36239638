"""The proofs by which REST clients show who they are; no session cookie is one of them."""

import hmac
import re
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.claims import Claims, person_known_by
from accounts.jwks import KeysUnavailableError
from accounts.models import ApiKey, User, api_key_digest
from accounts.tokens import TokenError, verified
from web import read_only
from web.errors import Problem
from web.proofs import KEY_HEADER
from web.request_context import note_credential

# The canonical spelling only: one key has one digest.
API_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
USE_NOTED_EVERY = timedelta(minutes=1)


def bearer_token(request: Request) -> str | None:
    """Return what follows `Bearer` in the Authorization header, None where no bearer token is given."""
    scheme, *rest = request.headers.get("Authorization", "").split(maxsplit=1) or [""]
    return "".join(rest).strip() if scheme.lower() == "bearer" else None


class _ApiAuthentication(BaseAuthentication):
    """One of the two proofs that every endpoint takes."""

    def authenticate_header(self, request: Request) -> str:
        """Name the proofs that are taken."""
        return 'Bearer realm="portal", ApiKey realm="portal"'


class BearerAuthentication(_ApiAuthentication):
    """A person's token, issued by Auth0 for this service; the person is made on first sight, the role follows its claim."""

    security_scheme = (
        "token",
        {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A person's access token, issued by Auth0 for this service: `auth/login` leads to one.",
        },
    )  # fmt: skip

    def authenticate(self, request: Request) -> tuple[User, Claims] | None:
        """Return whose token it is, and its claims; None where no bearer token is given."""
        token = bearer_token(request)
        if token is None:
            return None
        if request.headers.get(KEY_HEADER) is not None:
            raise Problem(400, "ambiguous_credentials", "Give a bearer token or an API key, not both.")
        if not settings.AUTH0_AUDIENCE:
            raise token_refused("Bearer tokens are not taken here.")
        try:
            claims = verified(token, settings.AUTH0_AUDIENCE)
        except TokenError as error:
            raise token_refused(str(error)) from None
        except KeysUnavailableError as error:
            raise provider_unavailable(error.retry_after) from None
        user = person_known_by(claims)
        if not user.is_active:
            raise token_refused("This account is deactivated.")
        note_credential("token")
        return user, claims


def token_refused(detail: str) -> Problem:
    """Return the refusal of a token as RFC 6750 wants it."""
    challenge = f'Bearer realm="portal", error="invalid_token", error_description="{detail}"'
    return Problem(401, "invalid_credentials", detail, {"WWW-Authenticate": challenge})


def provider_unavailable(retry_after: int) -> Problem:
    """Return the answer while Auth0 is away and nothing can be said without it."""
    detail = "Auth0 cannot be reached; try again."
    return Problem(503, "identity_provider_unavailable", detail, {"Retry-After": str(retry_after)})


class ApiKeyAuthentication(_ApiAuthentication):
    """A program's long-lived key; revoked, expired or of a deactivated owner it opens nothing from the next request on."""

    security_scheme = (
        "apiKey",
        {
            "type": "apiKey", "in": "header", "name": KEY_HEADER,
            "description": "A program's key, a UUID in lower case. The scopes of an operation are what a narrowed key needs.",
        },
    )  # fmt: skip

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the key's owner and the key; None where no proof is given at all."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return None
        if not API_KEY.fullmatch(key):
            raise AuthenticationFailed("An API key is a UUID in its canonical spelling, in lower case.")
        known = ApiKey.objects.usable().select_related("user").filter(digest=api_key_digest(key)).first()
        if known is None:
            raise AuthenticationFailed("This API key is unknown, expired or revoked.")
        _note_use(known)
        note_credential(f"api_key:{known.pk}")
        return known.user, known


def _note_use(key: ApiKey) -> None:
    """Note when a key was last used, at most once a minute: reading must not become writing."""
    now = timezone.now()
    if (key.last_used_at is None or key.last_used_at < now - USE_NOTED_EVERY) and not read_only.is_on():
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now), pk=key.pk).update(last_used_at=now)


class Operator:
    """Whoever holds the maintenance token: nobody's user, may do nothing but maintain."""

    is_authenticated = True
    is_active = True
    is_staff = False
    pk = None

    def __str__(self) -> str:
        return "maintenance"


class MaintenanceAuthentication(BaseAuthentication):
    """The operator's token; while it is unset its routes do not exist."""

    security_scheme = (
        "maintenance",
        {"type": "http", "scheme": "bearer", "description": "The operator's `MAINTENANCE_TOKEN`, which opens nothing else."},
    )
    is_hidden = True

    def authenticate(self, request: Request) -> tuple[Operator, None] | None:
        """Return the operator; None where no bearer token is given. Raises Http404 while no token is set."""
        if not settings.MAINTENANCE_TOKEN:
            raise Http404
        token = bearer_token(request)
        if token is None:
            return None
        if request.headers.get(KEY_HEADER) is not None:
            raise Problem(400, "ambiguous_credentials", "Give the maintenance token alone.")
        if not hmac.compare_digest(token.encode("utf-8", "surrogateescape"), settings.MAINTENANCE_TOKEN.encode()):
            raise AuthenticationFailed("This is not the maintenance token.")
        note_credential("maintenance")
        return Operator(), None

    def authenticate_header(self, request: Request) -> str:
        """Name the proof that is taken."""
        return 'Bearer realm="maintenance"'
