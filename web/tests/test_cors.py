"""Which web apps of other origins may call the API, and that they may call nothing else."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("app")]

APP = "https://app.example.com"
PATH = "/api/v2/call-recording"


@pytest.fixture
def app():  # noqa: ANN201
    with override_settings(CORS_ALLOWED_ORIGINS=[APP, "http://localhost:3000"]):
        yield


def preflight(client: Client, path: str, origin: str, headers: str = "authorization") -> HttpResponse:
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": headers}
    return client.options(path, headers=asked)


def allowed(response: HttpResponse) -> set[str]:
    return {name.lower() for name in response.headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_an_origin_that_was_named(client: Client, origin: str) -> None:
    response = preflight(client, "/api/v2/tokens", origin)
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, origin)
    assert "POST" in response["Access-Control-Allow-Methods"]
    wanted = {"authorization", "x-mediamagic-key", "idempotency-key", "content-type", "x-request-id"}
    assert wanted <= set(response["Access-Control-Allow-Headers"].split(", "))
    answer = client.get(PATH, headers={"origin": origin})
    # Also a refusal: the app has to read why.
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, origin)
    exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
    assert {"Link", "X-Page-Size", "X-Request-ID", "Retry-After", "Idempotent-Replayed", "RateLimit-Limit"} <= exposed
    for each in (response, answer):
        assert "Access-Control-Allow-Credentials" not in each
        assert "origin" in each["Vary"].lower()
        assert each["X-Request-ID"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "null", "http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com", "https://sub.app.example.com", "https://APP.example.com", "file://", "*", "",
        "https://app.example.com@evil.example", "https://[",
    ],
)  # fmt: skip
def test_an_origin_that_was_not(client: Client, origin: str) -> None:
    assert not allowed(preflight(client, PATH, origin))
    assert not allowed(client.get(PATH, headers={"origin": origin}))


@pytest.mark.parametrize(
    "path", ["/", "/login", "/admin/", "/freeswitch/cdr", "/healthz", "/static/x", "/nothing", "/x/api/v2/tokens"]
)
def test_nothing_but_the_api(client: Client, path: str) -> None:
    assert not allowed(preflight(client, path, APP))
    assert not allowed(client.get(path, headers={"origin": APP}))


def test_by_default_nobody() -> None:
    assert settings.CORS_ALLOW_CREDENTIALS is False
    with override_settings(CORS_ALLOWED_ORIGINS=[]):
        assert not allowed(preflight(Client(), PATH, APP))
        assert not allowed(preflight(Client(), PATH, "null"))
