"""What is taken out of the log, and what stays in it."""

import logging

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from telephony.switch.esl_address import SwitchAddress
from web.proofs import path_without_proofs, proofs_of, without_proofs
from web.request_context import RequestContextMiddleware, RequestIdFilter

# Fixed: what tests are called must be the same in every process that collects them.
KEY = "c7c60de6-4f04-4c64-84d5-92ede83dd1f8"
LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "API_KEY_PEPPER", "CREDENTIALS_KEY", "MAINTENANCE_TOKEN", "FREESWITCH_HTTP_PASSWORD"]
)
def test_the_portals_own_secrets_are_known_by_their_text(name: str) -> None:
    assert without_proofs(f"storage({getattr(settings, name)!r}) failed") == "storage('[removed]') failed"


def test_each_of_several_keys_and_the_passwords_of_switch_and_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "database-canary")
    address = SwitchAddress("127.0.0.1", 8021, "esl-canary")
    with override_settings(CREDENTIALS_KEY="new-canary,old-canary", FREESWITCH_ESL=address):
        assert "canary" not in without_proofs("new-canary old-canary database-canary esl-canary")


def test_a_secret_too_short_to_tell_takes_no_words_out() -> None:
    with override_settings(FREESWITCH_ESL=SwitchAddress("127.0.0.1", 8021, "an")):
        assert without_proofs("an answer") == "an answer"


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v2/tokens/{KEY}", f"/{KEY}", f"/admin/{KEY}/", f"/static/{KEY}", f"/freeswitch/recordings/{KEY}",
        f"/freeswitch/recordings/{KEY}/1/nonsense.wav", f"/docs/{KEY}/page.md", "/x/AbCdEfGhIjKlMnOpQr",
    ],
)  # fmt: skip
def test_a_proof_in_a_path_is_not_logged(path: str) -> None:
    cleaned = path_without_proofs(path)
    assert KEY not in cleaned
    assert "AbCdEf" not in cleaned
    assert "[removed]" in cleaned


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api/v2/call-recording/1625/audio", "/api/v2/assign-number/sip-password", "/docs/freeswitch-service.md",
        "/static/vendor/tabler-core/tabler.min.0123456789ab.css", "/admin/telephony/quarantine/12/change/", "/wp-login.php",
    ],
)  # fmt: skip
def test_a_path_of_words_is(path: str) -> None:
    assert path_without_proofs(path) == path


def test_the_leg_of_an_upload_is_and_its_signature_is_not() -> None:
    path = f"/freeswitch/recordings/{LEG}/1795662935/{'a' * 64}.wav"
    assert path_without_proofs(path) == f"/freeswitch/recordings/{LEG}/1795662935/[removed].wav"


def test_what_a_request_brings_as_proof_is_not_logged_while_it_is_answered() -> None:
    session = "s" * 32
    request = RequestFactory().get(
        "/", headers={"x-mediamagic-key": KEY, "authorization": "Basic dXNlcjpwYXNzd29yZA==", "cookie": f"sessionid={session}"}
    )
    lines = []

    def view(_: object) -> HttpResponse:
        record = logging.LogRecord("x", logging.INFO, "", 0, "%s %s dXNlcjpwYXNzd29yZA==", (KEY, session), None)
        RequestIdFilter().filter(record)
        lines.append(record.getMessage())
        return HttpResponse()

    RequestContextMiddleware(view)(request)
    assert lines == ["[removed] [removed] [removed]"]
    record = logging.LogRecord("x", logging.INFO, "", 0, KEY, (), None)
    RequestIdFilter().filter(record)
    assert record.getMessage() == KEY, "outside of the request nobody knows that this is a proof"


@pytest.mark.parametrize("forged", ["refused", "refused: not an allowed network", "/api/v2/maintenance/keys", "a b"])
def test_nobody_chooses_what_the_log_is_without(forged: str) -> None:
    request = RequestFactory().get("/", headers={"x-mediamagic-key": forged, "authorization": forged})
    assert forged not in proofs_of(request)


def test_nobody_else_writes_what_django_has_to_say() -> None:
    assert logging.getLogger("django").handlers == []
    assert logging.getLogger("django.request").propagate


@pytest.mark.django_db
def test_a_wrong_password_is_counted_and_what_came_with_it_is_not_kept() -> None:
    sent = {"username": "root", "password": "password-canary", "api_key": "field-canary", "next": "/keys/"}
    response = Client().post("/login?token=query-canary", sent)
    assert response.status_code == 200
    assert 'value="/keys/"' in response.content.decode()
    attempt = AccessAttempt.objects.get()
    assert (attempt.username, attempt.failures_since_start, attempt.get_data, attempt.post_data) == ("root", 1, "", "")
