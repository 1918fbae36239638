"""`auth/login`, `auth/callback`, `auth/refresh`: from nobody to a person with tokens, without a cookie."""

from typing import Any

from django.conf import settings
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sign_in
from accounts.api.serializers import RefreshSerializer, SignInSerializer, TokenSetSerializer
from accounts.authentication import provider_unavailable
from accounts.jwks import PAUSE_SECONDS, KeysUnavailableError
from accounts.models import SignIn
from accounts.provider import ProviderUnavailableError
from accounts.sign_in import ClientRefusedError, DeactivatedError, GrantRefusedError
from web.errors import RETRY_AFTER_SECONDS, Problem
from web.parameters import LONGEST_VALUE, ApiView
from web.schema.describing import described

# What Auth0 says when it sends a person back without a code; anything else is a failure that it does not explain.
_REFUSED_AT_AUTH0 = {
    "access_denied": "Auth0 let nobody in: the sign-in was refused or given up.",
    "unauthorized": "Auth0 let nobody in: the account may not sign in.",
}
UNCONFIGURED = ("identity_provider_not_configured",)
_AWAY = frozenset({"server_error", "temporarily_unavailable"})


def asks_for_html(request: Request) -> bool:
    """Tell whether a browser's own navigation asks: it takes HTML, and names no JSON."""
    accept = request.headers.get("Accept", "").lower()
    return "text/html" in accept and "json" not in accept


class SignInView(ApiView):
    """What somebody without any proof may call on the way to one."""

    # A proof that has run out must not stand in the way of a new one.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    # Each of these is good for once: a HEAD would use it up.
    head_allowed = False
    # Signing in is no writing; who would have to be made known by it is refused where that happens.
    refuses_when_read_only = False

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Answer a browser in JSON, although it would rather have HTML."""
        return super().perform_content_negotiation(request, force or asks_for_html(request))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse while there is no Auth0 to sign in at."""
        super().initial(request, *args, **kwargs)
        if not settings.AUTH0_CLIENT_ID:
            raise Problem(503, "identity_provider_not_configured", "No Auth0 is configured: there is no sign-in.")

    def handle_exception(self, exc: Exception) -> Response:
        """Say what went wrong at Auth0, or between it and us."""
        return super().handle_exception(self._problem(exc) or exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Let nobody keep a state or a token."""
        response["Cache-Control"] = "no-store"
        return super().finalize_response(request, response, *args, **kwargs)

    def grant_refused(self) -> Problem:
        """Return the answer where Auth0 does not take what the client brought."""
        return Problem(400, "invalid_grant", "Auth0 does not take this code: it was used before, has expired, or is not ours.")

    def _problem(self, error: Exception) -> Problem | None:
        if isinstance(error, GrantRefusedError):
            return self.grant_refused()
        if isinstance(error, DeactivatedError):
            return Problem(403, "account_deactivated", "This account is deactivated.")
        if isinstance(error, ClientRefusedError):
            return Problem(502, "identity_provider_error", "Auth0 refuses the portal itself: its operator has to set it right.")
        if isinstance(error, KeysUnavailableError):
            return provider_unavailable(min(error.retry_after, PAUSE_SECONDS))
        if isinstance(error, ProviderUnavailableError):
            return provider_unavailable(RETRY_AFTER_SECONDS)
        return None


class Login(SignInView):
    """GET the address at which a person signs in."""

    query_parameters = frozenset({"redirect"})

    @described(
        "beginSignIn",
        {200: SignInSerializer, 302: None},
        refuses={503: UNCONFIGURED},
        parameters={"redirect": {"description": "`1` leads there at once.", "type": "string", "enum": ["0", "1"]}},
        headers={302: ["Location"]},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Begin a sign-in.

        A browser is sent on at once.
        """
        wanted = request.query_params.get("redirect")
        if wanted not in (None, "0", "1"):
            raise ValidationError({"redirect": ["Give 1 to be redirected, 0 not to be."]})
        login_url, state = sign_in.begin()
        if wanted == "1" or (wanted is None and asks_for_html(request)):
            return HttpResponseRedirect(login_url)
        lifetime = int(SignIn.objects.LIFETIME.total_seconds())
        return Response({"login_url": login_url, "state": state, "expires_in": lifetime})


class Callback(SignInView):
    """GET, as Auth0 sends a person back, swaps the code for tokens."""

    query_parameters = frozenset({"code", "state", "error"})
    # Auth0 adds parameters of its own, and its Actions more.
    other_parameters_allowed = True

    @described(
        "finishSignIn",
        TokenSetSerializer,
        refuses={
            400: ("invalid_grant", "invalid_state", "sign_in_failed"),
            403: ("account_deactivated", "sign_in_refused"),
            502: ("identity_provider_error",),
            503: UNCONFIGURED,
        },
        parameters={
            "code": {"description": "As Auth0 gives it.", "type": "string", "maxLength": LONGEST_VALUE},
            "state": {"description": "The state that the sign-in began with.", "type": "string", "maxLength": LONGEST_VALUE},
            "error": {"description": "Why Auth0 gives no code.", "type": "string", "maxLength": LONGEST_VALUE},
        },
    )
    def get(self, request: Request) -> Response:
        """Finish a sign-in with what Auth0 gave: tokens, once."""
        code, error = request.query_params.get("code", ""), request.query_params.get("error")
        if not code and error is None:
            raise ValidationError({"code": ["Auth0 gives a code, or an error."]})
        begun = SignIn.objects.take(request.query_params.get("state", ""))
        if begun is None:
            raise Problem(400, "invalid_state", "No such sign-in is under way: it took too long, or its state was used before.")
        if error is not None:
            raise _failure(error)
        return Response(sign_in.swap_code(begun, code)._asdict())


def _failure(error: str) -> Problem:
    if error in _AWAY:
        return provider_unavailable(RETRY_AFTER_SECONDS)
    if error in _REFUSED_AT_AUTH0:
        return Problem(403, "sign_in_refused", _REFUSED_AT_AUTH0[error])
    return Problem(400, "sign_in_failed", "Auth0 ended the sign-in without a code.")


class Refresh(SignInView):
    """POST swaps a refresh token for new tokens."""

    def grant_refused(self) -> Problem:
        """Return the answer to a refresh token that is no proof any more."""
        challenge = 'Bearer realm="portal", error="invalid_token"'
        return Problem(
            401, "invalid_grant", "Auth0 does not take this refresh token: sign in anew.", {"WWW-Authenticate": challenge}
        )

    @described(
        "refreshTokens",
        TokenSetSerializer,
        body=RefreshSerializer,
        refuses={401: ("invalid_grant",), 403: ("account_deactivated",), 502: ("identity_provider_error",), 503: UNCONFIGURED},
    )
    def post(self, request: Request) -> Response:
        """Swap a refresh token for a new set of tokens."""
        body = RefreshSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(sign_in.swap_refresh_token(body.validated_data["refresh_token"])._asdict())
