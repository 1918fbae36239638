"""What the stand-in is told: where to serve, for which application, for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from demo.auth0.people import DEMO_PASSWORD, DEMO_PEOPLE, Person

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
ROLES_CLAIM = "https://mediamagic.dev/roles"
# The service's own document: a user token "expires after three days".
TOKEN_LIFETIME_SECONDS = 3 * 24 * 3600


class SettingError(Exception):
    """The stand-in will not start; the message names the setting and what it wants."""


@dataclass(frozen=True)
class Address:
    """Where the stand-in serves: plain http on this machine. Raises SettingError for any other host."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK_HOSTS:
            raise SettingError(f"The stand-in for Auth0 binds loopback only ({', '.join(LOOPBACK_HOSTS)}), not {self.host!r}")

    @property
    def netloc(self) -> str:
        """The host and port as they stand in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://{self.netloc}"

    @property
    def bind_host(self) -> str:
        """The numeric address to listen on."""
        return "127.0.0.1" if self.host == "localhost" else self.host


@dataclass(frozen=True)
class Settings:
    """The tenant: its applications, its APIs and its people."""

    clients: Mapping[str, str]
    callbacks: Sequence[str] = ()
    logout_urls: Sequence[str] = ()
    audiences: Sequence[str] = ()
    people: Sequence[Person] = DEMO_PEOPLE
    password: str = DEMO_PASSWORD
    roles_claim: str = ROLES_CLAIM
    token_lifetime: int = TOKEN_LIFETIME_SECONDS


def address_from(environment: Mapping[str, str], host: str | None = None, port: int | None = None) -> Address:
    """Return the address that AUTH0_BASE_URL names; what the command line says has to be the same. Raises SettingError.

    A portal that is meant for a real tenant never names a loopback address, so a stand-in cannot be left running beside it.
    """
    named = environment.get("AUTH0_BASE_URL", "").strip().rstrip("/")
    if not named:
        raise SettingError(
            "AUTH0_BASE_URL is not set: the stand-in for Auth0 starts only where AUTH0_BASE_URL is exactly the http loopback "
            "address that it is to serve, such as http://127.0.0.1:8010 (http://127.0.0.1:0 with --port 0: any free port)"
        )
    parts = _split(named)
    address = Address(host or parts.host, parts.port if port is None else port)
    if address.url != named:
        raise SettingError(
            f"AUTH0_BASE_URL must be exactly the http loopback address that the stand-in for Auth0 is to serve, "
            f"{address.url}, not {named!r}"
        )
    return address


def _split(named: str) -> Address:
    try:
        parts = urlsplit(named)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if port is None or host not in LOOPBACK_HOSTS:
        raise SettingError(
            f"AUTH0_BASE_URL must be exactly the http loopback address that the stand-in for Auth0 is to serve, "
            f"such as http://127.0.0.1:8010, not {named!r}"
        )
    return Address(host, port)


def settings_from(environment: Mapping[str, str], token_lifetime: int = TOKEN_LIFETIME_SECONDS) -> Settings:
    """Return the tenant that the portal's own variables describe. Raises SettingError."""
    public_url = environment.get("PUBLIC_URL", "").strip() or f"http://127.0.0.1:{environment.get('PORT', '').strip() or 8000}"
    if urlsplit(public_url).scheme not in ("http", "https"):
        raise SettingError(f"PUBLIC_URL must be a URL with http or https, not {public_url!r}")
    public_url = public_url.rstrip("/")
    audience = environment.get("AUTH0_AUDIENCE", "").strip()
    return Settings(
        clients={_required(environment, "AUTH0_CLIENT_ID"): _required(environment, "AUTH0_CLIENT_SECRET")},
        callbacks=(f"{public_url}/complete/auth0/", f"{public_url}/api/v2/auth/callback"),
        logout_urls=(f"{public_url}/login",),
        audiences=(audience,) if audience else (),
        roles_claim=environment.get("AUTH0_ROLES_CLAIM", "").strip() or ROLES_CLAIM,
        token_lifetime=token_lifetime,
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "").strip()
    if not text:
        raise SettingError(f"{name} is not set: the stand-in for Auth0 needs the one that the portal has")
    return text
