"""Media types, addresses, logs: what every endpoint shares."""

import ipaddress
import logging
import sys
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from pythonjsonlogger.json import JsonFormatter

from accounts.models import ApiKey, AuditEntry, User
from web.addresses import client_address, in_networks
from web.request_context import RequestIdFilter, current_address, current_request_id, without_proofs

PATH = "/api/v2/call-recording"
MEDIA_MAGIC = "application/mediamagic.rest.v1+json"


@pytest.fixture
def key(db: None) -> dict[str, str]:
    return {"x-mediamagic-key": ApiKey.objects.issue(User.objects.by_subject("i", "s"), "test")[1]}


@pytest.mark.parametrize(
    ("accept", "status", "answered"),
    [
        (None, 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        ("application/*", 200, "application/json"),
        (MEDIA_MAGIC, 200, MEDIA_MAGIC),
        (f"text/html, {MEDIA_MAGIC};q=0.5", 200, MEDIA_MAGIC),
        ("application/json; charset=utf-8", 200, "application/json"),
        ("text/html", 406, "application/problem+json"),
        ("application/xml", 406, "application/problem+json"),
    ],
)
def test_the_answer_has_the_type_asked_for(
    client: Client, key: dict[str, str], accept: str | None, status: int, answered: str
) -> None:
    response = client.get(PATH, headers=key | ({"accept": accept} if accept else {}))
    assert (response.status_code, response["Content-Type"]) == (status, answered)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"name": ' + b"9" * 5000 + b"}", "of more than 4300 digits"),
        (b'{"name": NaN}', "NaN, Infinity"),
        (b'{"name": "\xff"}', "no text in UTF-8"),
        (b'{"name": "\\ud800"}', "no text in UTF-8"),
        (b'{"name": ', "line 1 column 10"),
    ],
)
def test_what_is_no_json_is_said_in_our_words(client: Client, key: dict[str, str], body: bytes, why: str) -> None:
    answer = client.post("/api/v2/tokens", body, content_type="application/json", headers=key).json()
    assert answer["code"] == "parse_error"
    assert why in answer["detail"]
    assert "sys." not in answer["detail"]
    assert "codec" not in answer["detail"]


def test_a_body_that_breaks_off_is_the_clients_fault(client: Client, key: dict[str, str]) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the connection was reset")

    environ = {"wsgi.input": Broken(), "CONTENT_LENGTH": "20", "CONTENT_TYPE": "application/json"}
    answer = client.generic("POST", "/api/v2/tokens", headers=key, **environ)
    assert (answer.status_code, answer.json()["code"]) == (400, "body_incomplete")
    assert ApiKey.objects.count() == 1


def test_a_body_of_unknown_length_is_not_taken_for_none(client: Client, key: dict[str, str]) -> None:
    def ask(body: bytes, **environ: Any) -> tuple[int, str]:
        answer = client.generic("POST", "/api/v2/tokens", headers=key, **{"wsgi.input": BytesIO(body)}, **environ)
        return answer.status_code, answer.json()["code"]

    body, ends = b'{"name": "by pieces"}', {"wsgi.input_terminated": True}
    assert ask(body, HTTP_TRANSFER_ENCODING="chunked") == (411, "length_required")
    # As over HTTP/2, where no header tells of it.
    assert ask(body, **ends) == (411, "length_required")
    assert ask(b"", **ends) == (400, "invalid_input")
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("query", ["a=1", "limit=1&limit=2", "cursor=" + "a" * 1001, "call_from=%00"])
def test_parameters_are_known_single_and_sane(client: Client, key: dict[str, str], query: str) -> None:
    response = client.get(f"{PATH}?{query}", headers=key)
    assert response.status_code == 400
    assert response.json()["code"] in ("unknown_parameter", "repeated_parameter", "malformed_parameter")


def test_answers_are_not_for_shared_caches(client: Client, key: dict[str, str]) -> None:
    assert "private" in client.get(PATH, headers=key)["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        (PATH, "GET, HEAD, OPTIONS"),
        ("/api/v2/assign-number", "GET, POST, DELETE, OPTIONS"),
        ("/api/v2/assign-number/sip-password", "POST, OPTIONS"),
    ],
)
def test_options_tells_the_verbs_and_nothing_else(client: Client, key: dict[str, str], path: str, allow: str) -> None:
    response = client.options(path, headers=key)
    assert (response.status_code, response.content, response["Allow"]) == (204, b"", allow)
    assert client.options(path).status_code == 401
    wrong_verb = client.patch(path, headers=key)
    assert (wrong_verb.status_code, wrong_verb["Allow"]) == (405, allow)


PROXIES = override_settings(TRUSTED_PROXIES=[ipaddress.ip_network("10.0.0.0/8")])


@PROXIES
@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "junk", "10.0.0.1"),
        ("10.0.0.1", "127.0.0.1, junk", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "127.0.0.1", ""),
    ],
)
def test_who_is_believed_about_addresses(peer: str, forwarded: str, client: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"x-forwarded-for": forwarded})
    assert client_address(request) == client


def test_networks() -> None:
    loopback = [ipaddress.ip_network("127.0.0.0/8")]
    assert in_networks("::ffff:127.0.0.1", loopback)
    assert not in_networks("8.8.8.8", loopback)
    assert not in_networks("junk", loopback)


def test_no_log_line_lets_its_reader_in() -> None:
    line = f"GET /freeswitch/recordings/u/1/{'a' * 64}.wav /x?signature=eyJ:b:c&limit=1"
    assert without_proofs(line) == "GET /freeswitch/recordings/u/1/[removed].wav /x?signature=[removed]&limit=1"
    record = logging.LogRecord("x", logging.INFO, "", 0, "path %s", (f"/{'b' * 64}",), None)
    record.request = object()
    assert RequestIdFilter().filter(record)
    assert record.getMessage() == "path /[removed]"
    assert not hasattr(record, "request")


TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v2/auth/callback?code=canary&state=canary&x=1",
        "code=canary&client_secret=canary&code_verifier=canary&refresh_token=canary",
        '{"access_token": "canary", "refresh_token":"canary","id_token" : "canary"}',
        "{'refresh_token': 'canary', 'state': 'canary'}",
        "Authorization: Bearer canary",
        "authorization: bearer canary",
        f"token {TOKEN} was refused",
        f"{TOKEN}.more.parts",
        "eyJhbGciOiJub25lIn0.canary.",
        "https://tenant.example/authorize?nonce=canary&state=canary",
    ],
)
def test_no_log_line_holds_a_token(line: str) -> None:
    cleaned = without_proofs(line)
    assert "canary" not in cleaned
    assert "[removed]" in cleaned
    assert TOKEN[-20:] not in cleaned


@pytest.mark.parametrize(
    "line", ["status code: 200", "its state: bridged", "call 3e926aae-0b03-11ed-a6cf-9dde3cd1ca46", "decode=x&estate=y"]
)
def test_what_is_no_proof_stays_in_the_log(line: str) -> None:
    assert without_proofs(line) == line


def test_nor_does_a_traceback() -> None:
    try:
        try:
            raise ValueError("refresh_token=canary")
        except ValueError as error:
            raise RuntimeError(TOKEN) from error
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    assert RequestIdFilter().filter(record)
    text = JsonFormatter().format(record)
    assert "RuntimeError: [removed]" in text
    assert "ValueError: refresh_token=[removed]" in text
    assert not [secret for secret in ("=canary", TOKEN) if secret in text]


def test_what_is_written_down_knows_the_request(client: Client, db: None) -> None:
    headers = {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}", "x-request-id": "req-7"}
    body = {"auth0_id": "auth0|anna", "name": "app"}
    path = "/api/v2/maintenance/keys"
    response = client.post(path, body, content_type="application/json", headers=headers, REMOTE_ADDR="198.51.100.7")
    assert response.status_code == 201
    entry = AuditEntry.objects.get()
    assert (entry.address, entry.request_id, entry.actor_label) == ("198.51.100.7", "req-7", "maintenance")
    # Outside of a request nothing of the last one is left.
    assert (current_address(), current_request_id()) == (None, "")
