"""Read-only mode: nothing is written, what is there is served, and the switch is listened to."""

import base64
import io
import wave
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.authentication import MaintenanceAuthentication
from accounts.models import ApiKey, AuditEntry, Role, User
from telephony.models import Assignment, Domain, Extension, Leg, Number, Provider, Quarantine, Recording
from telephony.services.pool import assign_number
from telephony.services.recordings import upload_path
from telephony.tests.captures import posts_of
from web import read_only
from web.idempotency import IdempotentRequest
from web.parameters import ApiView

pytestmark = pytest.mark.django_db

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
OPERATOR = {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}


@pytest.fixture
def anna(db: None) -> User:
    user = User.objects.by_subject("https://auth0.invalid/", "auth0|anna")
    user.role = Role.ADMIN
    user.save()
    return user


@pytest.fixture
def key(anna: User) -> dict[str, str]:
    return {"x-mediamagic-key": ApiKey.objects.issue(anna, "test")[1]}


@pytest.fixture
def pool(db: None) -> Number:
    Domain.objects.get_or_create(name=settings.SIP_DOMAIN)
    return Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme"))


def rows() -> dict[str, list[Any]]:
    """Everything that must not change."""
    models = (User, ApiKey, AuditEntry, Assignment, Extension, Number, Provider, IdempotentRequest, Recording)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


NOBODYS = "00000000-0000-4000-8000-000000000000"


def api_views(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[str, type[ApiView]]]:
    """Yield every address of the API with its view, ids set to 1, uuids to one that is nobody's."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from api_views(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern) and issubclass(getattr(pattern.callback, "cls", type(None)), ApiView):
            parts = (
                NOBODYS if part.startswith("<uuid:") else "1" if part.startswith("<") else part for part in address.split("/")
            )
            yield "/".join(parts), pattern.callback.cls


ENDPOINTS = [(method, path, view) for path, view in api_views() for method in UNSAFE if hasattr(view, method.lower())]


def test_the_walk_finds_what_it_should() -> None:
    found = {(method, path) for method, path, _ in ENDPOINTS}
    assert found >= {
        ("POST", "/api/v2/assign-number"),
        ("DELETE", "/api/v2/assign-number"),
        ("POST", "/api/v2/assign-number/sip-password"),
        ("DELETE", "/api/v2/call-recording/1/audio"),
        ("POST", "/api/v2/maintenance/keys"),
        ("DELETE", "/api/v2/maintenance/keys/1"),
        ("POST", "/api/v2/maintenance/numbers"),
        ("PUT", "/api/v2/maintenance/read-only"),
    }


@pytest.mark.parametrize(("method", "path", "view"), ENDPOINTS, ids=[f"{method} {path}" for method, path, _ in ENDPOINTS])
def test_every_verb_that_writes_is_refused(
    client: Client, key: dict[str, str], method: str, path: str, view: type[ApiView]
) -> None:
    read_only.turn(on=True)
    before = rows()
    proof = OPERATOR if MaintenanceAuthentication in view.authentication_classes else key
    headers = proof | {"idempotency-key": "k"}
    response = client.generic(method, path, "{}", content_type="application/json", headers=headers)
    if not view.refuses_when_read_only:
        assert response.json().get("code") != "read_only"
        return
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert (response.json()["code"], response["Retry-After"]) == ("read_only", "60")
    assert "RateLimit-Remaining" in response
    assert rows() == before


def test_who_may_not_ask_at_all_hears_nothing_of_it(client: Client) -> None:
    read_only.turn(on=True)
    assert client.post("/api/v2/assign-number").status_code == 401
    assert client.post("/api/v2/maintenance/keys", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_verbs_that_do_not_exist_stay_a_405(client: Client, key: dict[str, str]) -> None:
    read_only.turn(on=True)
    assert client.put("/api/v2/assign-number", headers=key).status_code == 405
    assert client.post("/api/v2/call-recording", headers=key).status_code == 405


def test_an_assignment_is_served_and_none_is_made(client: Client, anna: User, key: dict[str, str], pool: Number) -> None:
    read_only.turn(on=True)
    before = rows()
    refused = client.get("/api/v2/assign-number", headers=key)
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "read_only", "60")
    assert rows() == before
    read_only.turn(on=False)
    assign_number(anna)
    read_only.turn(on=True)
    before = rows()
    served = client.get("/api/v2/assign-number", headers=key)
    assert (served.status_code, served.json()["phone_number"]) == (200, "17036879447")
    assert rows() == before, "not even when the key was used"


def test_reading_costs_no_query_for_it(client: Client, key: dict[str, str]) -> None:
    client.get("/api/v2/call-recording", headers=key)
    for path in ("/api/v2/call-recording", "/login", "/healthz"):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path, headers=key).status_code == 200
        assert not [query for query in queries if "readonlymode" in query["sql"]]


def test_it_ends_with_the_next_request(client: Client, key: dict[str, str], pool: Number) -> None:
    client.put("/api/v2/maintenance/read-only", {"enabled": True}, content_type="application/json", headers=OPERATOR)
    assert client.post("/api/v2/assign-number", headers=key).status_code == 503
    client.put("/api/v2/maintenance/read-only", {"enabled": False}, content_type="application/json", headers=OPERATOR)
    assert client.generic("POST", "/api/v2/assign-number", headers=key).status_code == 201


def test_the_switchs_records_and_recordings_are_taken_in(client: Client, switch_headers: dict[str, str], wav: bytes) -> None:
    read_only.turn(on=True)
    post = posts_of("local-answered")[0]
    answer = client.generic("POST", "/freeswitch/cdr", post.body, content_type=post.content_type, headers=switch_headers)
    assert (answer.status_code, Leg.objects.count()) == (200, 1)
    junk = client.generic("POST", "/freeswitch/cdr", b"junk", content_type="application/json", headers=switch_headers)
    assert (junk.status_code, Quarantine.objects.count()) == (202, 1)
    assert client.generic("PUT", upload_path("leg-1"), wav).status_code == 201
    assert Recording.objects.count() == 1


@pytest.fixture
def switch_headers() -> dict[str, str]:
    pair = f"{settings.FREESWITCH_HTTP_USER}:{settings.FREESWITCH_HTTP_PASSWORD}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.fixture
def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(b"\0\0" * 800)
    return file.getvalue()


# -- pages -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(client: Client) -> Client:
    User.objects.create_superuser("root", "correct horse battery")
    assert client.post("/login", {"username": "root", "password": "correct horse battery"}).status_code == 302
    return client


@pytest.mark.parametrize("path", ["/admin/telephony/provider/add/", "/admin/accounts/user/add/", "/admin/password_change/"])
def test_the_administration_shows_and_does_not_change(admin: Client, path: str) -> None:
    read_only.turn(on=True)
    before = rows()
    assert admin.get(path).status_code == 200
    response = admin.post(path, {"name": "Acme"})
    assert (response.status_code, response["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert response["Retry-After"] == "60"
    assert b"Read only for now" in response.content
    assert rows() == before


@pytest.mark.parametrize("logout", ["/logout", "/admin/logout/"])
def test_people_come_and_go(client: Client, admin: Client, logout: str) -> None:
    read_only.turn(on=True)
    assert client.post(logout).status_code == 302
    assert client.get("/").status_code == 302
    assert client.post("/login", {"username": "root", "password": "correct horse battery"}).status_code == 302
    assert client.get("/").status_code == 200


def test_a_page_that_acts_by_get_is_refused_as_a_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.contrib.auth.views.LoginView.get", lambda *_, **__: read_only.refuse())
    assert Client(raise_request_exception=False).get("/login").status_code == 500
    read_only.turn(on=True)
    response = client.get("/login")
    assert (response.status_code, response["Retry-After"]) == (503, "60")


def test_other_faults_are_not_dressed_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("django.contrib.auth.views.LoginView.get", broken)
    read_only.turn(on=True)
    assert Client(raise_request_exception=False).get("/login").status_code == 500


def test_a_plain_view_of_the_api_is_refused_as_a_problem(rf: Callable) -> None:
    request = rf.post("/api/v2/some-hook")
    request.resolver_match = get_resolver().resolve("/login")
    request.resolver_match.view_name = "some-hook"
    middleware = read_only.ReadOnlyMiddleware(lambda _: None)
    assert middleware.process_view(request, lambda _: None, (), {}) is None
    read_only.turn(on=True)
    response = middleware.process_view(request, lambda _: None, (), {})
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
