"""Who lets people in: a password for superusers, Auth0 for everybody; and the permissions of their roles."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from social_core.backends.auth0_openidconnect import Auth0OpenIdConnectAuth
from social_core.exceptions import AuthProviderError, AuthResponseError

from accounts.jwks import KeysUnavailableError
from accounts.models import User
from accounts.provider import ProviderUnavailableError, ask
from accounts.roles import ROLE_PERMISSIONS
from accounts.tokens import ALGORITHM, TokenError, verified

CALLBACK_PATH = "/complete/auth0/"
LONGEST_TARGET = 2000


class RoleBackend(ModelBackend):
    """Sign-in by password, for superusers alone, and the permissions of a person's role; a deactivated person has none."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the superuser of this name and password; anybody else comes in through Auth0, whatever he knows."""
        person = super().authenticate(request, username=username, password=password, **kwargs)
        return person if isinstance(person, User) and person.is_superuser else None

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return every permission of a person."""
        own = super().get_all_permissions(user_obj, obj)
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return own
        return own | ROLE_PERMISSIONS[user_obj.effective_role]


class Auth0Backend(Auth0OpenIdConnectAuth[HttpResponse]):
    """Auth0, by authorization code with PKCE, state and nonce, at the addresses that the settings name.

    The library goes the way; Auth0 is spoken to by `accounts.provider` and tokens are checked by `accounts.tokens`, as for
    the API. Nothing is discovered: the library would insist on https, and AUTH0_BASE_URL may be http on loopback.
    """

    name = "auth0"
    DEFAULT_USE_PKCE = True
    TOKEN_ENDPOINT_AUTH_METHOD = "client_secret_post"
    # Seconds from the button to the callback.
    STATE_LIFETIME = NONCE_LIFETIME = 600

    def get_key_and_secret(self) -> tuple[str, str]:
        """Return what the portal proves itself to Auth0 with."""
        return settings.AUTH0_CLIENT_ID, settings.AUTH0_CLIENT_SECRET

    def authorization_url(self) -> str:
        """Return where people sign in."""
        return f"{settings.AUTH0_BASE_URL}/authorize"

    def access_token_url(self) -> str:
        """Return where a code is swapped for tokens."""
        return f"{settings.AUTH0_BASE_URL}/oauth/token"

    def get_redirect_uri(self, state: str | None = None) -> str:
        """Return the callback as Auth0 knows it, whatever host the browser asked."""
        return settings.PUBLIC_URL + CALLBACK_PATH

    def get_or_create_state(self) -> str:
        """Return a new state, and keep with it, on the server, where its person wanted to go: each tab has its own."""
        state = str(super().get_or_create_state())
        target = str(self.data.get("next", ""))
        kept = {**self.strategy.session_get(self.transaction_key(state)), "next": target[:LONGEST_TARGET]}
        self.strategy.session_set(self.transaction_key(state), kept)
        return state

    def target_of(self, state: str) -> str:
        """Return where the person wanted to go who began with this state, "" where nobody did."""
        kept = self.strategy.session_get(self.transaction_key(state))
        return str(kept.get("next", "")) if isinstance(kept, dict) else ""

    def auth_extra_arguments(self) -> dict[str, str]:
        """Ask for a token of our API, so that the roles claim comes with it."""
        return {"audience": settings.AUTH0_AUDIENCE} if settings.AUTH0_AUDIENCE else {}

    def get_json(self, url: str, *args: Any, data: dict[str, str] | None = None, **kwargs: Any) -> dict[Any, Any]:
        """Swap a code for tokens. Raises SocialAuthBaseException, in the library's own terms."""
        stage = kwargs.get("stage", "token_exchange")
        try:
            answer = ask(url, data)
        except ProviderUnavailableError as error:
            raise AuthProviderError(self, code="unavailable", stage=stage) from error
        document = dict(answer.document)
        if answer.status != HTTPStatus.OK:
            known = self.get_provider_error(document, stage=stage, status_code=answer.status)
            raise known or AuthProviderError(self, stage=stage, status_code=answer.status)
        return document

    def decode_and_validate_id_token(self, id_token: str, access_token: str) -> dict[str, Any]:
        """Return the claims of an ID token for us; nonce and age are the library's to check. Raises as `get_json`."""
        try:
            claims = dict(verified(id_token, settings.AUTH0_CLIENT_ID))
        except TokenError as error:
            raise AuthResponseError(self, code="invalid_claim", stage="token_validation") from error
        except KeysUnavailableError as error:
            raise AuthProviderError(self, code="unavailable", stage="token_validation") from error
        self.validate_authorized_party(claims, settings.AUTH0_CLIENT_ID)
        if not self.validate_at_hash(claims, access_token, {"alg": ALGORITHM}):  # type: ignore[no-untyped-call]
            raise AuthResponseError(self, code="invalid_claim", claim="at_hash", stage="token_validation")
        return claims

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the claims of the verified ID token; what /userinfo says is not signed."""
        return dict(self.id_token or {})

    def get_user_id(self, details: Mapping[str, Any], response: Mapping[str, Any]) -> str:
        """Return issuer and subject in one: a subject alone would be somebody else after a change of tenant."""
        return f"{settings.AUTH0_ISSUER} {super().get_user_id(details, response)}"  # type: ignore[no-untyped-call]

    def get_user(self, user_id: Any) -> User | None:
        """Return the person of a session, None once deactivated."""
        return User.objects.filter(pk=user_id, is_active=True).first()
