"""The three ways in which the stand-in refuses: in JSON, on a page, or back to the application."""

from dataclasses import dataclass
from typing import Final

# Statuses are Auth0's, which are not always those of RFC 6749: a bad grant is a 403, bad client credentials are a 401
# `access_denied`. Source: https://auth0.com/docs/api/authentication (Standard error responses), and what tenants answer.
STATUS: Final = {
    "access_denied": 401,
    "invalid_grant": 403,
    "invalid_request": 400,
    "unsupported_grant_type": 501,
}


@dataclass(eq=False)
class OAuthError(Exception):
    """A refusal of the token endpoint, answered as JSON."""

    error: str
    description: str

    @property
    def status(self) -> int:
        """The HTTP status that goes with the error."""
        return STATUS[self.error]


@dataclass(eq=False)
class PageError(Exception):
    """A refusal that is shown here, because there is no address that may be trusted to show it."""

    title: str
    detail: str
    status: int = 400


@dataclass(eq=False)
class CallbackError(Exception):
    """A refusal of an authorization request that goes back to the application, whose address is known to be its own."""

    error: str
    description: str
    redirect_uri: str
    state: str | None
