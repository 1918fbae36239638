"""What the stand-in remembers: forms, codes, sessions and grants, and what of them was used already.

Everything that may be used once is taken under one lock. Tokens are remembered by their digests only.
"""

import hashlib
import hmac
import re
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from demo.auth0.authorization import AuthorizationRequest
from demo.auth0.errors import OAuthError
from demo.auth0.state import StateFile

FORM_SECONDS: Final = 600
CODE_SECONDS: Final = 60
# A code that is used again after it expired still gives away that it leaked.
CODE_REMEMBERED_SECONDS: Final = 3600
SESSION_SECONDS: Final = 3 * 24 * 3600
REFRESH_SECONDS: Final = 30 * 24 * 3600
# Source: RFC 7636, 4.1.
VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge that belongs to a verifier."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Session:
    """A browser in which somebody is signed in."""

    sid: str
    subject: str
    expires_at: float


@dataclass
class Grant:
    """What one sign-in gave to an application: every token that came of it, the live refresh token last."""

    id: str
    client_id: str
    subject: str
    sid: str
    scope: list[str]
    audience: str | None
    expires_at: float
    refresh_tokens: list[str] = field(default_factory=list)
    # Digest, and until when it is good.
    access_tokens: dict[str, float] = field(default_factory=dict)
    revoked: bool = False


@dataclass
class _Form:
    request: AuthorizationRequest
    browser: str
    expires_at: float


@dataclass
class _Code:
    request: AuthorizationRequest
    session: Session
    expires_at: float
    spent: bool = False
    grant_id: str = ""


def _restored(kept: dict[str, Any]) -> tuple[dict[str, Session], dict[str, Grant]]:
    sessions = {name: Session(**each) for name, each in kept.get("sessions", {}).items()}
    return sessions, {name: Grant(**each) for name, each in kept.get("grants", {}).items()}


class Memory:
    """The stand-in's memory; sessions and grants outlive a restart where there is a folder."""

    def __init__(self, clock: Callable[[], float], folder: Path | None = None) -> None:
        self._now = clock
        self._lock = threading.RLock()
        self._file = StateFile(folder, "grants.json")
        self._forms: dict[str, _Form] = {}
        self._codes: dict[str, _Code] = {}
        self._sessions, self._grants = self._file.read(_restored)

    # -- the form that is being filled in ------------------------------------------------------------------------------

    def open_form(self, request: AuthorizationRequest, browser: str) -> str:
        """Return the token of a form that this browser may send once."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._forget_what_expired()
            self._forms[digest(token)] = _Form(request, digest(browser), self._now() + FORM_SECONDS)
        return token

    def take_form(self, token: str, browser: str) -> AuthorizationRequest | None:
        """Return the request that a form was made for, to the browser that it was made for, once."""
        with self._lock:
            form = self._forms.get(digest(token))
            if form is None or form.expires_at <= self._now() or form.browser != digest(browser):
                return None
            del self._forms[digest(token)]
            return form.request

    # -- the browser that is signed in ---------------------------------------------------------------------------------

    def open_session(self, subject: str) -> tuple[Session, str]:
        """Sign a person in; return the session and its cookie."""
        cookie = secrets.token_urlsafe(32)
        session = Session(secrets.token_urlsafe(24), subject, self._now() + SESSION_SECONDS)
        with self._lock:
            self._sessions[digest(cookie)] = session
            self._save()
        return session, cookie

    def session(self, cookie: str) -> Session | None:
        """Return the session of a cookie while it lasts."""
        with self._lock:
            session = self._sessions.get(digest(cookie))
        return session if session and session.expires_at > self._now() else None

    def close_session(self, cookie: str) -> None:
        """End the session of a cookie."""
        with self._lock:
            if self._sessions.pop(digest(cookie), None):
                self._save()

    # -- the code and what it gives ------------------------------------------------------------------------------------

    def issue_code(self, request: AuthorizationRequest, session: Session) -> str:
        """Return a code that this request's application may swap once, within a minute."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_what_expired()
            self._codes[digest(code)] = _Code(request, session, self._now() + CODE_SECONDS)
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> tuple[Grant, str | None]:
        """Swap a code; return the grant and the nonce. Raises OAuthError.

        A second use revokes what the first one gave. A wrong verifier spends the code: it is not for guessing at.
        """
        with self._lock:
            kept = self._codes.get(digest(code))
            # Another application's code is no code, and stays good for its owner.
            if kept is None or kept.request.client_id != client_id:
                raise OAuthError("invalid_grant", "Invalid authorization code")
            if kept.spent:
                self._revoke(kept.grant_id)
                raise OAuthError("invalid_grant", "Invalid authorization code")
            kept.spent = True
            if kept.expires_at <= self._now():
                raise OAuthError("invalid_grant", "Invalid authorization code")
            if kept.request.redirect_uri != redirect_uri:
                raise OAuthError("invalid_grant", "The redirect URI is wrong")
            if not VERIFIER.fullmatch(verifier) or not hmac.compare_digest(challenge_of(verifier), kept.request.challenge):
                raise OAuthError("invalid_grant", "Failed to verify code verifier")
            grant = self._open_grant(kept)
            kept.grant_id = grant.id
            return grant, kept.request.nonce

    def _open_grant(self, code: _Code) -> Grant:
        grant = Grant(
            id=secrets.token_urlsafe(12),
            client_id=code.request.client_id,
            subject=code.session.subject,
            sid=code.session.sid,
            scope=list(code.request.scope),
            audience=code.request.audience,
            expires_at=self._now() + REFRESH_SECONDS,
        )
        self._grants[grant.id] = grant
        self._save()
        return grant

    # -- tokens --------------------------------------------------------------------------------------------------------

    def add_refresh_token(self, grant: Grant) -> str:
        """Return the grant's next refresh token; the one before is thereby used."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            grant.refresh_tokens.append(digest(token))
            self._save()
        return token

    def add_access_token(self, grant: Grant, token: str, expires_at: float) -> None:
        """Remember that this token came of the grant, so that it ends with it."""
        now = self._now()
        with self._lock:
            grant.access_tokens = {name: until for name, until in grant.access_tokens.items() if until > now}
            grant.access_tokens[digest(token)] = expires_at
            self._save()

    def renew(self, token: str, client_id: str) -> tuple[Grant, str]:
        """Swap a refresh token; return its grant and the next one. Raises OAuthError.

        One that was used already has been copied by somebody: its whole family is revoked.
        """
        with self._lock:
            name = digest(token)
            grant = next((each for each in self._grants.values() if name in each.refresh_tokens), None)
            if grant is None or grant.client_id != client_id:
                raise OAuthError("invalid_grant", "Unknown or invalid refresh token.")
            if grant.refresh_tokens[-1] != name:
                self._revoke(grant.id)
            if grant.revoked or grant.expires_at <= self._now():
                raise OAuthError("invalid_grant", "Unknown or invalid refresh token.")
            return grant, self.add_refresh_token(grant)

    def grant_of(self, access_token: str) -> tuple[Grant, bool] | None:
        """Return the grant that an access token came of, and whether the token is still good."""
        name, now = digest(access_token), self._now()
        with self._lock:
            grant = next((each for each in self._grants.values() if name in each.access_tokens), None)
            return (grant, not grant.revoked and grant.access_tokens[name] > now) if grant else None

    def _revoke(self, grant_id: str) -> None:
        if grant_id in self._grants:
            self._grants[grant_id].revoked = True
            self._save()

    # -- forgetting and keeping ----------------------------------------------------------------------------------------

    def _forget_what_expired(self) -> None:
        now = self._now()
        self._forms = {name: each for name, each in self._forms.items() if each.expires_at > now}
        self._codes = {name: each for name, each in self._codes.items() if each.expires_at + CODE_REMEMBERED_SECONDS > now}
        self._sessions = {name: each for name, each in self._sessions.items() if each.expires_at > now}
        self._grants = {name: each for name, each in self._grants.items() if each.expires_at > now}

    def _save(self) -> None:
        self._file.write(
            {
                "sessions": {name: asdict(each) for name, each in self._sessions.items()},
                "grants": {name: asdict(each) for name, each in self._grants.items()},
            }
        )
