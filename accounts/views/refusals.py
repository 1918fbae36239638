"""The page that says why somebody may not come in, and what to do about it."""

from typing import Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from social_core.exceptions import (
    AuthCanceled,
    AuthConfigurationError,
    AuthInputError,
    AuthProviderError,
    AuthResponseError,
    AuthSessionError,
    SocialAuthBaseException,
)

from accounts.auth0_addresses import sign_out_address

RETRY_AFTER_SECONDS: Final = 5


class Refusal(NamedTuple):
    """What a person reads; `other_account` offers to leave Auth0, which would let the same account in again."""

    status: int
    heading: str
    text: str
    other_account: bool = False


REFUSALS: Final[dict[str, Refusal]] = {
    "email_unverified": Refusal(
        403,
        "Your e-mail address is not verified",
        "Look for the message that was sent to it when you signed up, follow its link, then sign in again.",
        other_account=True,
    ),
    "deactivated": Refusal(
        403, "Your account is deactivated", "Ask whoever runs this portal to activate it again.", other_account=True
    ),
    "password_only": Refusal(
        403, "This account signs in by password", "Use its name and password on the sign-in page.", other_account=True
    ),
    "no_identity": Refusal(
        403, "We cannot tell whose account this is", "Tell whoever runs this portal which account you used.", other_account=True
    ),
    "denied": Refusal(
        403, "You were not let in", "The sign-in was cancelled, or this account may not use the portal.", other_account=True
    ),
    "unproven": Refusal(
        403, "The sign-in could not be verified", "What came back from the sign-in service did not prove who you are."
    ),
    "stale": Refusal(
        400, "This sign-in has expired", "It was used already, took longer than ten minutes, or began in another browser."
    ),
    "provider_unavailable": Refusal(
        503, "The sign-in service does not answer", "Nothing is wrong with your account. Try again in a moment."
    ),
    "misconfigured": Refusal(
        503, "Signing in is not set up properly", "Whoever runs this portal has to look at its settings for Auth0."
    ),
    "too_many_tries": Refusal(429, "Too many wrong passwords", "For a while, none is taken for this name from your address."),
    "form_expired": Refusal(
        403, "This form has expired", "Nothing was sent. Go back, load the page again, and send it once more."
    ),
}

# Which of them an error of social-auth is, the first that fits. Its own words, and Auth0's, are shown to nobody.
_BY_CODE: Final = {
    "authorization_code_rejected": "stale",
    "nonce_mismatch": "stale",
    "response_expired": "stale",
    "malformed_response": "provider_unavailable",
    "invalid_setting": "misconfigured",
}
_BY_KIND: Final[tuple[tuple[type[SocialAuthBaseException], str], ...]] = (
    (AuthInputError, "stale"),
    (AuthSessionError, "stale"),
    (AuthCanceled, "denied"),
    (AuthProviderError, "provider_unavailable"),
    (AuthConfigurationError, "misconfigured"),
    (AuthResponseError, "unproven"),
)


def reason_of(error: SocialAuthBaseException) -> str:
    """Return which refusal an error comes to."""
    if isinstance(error, AuthCanceled) and error.stage != "callback":
        # Auth0 answers so to a wrong client secret.
        return "misconfigured"
    if error.code in REFUSALS:
        return error.code
    by_kind = (reason for kind, reason in _BY_KIND if isinstance(error, kind))
    return _BY_CODE.get(error.code) or next(by_kind, "unproven")


def refuse(request: HttpRequest, reason: str, *, retry_after: int | None = None) -> HttpResponse:
    """Answer with the page of a refusal; `retry_after` in seconds."""
    refusal = REFUSALS[reason]
    wait = retry_after or (RETRY_AFTER_SECONDS if refusal.status == 503 else None)
    context = {
        "refusal": refusal,
        "minutes": -(-retry_after // 60) if retry_after else None,
        "other_account": sign_out_address() if refusal.other_account else "",
    }
    response = render(request, "accounts/refused.html", context, status=refusal.status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    add_never_cache_headers(response)
    return response


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without its proof (Django's CSRF_FAILURE_VIEW)."""
    return refuse(request, "form_expired")
