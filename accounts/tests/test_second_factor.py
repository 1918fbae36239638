"""The second factor of superusers: enrolled, asked for, lost, and turned off."""

import base64
import binascii
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from accounts.models import AuditEntry, RecoveryCode, Role, SecondFactor, User
from accounts.second_factor import check_code, confirm_enrolment, setup_of, start_enrolment

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


class App:
    """An authenticator app, told the key that the page shows."""

    def __init__(self, secret: str) -> None:
        self.key = base64.b32decode(secret.replace(" ", ""))

    def code(self, steps: int = 0) -> str:
        totp = TOTP(self.key)
        totp.time = time.time() + 30 * steps
        return f"{totp.token():06d}"

    def wrong_code(self) -> str:
        return next(code for code in (f"{n:06d}" for n in range(10)) if code not in {self.code(step) for step in (-1, 0, 1)})


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", PASSWORD)


@pytest.fixture
def signed_in(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


@pytest.fixture
def app(boss: User) -> App:
    """The app of somebody who has enrolled, a while ago."""
    start_enrolment(boss)
    setup = setup_of(boss)
    assert setup is not None
    app = App(setup.secret)
    assert confirm_enrolment(boss, app.code()) is not None
    SecondFactor.objects.update(last_step=-1)
    return app


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> HttpResponse:
    return client.post("/login", {"username": "boss", "password": password, **more})


def give(client: Client, code: str) -> HttpResponse:
    return client.post("/login/code", {"code": code})


def recovery_codes(response: HttpResponse) -> list[str]:
    return re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", response.content.decode())


def let_time_pass() -> None:
    """Let the wait after wrong codes be over."""
    SecondFactor.objects.update(throttling_failure_timestamp=F("throttling_failure_timestamp") - timedelta(hours=1))


# -- turned on -------------------------------------------------------------------------------------------------------------


def test_enrolling(signed_in: Client, boss: User) -> None:
    assert "Off</span>" in signed_in.get("/account/second-factor").content.decode()
    assert signed_in.post("/account/second-factor/start", {"password": PASSWORD})["Location"] == "/account/second-factor"
    page = signed_in.get("/account/second-factor")
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    app = App(re.search(r'id="secret">([A-Z2-7 ]+)<', text)[1])
    picture = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', text)[1]).decode()
    assert "<path" in picture
    assert not re.search(r"\s(style|on[a-z]+)=|<style|<script(?! src)", text + picture)
    assert sign_in(Client())["Location"] == "/", "nothing is asked for before it is confirmed"

    shown = signed_in.post("/account/second-factor/confirm", {"code": app.code()})
    codes = recovery_codes(shown)
    assert len(set(codes)) == 10
    assert "no-store" in shown["Cache-Control"]
    assert AuditEntry.objects.get(action="second_factor.enrolled").actor == boss
    later = signed_in.get("/account/second-factor").content.decode()
    assert "10 recovery codes left" in later
    assert not any(code in later for code in codes), "shown once"
    assert 'id="secret"' not in later
    assert sign_in(Client())["Location"] == "/login/code"


def test_a_wrong_code_turns_nothing_on(signed_in: Client, boss: User) -> None:
    signed_in.post("/account/second-factor/start", {"password": PASSWORD})
    app = App(setup_of(boss).secret)
    for code in (app.wrong_code(), "", "abcdef", "x" * 100):
        response = signed_in.post("/account/second-factor/confirm", {"code": code})
        assert "is not right" in response.content.decode()
        let_time_pass()
    assert not SecondFactor.objects.filter(confirmed=True).exists()
    assert not RecoveryCode.objects.exists()


def test_what_is_on_is_not_replaced(signed_in: Client, app: App) -> None:
    """Whoever has the session and the password still lacks the app."""
    before = SecondFactor.objects.values("encrypted_key", "confirmed").get()
    signed_in.post("/account/second-factor/start", {"password": PASSWORD})
    signed_in.post("/account/second-factor/confirm", {"code": app.code()})
    after = SecondFactor.objects.values("encrypted_key", "confirmed").get()
    assert (bytes(after["encrypted_key"]), after["confirmed"]) == (bytes(before["encrypted_key"]), True)
    assert "data:image" not in signed_in.get("/account/second-factor").content.decode()


@pytest.mark.parametrize("page", ["start", "codes", "remove"])
def test_each_change_wants_the_password(signed_in: Client, boss: User, app: App, page: str) -> None:
    if page == "start":
        SecondFactor.objects.all().delete()
    before = list(SecondFactor.objects.values_list("pk", "confirmed")), set(RecoveryCode.objects.values_list("digest"))
    for password in ("wrong", ""):
        response = signed_in.post(f"/account/second-factor/{page}", {"password": password})
        assert response.status_code == 200
        assert 'role="alert"' in response.content.decode()
    assert before == (
        list(SecondFactor.objects.values_list("pk", "confirmed")), set(RecoveryCode.objects.values_list("digest"))
    )  # fmt: skip
    for _ in range(5):
        response = signed_in.post(f"/account/second-factor/{page}", {"password": "wrong"})
    assert response.status_code == 429, "guesses count like those at the sign-in page"
    assert signed_in.post(f"/account/second-factor/{page}", {"password": PASSWORD}).status_code == 429
    AccessAttempt.objects.all().delete()
    assert signed_in.post(f"/account/second-factor/{page}", {"password": PASSWORD}).status_code in (200, 302)


# -- asked for -------------------------------------------------------------------------------------------------------------


def test_a_code_lets_in_to_the_page_first_asked_for(client: Client, boss: User, app: App) -> None:
    response = sign_in(client, next="/admin/")
    assert response["Location"] == "/login/code"
    assert client.get("/admin/").status_code == 302, "the password alone opens nothing"
    assert client.get("/").status_code == 302
    assert not AuditEntry.objects.filter(action="session.started").exists()
    page = client.get("/login/code")
    assert "One more step" in page.content.decode()
    waiting = client.cookies["sessionid"].value
    assert give(client, app.code())["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.cookies["sessionid"].value != waiting
    assert AuditEntry.objects.get(action="session.started").actor == boss
    assert client.get("/login/code")["Location"] == "/login", "nobody is awaited any more"


def test_a_code_is_taken_once(app: App) -> None:
    code = app.code()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client)
    assert give(first, code).status_code == 302
    assert "is not right" in give(second, code).content.decode()
    assert second.get("/").status_code == 302
    let_time_pass()
    assert give(second, app.code(1)).status_code == 302


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_may_be_off_by_half_a_minute(
    client: Client, boss: User, app: App, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    sign_in(client)
    assert give(client, app.code(steps)).status_code == 302


@pytest.mark.parametrize("steps", [-3, 3])
def test_and_not_by_more(client: Client, boss: User, app: App, steps: int) -> None:
    sign_in(client)
    assert "is not right" in give(client, app.code(steps)).content.decode()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abc def", "\N{ARABIC-INDIC DIGIT ONE}" * 6, "-12345", "x" * 1000])
def test_what_is_no_code(client: Client, app: App, code: str) -> None:
    sign_in(client)
    response = give(client, code)
    assert response.status_code == 200
    assert "is not right" in response.content.decode()
    assert client.get("/").status_code == 302


def test_wrong_codes_are_slowed_down(client: Client, boss: User, app: App) -> None:
    sign_in(client)
    assert give(client, app.wrong_code()).status_code == 200
    assert SecondFactor.objects.get().get_throttle_factor() == 1, "the first costs a second"
    for count, wait in ((5, 16), (6, 32), (10, 512)):
        SecondFactor.objects.update(throttling_failure_count=count, throttling_failure_timestamp=timezone.now())
        response = give(client, app.code())
        assert response.status_code == 429, "a right code is not looked at, either"
        assert wait - 10 < int(response["Retry-After"]) <= wait
    entries = AuditEntry.objects.filter(action="session.refused")
    assert [(entry.after, entry.actor) for entry in entries] == [({"reason": "wrong_code"}, boss)]
    let_time_pass()
    assert give(client, app.code()).status_code == 302
    assert SecondFactor.objects.get().throttling_failure_count == 0


def test_who_gave_no_password_is_asked_for_no_code(client: Client, app: App) -> None:
    assert client.get("/login/code")["Location"] == "/login"
    assert give(client, app.code())["Location"] == "/login"
    sign_in(client, "wrong")
    assert give(client, app.code())["Location"] == "/login"
    assert client.put("/login/code").status_code == 405
    assert client.get("/").status_code == 302


def test_the_password_is_good_for_five_minutes(client: Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(client)
    later = time.time() + 301
    monkeypatch.setattr("accounts.second_factor.time.time", lambda: later)
    assert give(client, app.code())["Location"] == "/login"


def test_whoever_was_deactivated_meanwhile_stays_out(client: Client, boss: User, app: App) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert give(client, app.code())["Location"] == "/login"
    assert "_auth_user_id" not in client.session


def test_the_code_without_its_csrf_token(app: App) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert give(strict, app.code()).status_code == 403


# -- recovery codes --------------------------------------------------------------------------------------------------------


def test_a_recovery_code_stands_in_once(signed_in: Client, boss: User, app: App) -> None:
    codes = recovery_codes(signed_in.post("/account/second-factor/codes", {"password": PASSWORD}))
    assert AuditEntry.objects.get(action="second_factor.codes_renewed").actor == boss
    client = Client()
    sign_in(client)
    assert give(client, f" {codes[3].upper().replace('-', ' ')} ").status_code == 302
    entry = AuditEntry.objects.get(action="second_factor.recovery_code_used")
    assert (entry.actor, entry.after) == (boss, {"left": 9})
    again = Client()
    sign_in(again)
    assert "is not right" in give(again, codes[3]).content.decode()
    assert again.get("/").status_code == 302


def test_new_recovery_codes_end_the_old(signed_in: Client, boss: User, app: App) -> None:
    old = recovery_codes(signed_in.post("/account/second-factor/codes", {"password": PASSWORD}))
    new = recovery_codes(signed_in.post("/account/second-factor/codes", {"password": PASSWORD}))
    assert not set(old) & set(new)
    assert not check_code(boss, old[0]).right
    let_time_pass()
    assert check_code(boss, new[0]).right


def test_no_codes_for_who_has_no_second_factor(signed_in: Client) -> None:
    assert recovery_codes(signed_in.post("/account/second-factor/codes", {"password": PASSWORD})) == []
    assert not RecoveryCode.objects.exists()


def test_anothers_recovery_code(boss: User, app: App, signed_in: Client) -> None:
    codes = recovery_codes(signed_in.post("/account/second-factor/codes", {"password": PASSWORD}))
    other = User.objects.create_superuser("other", PASSWORD)
    start_enrolment(other)
    assert confirm_enrolment(other, App(setup_of(other).secret).code())
    assert not check_code(other, codes[0]).right
    assert check_code(boss, codes[0]).right


# -- turned off ------------------------------------------------------------------------------------------------------------


def test_turning_it_off(signed_in: Client, boss: User, app: App) -> None:
    response = signed_in.post("/account/second-factor/remove", {"password": PASSWORD}, follow=True)
    assert "is off" in response.content.decode()
    assert not SecondFactor.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert AuditEntry.objects.get(action="second_factor.removed").actor == boss
    assert sign_in(Client())["Location"] == "/"
    signed_in.post("/account/second-factor/remove", {"password": PASSWORD})
    assert AuditEntry.objects.filter(action="second_factor.removed").count() == 1


def test_the_operator_turns_it_off_for_who_lost_everything(boss: User, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_PASSWORD", PASSWORD)
    call_command("makesuperuser", "boss")
    assert SecondFactor.objects.exists(), "not by the way"
    call_command("makesuperuser", "boss", "--without-second-factor")
    assert not SecondFactor.objects.exists()
    assert AuditEntry.objects.get(action="second_factor.removed").actor_label == "command line"


# -- who and how -----------------------------------------------------------------------------------------------------------

PAGES = ("start", "confirm", "codes", "remove")


@pytest.mark.parametrize("role", [Role.USER, Role.STAFF, Role.ADMIN])
def test_it_is_for_superusers(client: Client, role: str) -> None:
    client.force_login(User.objects.create_user("sam", PASSWORD, role=role))
    assert client.get("/account/second-factor").status_code == 403
    for page in PAGES:
        assert client.post(f"/account/second-factor/{page}", {"password": PASSWORD, "code": "1"}).status_code == 403
    assert "/account/second-factor" not in client.get("/").content.decode()
    assert not SecondFactor.objects.exists()


def test_anonymous_and_methods(client: Client, boss: User) -> None:
    assert client.get("/account/second-factor")["Location"] == "/login?next=/account/second-factor"
    for page in PAGES:
        assert client.post(f"/account/second-factor/{page}").status_code == 302
    client.force_login(boss)
    for page in PAGES:
        assert client.get(f"/account/second-factor/{page}").status_code == 405
    assert client.post("/account/second-factor").status_code == 405
    assert not SecondFactor.objects.exists()


def test_nothing_of_it_is_in_the_database_in_clear(signed_in: Client, boss: User, app: App) -> None:
    codes = recovery_codes(signed_in.post("/account/second-factor/codes", {"password": PASSWORD}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT encrypted_key FROM accounts_secondfactor")
        kept = bytes(cursor.fetchone()[0])
        cursor.execute("SELECT digest FROM accounts_recoverycode")
        digests = {row[0] for row in cursor.fetchall()}
    for clear in (app.key, binascii.hexlify(app.key), base64.b32encode(app.key), base64.b64encode(app.key)):
        assert clear not in kept
    assert not {code.replace("-", "") for code in codes} & digests
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    log = str(list(AuditEntry.objects.values()))
    assert not any(code in log for code in codes)


def test_a_key_that_cannot_be_read_any_more(client: Client, boss: User, app: App, settings: Any, caplog: Any) -> None:
    settings.CREDENTIALS_KEY = "another-credentials-key-0000000000000000"
    sign_in(client)
    assert "is not right" in give(client, app.code()).content.decode()
    assert "encrypted with another CREDENTIALS_KEY" in caplog.text
    assert client.get("/").status_code == 302
    settings.CREDENTIALS_KEY = "another-credentials-key-0000000000000000,test-credentials-key-canary-0000000000000000"
    let_time_pass()
    assert give(client, app.code()).status_code == 302
