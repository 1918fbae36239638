"""What each address of the stand-in does."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_plus

from demo.auth0.authorization import SCOPES, AuthorizationRequest, callback_address
from demo.auth0.errors import CallbackError, OAuthError, PageError
from demo.auth0.keys import KeyRing
from demo.auth0.memory import Grant, Memory, Session
from demo.auth0.messages import BROWSER_COOKIE, SESSION_COOKIE, Answer, Request
from demo.auth0.pages import Pages
from demo.auth0.people import Person, person_with_email, person_with_subject
from demo.auth0.settings import Settings
from demo.auth0.tokens import Tokens

Endpoint = Callable[[Request], Answer]
JWKS_PATH: Final = "/.well-known/jwks.json"


class Endpoints:
    """The addresses of one tenant."""

    def __init__(self, base_url: str, settings: Settings, keys: KeyRing, memory: Memory, tokens: Tokens) -> None:
        self._base_url = base_url
        self._settings = settings
        self._keys = keys
        self._memory = memory
        self._tokens = tokens
        self._pages = Pages(settings)
        self.routes: dict[str, dict[str, Endpoint]] = {
            "/.well-known/openid-configuration": {"GET": self.discovery},
            JWKS_PATH: {"GET": self.jwks},
            "/authorize": {"GET": self.authorize},
            "/u/login": {"POST": self.sign_in},
            "/oauth/token": {"POST": self.token},
            "/userinfo": {"GET": self.userinfo, "POST": self.userinfo},
            "/v2/logout": {"GET": self.logout},
            "/-/rotate": {"POST": self.rotate},
        }

    def answer(self, request: Request) -> Answer:
        """Answer a request; every refusal is an answer too."""
        methods = self.routes.get(request.path)
        try:
            if methods is None:
                raise PageError("Not found", "The stand-in for Auth0 has no such address.", status=404)
            if request.method not in methods:
                return Answer.json({"error": "method_not_allowed"}, 405, [("Allow", ", ".join(methods))])
            return methods[request.method](request)
        except OAuthError as error:
            challenge = [("WWW-Authenticate", 'Basic realm="oauth"')] if error.status == 401 else []
            return Answer.json({"error": error.error, "error_description": error.description}, error.status, challenge)
        except CallbackError as error:
            address = callback_address(error.redirect_uri, error.state, error=error.error, error_description=error.description)
            return Answer.redirect(address)
        except PageError as error:
            return self._pages.error(error)

    # -- what anybody may read -----------------------------------------------------------------------------------------

    def discovery(self, request: Request) -> Answer:
        """Describe the tenant, as OpenID Connect Discovery wants it."""
        base = self._base_url
        return Answer.json(
            {
                "issuer": self._tokens.issuer,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "userinfo_endpoint": self._tokens.userinfo_url,
                "jwks_uri": f"{base}{JWKS_PATH}",
                "scopes_supported": list(SCOPES),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "claims_supported": [
                    "aud", "email", "email_verified", "exp", "iat", "iss", "name", "nickname", "sid", "sub",
                ],
                "request_uri_parameter_supported": False,
                "request_parameter_supported": False,
            }
        )  # fmt: skip

    def jwks(self, request: Request) -> Answer:
        """Publish the keys that tokens are verified with."""
        return Answer.json(self._keys.jwks())

    # -- signing in and out --------------------------------------------------------------------------------------------

    def authorize(self, request: Request) -> Answer:
        """Send a signed-in person back with a code, ask anybody else who they are."""
        wanted = AuthorizationRequest.parse(request.query_parameters(), self._settings)
        session = self._session(request)
        if session and not wanted.prompt & {"login", "select_account"}:
            return self._back_with_code(wanted, session)
        if "none" in wanted.prompt:
            raise wanted.refused("login_required", "Login required")
        return self._form(request, wanted)

    def _form(self, request: Request, wanted: AuthorizationRequest, problem: str = "") -> Answer:
        """Show the form, which only this browser can send, and only once."""
        browser = request.cookie(BROWSER_COOKIE) or secrets.token_urlsafe(24)
        token = self._memory.open_form(wanted, browser)
        return self._pages.sign_in(wanted, token, problem).with_cookie(BROWSER_COOKIE, browser)

    def sign_in(self, request: Request) -> Answer:
        """Take the form: one of the people by a button, or an e-mail address and the password."""
        try:
            sent = request.parameters()
        except OAuthError as error:
            raise PageError("Invalid request", error.description) from None
        wanted = self._memory.take_form(sent.get("form_token", ""), request.cookie(BROWSER_COOKIE))
        if wanted is None:
            raise PageError(
                "This form is used up",
                "It was sent already, is too old, or came from another browser. Start again.",
                status=403,
            )
        person = self._person(sent)
        if person is None:
            return self._form(request, replace(wanted, login_hint=sent.get("email", "")), "Wrong email or password.")
        self._memory.close_session(request.cookie(SESSION_COOKIE))
        session, cookie = self._memory.open_session(person.subject)
        return self._back_with_code(wanted, session).with_cookie(SESSION_COOKIE, cookie)

    def _person(self, sent: dict[str, str]) -> Person | None:
        if "person" in sent:
            return person_with_subject(self._settings.people, sent["person"])
        right = hmac.compare_digest(sent.get("password", "").encode(), self._settings.password.encode())
        return person_with_email(self._settings.people, sent.get("email", "")) if right else None

    def _session(self, request: Request) -> Session | None:
        session = self._memory.session(request.cookie(SESSION_COOKIE))
        return session if session and person_with_subject(self._settings.people, session.subject) else None

    def _back_with_code(self, wanted: AuthorizationRequest, session: Session) -> Answer:
        return Answer.redirect(wanted.answer(self._memory.issue_code(wanted, session)))

    def logout(self, request: Request) -> Answer:
        """End this browser's session here and go where the application registered, nowhere else."""
        self._memory.close_session(request.cookie(SESSION_COOKIE))
        return self._after_logout(request).with_cookie(SESSION_COOKIE, "")

    def _after_logout(self, request: Request) -> Answer:
        query = request.query_parameters()
        if "client_id" not in query and "returnTo" not in query:
            return Answer(200, b"OK", [("Content-Type", "text/plain; charset=utf-8")])
        if query.get("client_id") not in self._settings.clients:
            return self._pages.error(PageError("Unknown application", "You are signed out. No application has this client_id."))
        # Without returnTo Auth0 goes to the first of the list.
        allowed = list(self._settings.logout_urls)
        target = query.get("returnTo", allowed[0] if allowed else "")
        if target not in allowed:
            detail = "You are signed out. The returnTo address is not in the list of allowed logout URLs."
            return self._pages.error(PageError("Logout URL mismatch", detail))
        return Answer.redirect(target)

    # -- tokens --------------------------------------------------------------------------------------------------------

    def token(self, request: Request) -> Answer:
        """Swap a code or a refresh token for tokens."""
        sent = request.parameters()
        client_id = self._client(request, sent)
        kinds = {"authorization_code": self._by_code, "refresh_token": self._by_refresh_token}
        grant_type = sent.get("grant_type", "")
        if grant_type not in kinds:
            raise OAuthError("unsupported_grant_type", f"Unsupported grant type: {grant_type or 'undefined'}")
        return Answer.json(kinds[grant_type](sent, client_id), headers=[("Pragma", "no-cache")])

    def _by_code(self, sent: dict[str, str], client_id: str) -> dict[str, Any]:
        code, redirect_uri, verifier = _wanted(sent, "code", "redirect_uri", "code_verifier")
        grant, nonce = self._memory.redeem(code, client_id, redirect_uri, verifier)
        refresh_token = self._memory.add_refresh_token(grant) if "offline_access" in grant.scope else None
        return self._tokens.token_set(grant, self._person_of(grant), nonce, refresh_token)

    def _by_refresh_token(self, sent: dict[str, str], client_id: str) -> dict[str, Any]:
        (token,) = _wanted(sent, "refresh_token")
        grant, next_token = self._memory.renew(token, client_id)
        # No nonce: this ID token answers no authorization request. Source: OpenID Connect Core, 12.2.
        return self._tokens.token_set(grant, self._person_of(grant), None, next_token)

    def _person_of(self, grant: Grant) -> Person:
        person = person_with_subject(self._settings.people, grant.subject)
        if person is None:
            raise OAuthError("invalid_grant", "The token was generated for a user who doesn't exist anymore.")
        return person

    def _client(self, request: Request, sent: dict[str, str]) -> str:
        """Return which application asks, once it has proved it. Raises OAuthError."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        client_id, secret = sent.get("client_id", ""), sent.get("client_secret", "")
        if scheme.lower() == "basic":
            named, _, proof = _decoded(encoded).partition(":")
            named, proof = unquote_plus(named), unquote_plus(proof)
            if secret or client_id not in ("", named):
                raise OAuthError("invalid_request", "An application proves itself in one way, not in two")
            client_id, secret = named, proof
        known = self._settings.clients.get(client_id, "")
        if not hmac.compare_digest(known.encode(), secret.encode()) or not known:
            raise OAuthError("access_denied", "Unauthorized")
        return client_id

    def userinfo(self, request: Request) -> Answer:
        """Tell who the person is for whom an access token was given."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        profile = self._tokens.userinfo(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
        if profile is None:
            challenge = ("WWW-Authenticate", 'Bearer error="invalid_token"')
            return Answer.json({"error": "invalid_token", "error_description": "Unauthorized"}, 401, [challenge])
        return Answer.json(profile)

    # -- the demo's own ------------------------------------------------------------------------------------------------

    def rotate(self, request: Request) -> Answer:
        """Make a new signing key; refused to pages, which always say where they come from."""
        if "origin" in request.headers:
            raise PageError("Not for browsers", "Only a program on this machine rotates the keys.", status=403)
        return Answer.json({"kid": self._keys.rotate().kid})


def _wanted(sent: dict[str, str], *names: str) -> list[str]:
    missing = [name for name in names if not sent.get(name)]
    if missing:
        raise OAuthError("invalid_request", f"Missing required parameter: {missing[0]}")
    return [sent[name] for name in names]


def _decoded(encoded: str) -> str:
    """Return what Basic credentials say, "" where they are damaged."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
