"""Settings from the environment: a wrong or missing value is one line that names the variable."""

import os
import re
import subprocess
import sys

import environ
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.environment import Environment, NumberRange

SOUND = {
    "PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "SECRET_KEY": "s" * 40, "API_KEY_PEPPER": "p" * 40, "CREDENTIALS_KEY": "c" * 40,
    "FREESWITCH_HTTP_PASSWORD": "f" * 20,
}  # fmt: skip


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in (SOUND | variables).items() if value != "-"}
    code = "from portal import settings; print(settings.DATABASES['default']['ENGINE'], settings.AUTH0_JWKS_URL)"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False
    )


def reader(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Environment:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Environment(environ.Env())


AUTH0 = {
    "AUTH0_DOMAIN": "tenant.eu.auth0.com", "AUTH0_CLIENT_ID": "client", "AUTH0_CLIENT_SECRET": "client-secret-canary",
    "AUTH0_AUDIENCE": "https://api.example.com",
}  # fmt: skip


def test_a_sound_environment_starts() -> None:
    done = start(**AUTH0, CORS_ALLOWED_ORIGINS="https://app.example.com,http://localhost:3000")
    assert (done.returncode, done.stdout) == (
        0,
        "django.db.backends.sqlite3 https://tenant.eu.auth0.com/.well-known/jwks.json\n",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "-"),
        ("API_KEY_PEPPER", "short"),
        ("PORT", "http"),
        ("DATABASE_URL", "mysql://x/y"),
        ("CACHE_URL", "locmemcache://"),
        ("API_RATE_PER_MINUTE", "0"),
        ("AUTH0_BASE_URL", "http://auth0.example"),
        ("AUTH0_DOMAIN", "https://tenant.eu.auth0.com"),
        ("CORS_ALLOWED_ORIGINS", "*"),
    ],
)
def test_a_wrong_value_ends_the_start_with_one_line_that_names_it(name: str, value: str) -> None:
    done = start(**{name: value})
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert name in last
    assert SOUND["API_KEY_PEPPER"] not in done.stderr


@pytest.mark.parametrize("missing", AUTH0)
def test_auth0_is_configured_whole_or_not_at_all(missing: str) -> None:
    done = start(**{name: value for name, value in AUTH0.items() if name != missing})
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {missing} must be set where AUTH0_")
    assert "canary" not in done.stderr


def test_a_base_url_stands_in_for_the_domain() -> None:
    base = {name: value for name, value in AUTH0.items() if name != "AUTH0_DOMAIN"} | {
        "AUTH0_BASE_URL": "http://127.0.0.1:4400/"
    }
    assert start(**base).stdout.split()[1] == "http://127.0.0.1:4400/.well-known/jwks.json"


def test_an_id_token_must_not_pass_for_an_access_token() -> None:
    done = start(**AUTH0 | {"AUTH0_AUDIENCE": AUTH0["AUTH0_CLIENT_ID"]})
    assert done.returncode != 0
    assert "AUTH0_AUDIENCE must be the identifier of the API" in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "app.example.com", "https://", "https://app.example.com/", "https://app.example.com/path", "ftp://app.example.com",
        "https://*.example.com", "https://APP.example.com", "https://user@app.example.com", "https://app.example.com:443",
        "http://app.example.com:80", "https://app.example.com:", "https://app.example.com?x", "https://app.example.com#x",
        "file://", "https://app example.com",
    ],
)  # fmt: skip
def test_origins_are_spelt_as_browsers_do(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^X must hold origins"):
        reader(monkeypatch, X=f"https://good.example,{origin}").origins("X")


def test_good_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    good = [
        "https://app.example.com",
        "http://localhost:3000",
        "https://app.example.com:8443",
        "http://[::1]:5173",
        "http://10.0.0.1",
    ]
    assert reader(monkeypatch, X=" , ".join(good)).origins("X") == good
    assert reader(monkeypatch).origins("UNSET") == []


def test_values(monkeypatch: pytest.MonkeyPatch) -> None:
    env = reader(
        monkeypatch, A=" on ", B="0", N="7", L="a, ,b", C="10.0.0.0/8,::1", U="https://x.example/", R="1000-1999", M="US"
    )
    assert (env.boolean("A", default=False), env.boolean("B", default=True), env.boolean("UNSET", default=True)) == (
        True,
        False,
        True,
    )
    assert (env.integer("N", 1, least=0, most=9), env.items("L"), env.number_range("R", "")) == (
        7,
        ["a", "b"],
        NumberRange(1000, 1999),
    )
    assert [str(network) for network in env.networks("C")] == ["10.0.0.0/8", "::1/128"]
    assert (env.url("U", "", schemes=("https",)), env.matching("M", "", r"[A-Z]{2}", "")) == ("https://x.example", "US")
    assert (env.secure_url("UNSET", ""), env.optional_secret("UNSET", least=32)) == ("", "")
    assert env.secure_url("UNSET", "http://127.0.0.1:4400/") == "http://127.0.0.1:4400/"


WRONG = {
    "boolean": lambda env: env.boolean("X", default=False),
    "integer": lambda env: env.integer("X", 1, least=1, most=9),
    "networks": lambda env: env.networks("X"),
    "secret": lambda env: env.secret("X", None, least=99),
    "optional secret": lambda env: env.optional_secret("X", least=99),
    "url": lambda env: env.url("X", "", schemes=("https",)),
    "secure url": lambda env: env.secure_url("X", ""),
    "matching": lambda env: env.matching("X", "", r"[A-Z]{2}", "two letters"),
    "range": lambda env: env.number_range("X", ""),
    "cache": lambda env: env.cache("X", ""),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("value", ["nonsense", "http://elsewhere.example", "12-1", "99-10", "0100-0999", "٣"])
def test_wrong_values_name_the_variable(monkeypatch: pytest.MonkeyPatch, kind: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^X "):
        WRONG[kind](reader(monkeypatch, X=value))


def test_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    env = reader(monkeypatch, BLANK="", OTHER="dbcache://other?max_entries=5", REDIS="rediscache://cache.example:6379/1")
    ours = {"BACKEND": "web.cache.DatabaseCache", "LOCATION": "t", "OPTIONS": {"MAX_ENTRIES": 10_000}}
    assert env.cache("BLANK", "dbcache://t") == env.cache("UNSET", "dbcache://t") == ours
    assert env.cache("OTHER", "") == ours | {"LOCATION": "other", "OPTIONS": {"MAX_ENTRIES": 5}}
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://cache.example:6379/1"}
    assert env.cache("REDIS", "") == redis


def test_a_missing_secret_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="UNSET is not set"):
        reader(monkeypatch).secret("UNSET", None, least=32)


def test_every_variable_is_described() -> None:
    described = (settings.BASE_DIR / ".env.example").read_text()
    source = (settings.BASE_DIR / "portal" / "settings.py").read_text()
    names = set(re.findall(r'(?:env|_env)\.\w+\(\s*"([A-Z0-9_]+)"', source))
    assert len(names) > 30
    assert not [name for name in names if f"{name}=" not in described]


def test_forms_may_lead_to_auth0_and_nowhere_else() -> None:
    """Browsers hold the redirect of a form's answer to `form-action`, too: without Auth0's origin the button does nothing."""

    def form_action(**variables: str) -> str:
        code = "from portal import settings; print(*settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env=SOUND | variables,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    auth0 = {"AUTH0_CLIENT_ID": "client", "AUTH0_CLIENT_SECRET": "secret", "AUTH0_AUDIENCE": "https://api.example"}
    assert form_action() == "'self'"
    tenant = form_action(AUTH0_DOMAIN="tenant.eu.auth0.com", PUBLIC_URL="https://portal.example.com", **auth0)
    assert tenant == "'self' https://portal.example.com https://tenant.eu.auth0.com"
    stand_in = form_action(AUTH0_BASE_URL="http://127.0.0.1:4000/", PORT="8123", **auth0)
    assert stand_in == "'self' http://127.0.0.1:8123 http://127.0.0.1:4000"


CODES = (("PAUSE", "*7"), ("RESUME", "*8"))


@pytest.mark.parametrize(
    ("given", "codes"),
    [({}, ("*7", "*8")), ({"PAUSE": "#1"}, ("#1", "*8")), ({"RESUME": "off"}, None), ({"PAUSE": "off", "RESUME": "off"}, None)],
)
def test_codes_to_be_pressed(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], codes: tuple[str, str] | None) -> None:
    assert reader(monkeypatch, **given).codes(*CODES) == codes


@pytest.mark.parametrize("wrong", ["7", "*", "*1234", "**", "*7,x", "*\u0667", "*8", "*81"])
def test_codes_that_are_none_or_are_confused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PAUSE"):
        reader(monkeypatch, PAUSE=wrong).codes(*CODES)
