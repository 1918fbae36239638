"""No secret is in any answer but the one that shows it, in any log line, or in the database."""

import base64
import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.provider import ask
from accounts.tests.auth0 import AUDIENCE, CALLBACK, PUBLIC_URL, bearer, trusting
from demo.auth0 import Auth0StandIn
from portal.environment import Environment
from portal.tests.secret_walk import RealLog, Walk
from telephony.models import Assignment, Call, CallLink, Domain, Extension, Gateway, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services.credentials import ha1_of
from telephony.services.recordings import listen_token, upload_path
from telephony.switch.commands import RecordingTarget
from telephony.switch.esl_address import SwitchAddress, parse_url
from telephony.tests.captures import DATA, posts_of
from telephony.tests.scripted_switch import GREETING, ScriptedSwitch, command_reply

pytestmark = pytest.mark.django_db

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
OF_SETTINGS = (
    "SECRET_KEY", "API_KEY_PEPPER", "CREDENTIALS_KEY", "MAINTENANCE_TOKEN", "FREESWITCH_HTTP_PASSWORD", "AUTH0_CLIENT_SECRET",
)  # fmt: skip
ESL_PASSWORD = "test-esl-password-canary"
KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def auth0_with_a_secret() -> Iterator[Auth0StandIn]:
    callbacks = [CALLBACK, f"{PUBLIC_URL}/complete/auth0/"]
    secret = "test-auth0-client-secret-canary"
    with Auth0StandIn(callbacks=callbacks, audiences=[AUDIENCE], client_secret=secret) as stand_in:
        yield stand_in


@pytest.fixture
def walk(auth0_with_a_secret: Auth0StandIn, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Walk]:
    """A walk that, when it is over, has left no secret anywhere."""
    settings.RECORDINGS_ROOT = tmp_path
    walk = Walk()
    with trusting(auth0_with_a_secret):
        settings.FREESWITCH_ESL = SwitchAddress(
            "127.0.0.1", closed_port(), walk.knows("the event socket's password", ESL_PASSWORD)
        )
        for name in OF_SETTINGS:
            walk.knows(name, getattr(django_settings, name))
        with RealLog(walk):
            yield walk
        assert list(walk.leaks()) == []
        records = "\n".join(f"{record.__dict__}" for record in caplog.records)
        assert [name for name, secret in walk.secrets.items() if secret in records] == []


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def key_header(key: str) -> dict[str, str]:
    return {"x-mediamagic-key": key}


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"switch:{password}".encode()).decode()}


@pytest.fixture
def anna(walk: Walk) -> User:
    """Somebody with a number, an extension, and a session."""
    anna = User.objects.create_user("anna", subject="auth0|anna", issuer=django_settings.AUTH0_ISSUER)
    domain = Domain.objects.get_or_create(name="pbx.example.com")[0]
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})
    number = Number.objects.create(
        number="17036879447", provider=Provider.objects.create(name="Acme"), state=HoldingState.ASSIGNED
    )
    extension = Extension.objects.create(domain=domain, number="1006", state=HoldingState.ASSIGNED)
    Assignment.objects.create(user=anna, extension=extension, number=number, starts_at="2020-01-01T00:00:00Z")
    return anna


@pytest.fixture
def key(walk: Walk, anna: User) -> dict[str, str]:
    """The header of a key that the operator issues to anna."""
    body, operator = {"auth0_id": "auth0|anna", "name": "report"}, bearer(django_settings.MAINTENANCE_TOKEN)
    answer = walk.ask("POST", "/api/v2/maintenance/keys", body, headers=operator, shows=("the operator's key",))
    return key_header(walk.knows("the operator's key", answer.json()["key"]))


# -- what opens something, at work -----------------------------------------------------------------------------------------


def test_keys(walk: Walk, anna: User, key: dict[str, str]) -> None:
    made = walk.ask("POST", "/api/v2/tokens", {"name": "a"}, headers=key, shows=("a key over the API",)).json()
    second = key_header(walk.knows("a key over the API", made["key"]))
    # What is asked for again under the same key is kept for a day, without what it showed.
    repeated = {"headers": key | {"idempotency-key": "once"}, "shows": ("a key made once",)}
    once = walk.ask("POST", "/api/v2/tokens", {"name": "c"}, **repeated).json()
    walk.knows("a key made once", once["key"])
    again = walk.ask("POST", "/api/v2/tokens", {"name": "c"}, headers=repeated["headers"]).json()
    assert (again["id"], again["key"]) == (once["id"], None)
    client = Client()
    client.force_login(anna, backend="accounts.backends.RoleBackend")
    form = {"form_id": "c" * 22, "name": "b", "reach": "everything", "lifetime": "never"}
    page = walk.submit("/keys/new", form, client, ("a key of the console",))
    (third,) = KEY.findall(page.content.decode())
    walk.knows("a key of the console", third)
    for path in ("/keys/", "/keys/new", f"/keys/{made['id']}/revoke", "/", f"/keys/?q={third}"):
        assert walk.ask("GET", path, client=client).status_code in (200, 302)
    for headers in (key, second, key_header(third)):
        for path in ("auth/me", "tokens", "assign-number", "call-recording"):
            assert walk.ask("GET", f"/api/v2/{path}", headers=headers).status_code == 200
        assert walk.ask("GET", "/api/v2/audit", headers=headers).status_code == 403
        assert walk.ask("GET", "/api/v2/auth/me", headers=headers | bearer("x")).status_code == 400
    assert walk.ask("DELETE", f"/api/v2/tokens/{made['id']}", headers=key).status_code == 204
    assert walk.ask("GET", "/api/v2/auth/me", headers=second).status_code == 401
    staff_reads_everything(walk)


def staff_reads_everything(walk: Walk) -> None:
    """Look at all that staff and superusers see of people, keys and what was done."""
    root = Client()
    root.force_login(User.objects.create_superuser("root"), backend="accounts.backends.RoleBackend")
    for path in (
        "/keys/?of=everybody",
        "/audit/",
        "/admin/accounts/apikey/",
        "/admin/accounts/auditentry/",
        "/admin/accounts/user/",
    ):
        assert walk.ask("GET", path, client=root).status_code == 200
    for kind, model in (("apikey", "api_keys"), ("user", None), ("auditentry", "audit_entries")):
        owner = User.objects.get(username="anna")
        rows = [owner] if model is None else getattr(owner, model).all()
        for row in rows:
            assert walk.ask("GET", f"/admin/accounts/{kind}/{row.pk}/change/", client=root).status_code == 200
    extension = Extension.objects.get(number="1006")
    assert walk.ask("GET", f"/admin/telephony/extension/{extension.pk}/change/", client=root).status_code == 200
    assert AuditEntry.objects.exists()


def test_tokens(walk: Walk, auth0_with_a_secret: Auth0StandIn) -> None:
    auth0 = auth0_with_a_secret
    begun = walk.ask("GET", "/api/v2/auth/login", shows=("state", "nonce")).json()
    walk.knows("state", begun["state"])
    walk.knows("nonce", parse_qs(urlsplit(begun["login_url"]).query)["nonce"][0])
    back = auth0.sign_in(begun["login_url"]).removeprefix(PUBLIC_URL)
    walk.knows("code", parse_qs(urlsplit(back).query)["code"][0])
    tokens = walk.ask("GET", back, shows=("access token", "refresh token", "ID token")).json()
    for name, member in (("access token", "access_token"), ("refresh token", "refresh_token"), ("ID token", "id_token")):
        walk.knows(name, tokens[member])
    # Each of them again, and in the wrong place.
    assert walk.ask("GET", back).status_code == 400
    assert walk.ask("GET", back.replace("/callback", "/callback/more")).status_code == 404
    assert walk.ask("GET", "/api/v2/auth/me", headers=bearer(tokens["access_token"])).status_code == 200
    for wrong in (tokens["id_token"], tokens["refresh_token"], tokens["access_token"] + "x"):
        assert walk.ask("GET", "/api/v2/auth/me", headers=bearer(wrong)).status_code == 401
    assert walk.ask("GET", f"/api/v2/auth/me?access_token={tokens['access_token']}").status_code == 401
    shows = ("second access token", "refresh token")
    renewed = walk.ask("POST", "/api/v2/auth/refresh", {"refresh_token": tokens["refresh_token"]}, shows=shows)
    assert renewed.status_code == 200
    walk.knows("second access token", renewed.json()["access_token"])
    for wrong in (
        {"refresh_token": tokens["id_token"]},
        {"refresh": tokens["refresh_token"]},
        {"refresh_token": [tokens["refresh_token"]]},
    ):
        assert walk.ask("POST", "/api/v2/auth/refresh", wrong).status_code in (400, 401)


def test_signing_in_on_the_web(walk: Walk, auth0_with_a_secret: Auth0StandIn) -> None:
    given: dict[str, Any] = {}

    def overheard(url: str, form: dict[str, str] | None = None) -> Any:
        answer = ask(url, form)
        given.update(answer.document)
        return answer

    client = Client()
    begun = walk.submit("/login/auth0/", {"next": "/keys/"}, client)
    back = auth0_with_a_secret.sign_in(begun["Location"]).removeprefix(PUBLIC_URL)
    walk.knows("code", parse_qs(urlsplit(back).query)["code"][0])
    with mock.patch("accounts.backends.ask", side_effect=overheard):
        assert walk.ask("GET", back, client=client)["Location"] == "/keys/"
    for name in ("access_token", "id_token"):
        walk.knows(name, given[name])
    assert walk.ask("GET", "/keys/", client=client).status_code == 200
    # A second time, and by somebody else.
    assert walk.ask("GET", back, client=client).status_code == 400
    assert walk.ask("GET", back).status_code == 400


def test_phones(walk: Walk, anna: User, key: dict[str, str]) -> None:
    path = "/api/v2/assign-number/sip-password"
    headers = key | {"idempotency-key": "once"}
    shown = walk.ask("POST", path, {}, headers=headers, shows=("SIP password",)).json()
    assert walk.ask("POST", path, {}, headers=headers).json()["password"] is None
    password = walk.knows("SIP password", shown["password"])
    ha1 = ha1_of(Extension.objects.get(number="1006"))
    assert ha1 == hashlib.md5(f"1006:pbx.example.com:{password}".encode(), usedforsecurity=False).hexdigest()
    walk.knows("HA1", ha1)
    for method in ("GET", "POST"):
        assert walk.ask(method, "/api/v2/assign-number", headers=key).status_code == 200
    assert walk.ask("POST", path, {"password": password}, headers=key).status_code == 400
    assert walk.ask("GET", "/api/v2/auth/me", headers=basic(password)).status_code == 401
    staff_reads_everything(walk)


def test_records_and_recordings(walk: Walk, anna: User, key: dict[str, str]) -> None:
    upload = upload_path(LEG)
    signature = walk.knows("upload signature", upload.rsplit("/", 1)[1].removesuffix(".wav"))
    switch = basic(django_settings.FREESWITCH_HTTP_PASSWORD)
    for post in posts_of("local-answered"):
        body = post.body.replace(b"{", b'{"recording_url":"http://127.0.0.1:8000%s",' % upload.encode(), 1)
        assert walk.ask("POST", "/freeswitch/cdr", body, content_type=post.content_type, headers=switch).status_code == 200
    # A record that cannot be read is kept as it came, with whatever is in it.
    broken = f'{{"variables": {{"portal_recording": "{upload}", "switch": "{switch["authorization"]}"'.encode()
    assert walk.ask("POST", "/freeswitch/cdr", broken, content_type="application/json", headers=switch).status_code == 202
    assert (
        walk.ask("POST", "/freeswitch/cdr", b"{}", content_type="application/json", headers=basic("wrong")).status_code == 401
    )
    audio = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()
    for body, path, status in (
        (audio[:500], upload, 422),
        (audio, upload, 201),
        (audio, upload, 200),
        (audio + b"x", upload, 409),
        (audio, upload.replace(LEG, "another"), 403),
        (audio, f"{upload}/more", 404),
        (audio, upload.replace(".wav", ".mp3"), 404),
    ):
        assert walk.ask("PUT", path, body).status_code == status
    assert walk.ask("GET", f"/freeswitch/recordings/?signature={signature}").status_code == 404
    listen(walk, anna, key)
    staff_reads_everything(walk)


def listen(walk: Walk, anna: User, key: dict[str, str]) -> None:
    call = Call.objects.get()
    path = f"/api/v2/call-recording/{call.pk}/audio"
    token = walk.knows("listen signature", listen_token(call, anna, None))
    with mock.patch("telephony.api.serializers.listen_token", return_value=token):
        (listed,) = walk.ask("GET", "/api/v2/call-recording", headers=key, shows=("listen signature",)).json()
    assert listed["recording"].endswith(f"{path}?signature={token}")
    assert walk.ask("GET", f"{path}?signature={token}").status_code == 200
    for method, wrong, status in (
        ("GET", f"{path}?signature={token}x", 401),
        ("GET", f"/api/v2/call-recording/999/audio?signature={token}", 401),
        ("DELETE", f"{path}?signature={token}", 401),
        ("GET", f"/api/v2/call-recording?signature={token}", 401),
        ("GET", f"{path}/{token}", 404),
    ):
        assert walk.ask(method, wrong).status_code == status


def test_the_event_socket(walk: Walk, anna: User, key: dict[str, str], settings: Any) -> None:
    query = "source_number=1006&destination_number=2403019517"

    def refuses(caller: Any) -> None:
        caller.send(GREETING)
        assert caller.read_command() == f"auth {ESL_PASSWORD}\n\n".encode()
        caller.send(command_reply("-ERR invalid"))

    assert walk.ask("GET", f"/api/v2/call-link?{query}", headers=key).status_code == 503
    with ScriptedSwitch(refuses, log_in=False) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.address.port, ESL_PASSWORD)
        assert walk.ask("GET", f"/api/v2/call-link?{query}", headers=key).status_code == 503
    assert CallLink.objects.count() == 2


# -- what goes wrong -------------------------------------------------------------------------------------------------------


def test_what_breaks_says_nothing(walk: Walk, anna: User, key: dict[str, str], auth0_with_a_secret: Auth0StandIn) -> None:
    token = walk.knows("access token", auth0_with_a_secret.mint({"sub": "auth0|anna"}))
    for headers in (key, bearer(token)):
        with mock.patch("telephony.api.me.holding_of", side_effect=RuntimeError(f"no answer to {headers}")):
            assert walk.ask("GET", "/api/v2/auth/me", headers=headers).status_code == 500
        with mock.patch("telephony.api.me.holding_of", side_effect=RuntimeError(f"no answer to {[*headers.values()]}")):
            assert walk.ask("GET", "/api/v2/auth/me", headers=headers).status_code == 500
    switch = basic(django_settings.FREESWITCH_HTTP_PASSWORD)
    with mock.patch("telephony.hooks.cdr.take_in", side_effect=RuntimeError(f"no answer to {switch}")):
        assert walk.ask("POST", "/freeswitch/cdr", b"{}", content_type="application/json", headers=switch).status_code == 500
    operator = bearer(django_settings.MAINTENANCE_TOKEN)
    with mock.patch("accounts.api.maintenance.issue_key", side_effect=RuntimeError(f"no answer to {operator}")):
        body = {"auth0_id": "auth0|ben", "name": "a"}
        assert walk.ask("POST", "/api/v2/maintenance/keys", body, headers=operator).status_code == 500
    for name in OF_SETTINGS:
        check = mock.Mock(side_effect=OSError(f"no storage at {getattr(django_settings, name)}"))
        with mock.patch.dict("portal.health.CHECKS", storage=check):
            assert walk.ask("GET", "/readyz").status_code == 503


def test_a_page_that_breaks_says_nothing(walk: Walk, anna: User) -> None:
    client = Client()
    client.force_login(anna, backend="accounts.backends.RoleBackend")
    session = client.cookies["sessionid"].value
    with mock.patch("accounts.views.keys.KeyTable", side_effect=RuntimeError(f"no page for {client.cookies}")):
        assert walk.ask("GET", "/keys/", client=client).status_code == 500
    assert "no page for" in walk.log.getvalue()
    assert session not in walk.log.getvalue()
    assert session not in walk.answers[-1].text


def test_auth0_that_breaks_says_nothing(walk: Walk, auth0_with_a_secret: Auth0StandIn) -> None:
    def breaks(url: str, form: dict[str, str]) -> None:
        walk.knows("code verifier", form["code_verifier"]) if "code_verifier" in form else None
        raise RuntimeError(f"no answer to {form}")

    begun = walk.ask("GET", "/api/v2/auth/login", shows=("state",)).json()
    walk.knows("state", begun["state"])
    back = auth0_with_a_secret.sign_in(begun["login_url"]).removeprefix(PUBLIC_URL)
    walk.knows("code", parse_qs(urlsplit(back).query)["code"][0])
    refresh = walk.knows("refresh token", "v1.refresh-token-canary-0123456789")
    with mock.patch("accounts.sign_in.ask", side_effect=breaks):
        assert walk.ask("GET", back).status_code == 500
        assert walk.ask("POST", "/api/v2/auth/refresh", {"refresh_token": refresh}).status_code == 500
    auth0_with_a_secret.down()
    try:
        begun = walk.ask("GET", "/api/v2/auth/login", shows=("second state",)).json()
        walk.knows("second state", begun["state"])
        assert walk.ask("GET", f"/api/v2/auth/callback?state={begun['state']}&code=0123456789-code-canary").status_code == 503
        assert walk.ask("POST", "/api/v2/auth/refresh", {"refresh_token": refresh}).status_code == 503
    finally:
        auth0_with_a_secret.up()


@pytest.mark.parametrize("name", [*OF_SETTINGS, "the event socket's password", "the operator's key"])
def test_in_the_wrong_place(walk: Walk, anna: User, key: dict[str, str], name: str) -> None:
    secret = walk.secrets[name]
    root = Client()
    root.force_login(User.objects.create_superuser("root"), backend="accounts.backends.RoleBackend")
    for headers in (
        bearer(secret),
        basic(secret),
        key_header(secret),
        {"authorization": secret},
        {"cookie": f"sessionid={secret}"},
    ):
        for path in ("/api/v2/auth/me", "/api/v2/maintenance/keys", "/freeswitch/cdr", "/keys/"):
            assert walk.ask("POST", path, {}, headers=headers).status_code in (200, 201, 202, 302, 400, 401, 403, 405)
    for client in (Client(), root):
        for path in (
            f"/{secret}",
            f"/keys/{secret}/revoke",
            f"/admin/{secret}",
            f"/admin/{secret}/",
            f"/static/{secret}",
            f"/api/v2/{secret}",
            f"/api/v2/tokens/{secret}",
            f"/api/v2/auth/refresh/{secret}",
            f"/freeswitch/{secret}",
        ):
            for headers in ({}, key):
                assert walk.ask("GET", path, client=client, headers=headers).status_code in (301, 302, 404)
    csrf = Client(enforce_csrf_checks=True)
    csrf.cookies = root.cookies
    assert walk.ask("POST", f"/admin/{secret}/", {}, client=csrf).status_code == 403
    # Not as a name: a client that spells one wrong is told which.
    for query in (f"token={secret}", f"cursor={secret}", f"user={secret}&user=x"):
        assert walk.ask("GET", f"/api/v2/tokens?{query}", headers=key).status_code == 400
        assert walk.ask("GET", f"/keys/?{query}").status_code == 302
    for wrong in ({"scopes": [secret]}, {"expires_at": secret}, {"name": ["a", secret]}, {"wrong": secret}):
        assert walk.ask("POST", "/api/v2/tokens", {"name": "a"} | wrong, headers=key).status_code == 400
    cut = f'{{"name": "{secret}'.encode()
    assert walk.ask("POST", "/api/v2/tokens", cut, content_type="application/json", headers=key).status_code == 400
    assert walk.submit("/login?token=" + secret, {"username": "root", "password": secret}, Client()).status_code == 200
    assert walk.ask("POST", "/api/v2/auth/refresh", {"refresh_token": secret}).status_code == 401


# -- what holds a secret shows it to nobody --------------------------------------------------------------------------------


def test_what_holds_a_secret_does_not_show_it() -> None:
    address = parse_url(f"esl://:{ESL_PASSWORD}@127.0.0.1:8021")
    url = f"http://127.0.0.1:8000{upload_path(LEG)}"
    target = RecordingTarget(url=url, file="/recordings/a.wav")
    assert ESL_PASSWORD not in f"{address} {address!r} {[address]} {vars(Environment)}"
    assert url.rsplit("/", 1)[1] not in f"{target} {target!r}"
    with pytest.raises(Exception, match="esl://") as error:
        parse_url(f"http://:{ESL_PASSWORD}@127.0.0.1")
    assert ESL_PASSWORD not in f"{error.value!r}"
