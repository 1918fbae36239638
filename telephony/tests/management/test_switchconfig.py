"""`manage.py switchconfig`: one command, and a switch is set up; nothing weak, nothing foreign, nothing secret on the terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpResponse
from django.test import override_settings

from telephony.models import Assignment, Domain, Gateway, Switch, SwitchListening
from telephony.services import sip_configuration
from telephony.services.credentials import set_gateway_password
from telephony.switch.esl_address import SwitchAddress
from telephony.tests.xml_answers import read

pytestmark = pytest.mark.django_db

HTTP_PASSWORD = "kT9vQe2LxW7mZrB4yNcJ5uHs"
ESL_PASSWORD = "Vq3xYw9LkP2mZtR7uHsN"
CARRIER_PASSWORD = "canary-carrier-4821"
USUAL = {
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "FREESWITCH_HTTP_PASSWORD": HTTP_PASSWORD,
    "FREESWITCH_ESL": SwitchAddress("127.0.0.1", 8022, ESL_PASSWORD),
    "FREESWITCH_ESL_ALL": (),
    "FREESWITCH_RECORDINGS_DIR": "/var/lib/freeswitch/recordings",
}
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "conf"


@pytest.fixture
def run(out: Path, domain: Domain, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command with everything as it should be; return what it told and what it warned of."""

    def call(*options: str, **changes: Any) -> tuple[str, str]:
        with override_settings(**(USUAL | changes)):
            call_command("switchconfig", str(out), *options)
        captured = capsys.readouterr()
        return captured.out, captured.err

    return call


def params(out: Path, name: str, within: str = ".") -> dict[str, str]:
    found = fromstring((out / "autoload_configs" / f"{name}.conf.xml").read_bytes()).find(within)
    assert found is not None
    return {each.get("name", ""): each.get("value", "") for each in found.iter("param")}


def test_the_settings_are_what_it_is_made_of(run: Run, out: Path, domain: Domain) -> None:
    carrier, _ = Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})
    Gateway.objects.filter(pk=carrier.pk).update(proxy="192.0.2.7", networks="198.51.100.0/24")
    set_gateway_password(carrier, CARRIER_PASSWORD, actor=None)
    told, warned = run()
    assert params(out, "xml_curl")["gateway-url"] == "http://127.0.0.1:8000/freeswitch/xml"
    assert params(out, "json_cdr")["cred"] == f"switch:{HTTP_PASSWORD}"
    assert params(out, "event_socket").items() >= {
        "listen-ip": "127.0.0.1", "listen-port": "8022", "password": ESL_PASSWORD, "apply-inbound-acl": "127.0.0.0/8",
    }.items()  # fmt: skip
    assert params(out, "sofia", ".//gateway[@name='carrier']").items() >= {
        "proxy": "192.0.2.7", "password": CARRIER_PASSWORD, "caller-id-in-from": "true",
    }.items()  # fmt: skip
    assert b"198.51.100.0/24" in (out / "autoload_configs" / "acl.conf.xml").read_bytes()
    assert f"freeswitch -conf {out} -log /var/log/freeswitch -db /var/lib/freeswitch/db -run /run/freeswitch" in told
    assert "umask 0077; mkdir -p" in told
    assert "/var/lib/freeswitch/recordings" in told
    assert "reload mod_xml_curl" in told
    assert warned == ""
    for secret in (HTTP_PASSWORD, ESL_PASSWORD, CARRIER_PASSWORD):
        assert secret not in told


def test_the_options_of_a_switch(run: Run, out: Path) -> None:
    run(
        "--switchname", "fs2", "--sip-ip", "192.0.2.5", "--external-ip", "203.0.113.5", "--internal-port", "5070",
        "--external-port", "5090", "--tls", "/etc/portal/tls", "--rtp-start", "20000", "--rtp-end", "20100",
        "--esl-listen", "192.0.2.5", "--esl-port", "8033", "--esl-allow", "192.0.2.1", "--esl-allow", "10.0.0.0/24",
        "--portal-url", "https://portal.example.com/", "--cacert", "/etc/portal/ca.pem", "--log-dir", "/v/log",
        "--cdr-dir", "/v/cdr", "--cache-dir", "/v/cache", "--db-dir", "/v/db", "--max-sessions", "40", "--syslog",
        "--log-every-record",
    )  # fmt: skip
    assert params(out, "switch").items() >= {
        "switchname": "fs2", "rtp-start-port": "20000", "rtp-end-port": "20100", "max-sessions": "40",
    }.items()  # fmt: skip
    assert params(out, "event_socket").items() >= {
        "listen-ip": "192.0.2.5", "listen-port": "8033", "apply-inbound-acl": "192.0.2.1/32,10.0.0.0/24",
    }.items()  # fmt: skip
    assert params(out, "sofia", ".//profile[@name='internal']").items() >= {
        "sip-ip": "192.0.2.5", "ext-sip-ip": "203.0.113.5", "sip-port": "5070", "tls-sip-port": "5071",
    }.items()  # fmt: skip
    assert params(out, "json_cdr").items() >= {
        "url": "https://portal.example.com/freeswitch/cdr", "ssl-cacert-file": "/etc/portal/ca.pem", "err-log-dir": "/v/cdr",
        "log-http-and-disk": "true",
    }.items()  # fmt: skip
    assert (out / "autoload_configs" / "syslog.conf.xml").exists()


def test_the_portal_answers_each_switch_what_is_on_its_disk(run: Run, out: Path, ask: Callable[..., HttpResponse]) -> None:
    run("--switchname", "fs1", "--sip-ip", "192.0.2.5")
    run("--switchname", "fs2", "--sip-ip", "192.0.2.6", "--internal-port", "5070", "--force")
    on_disk = params(out, "sofia", ".//profile[@name='internal']")

    def answered(name: str) -> dict[str, str]:
        root = read(ask(section="configuration", key_value="sofia.conf", **{"FreeSWITCH-Switchname": name}))
        found = root.find(".//profile[@name='internal']")
        return {each.get("name", ""): each.get("value", "") for each in found.iter("param")}

    assert answered("fs2") == on_disk
    assert (answered("fs1")["sip-ip"], answered("fs1")["sip-port"]) == ("192.0.2.5", "5060")
    # One that nobody set up by the command gets what the settings say.
    assert "sip-ip" not in answered("fs3")


def test_how_phones_encrypt_is_told_by_the_portal(
    run: Run, ask: Callable[..., HttpResponse], hold: Callable[..., Assignment], make_person: Callable[..., Any]
) -> None:
    hold(make_person("ann"), "1006", "17036879447")
    run("--switchname", "fs2", "--srtp", "mandatory")

    def asked(name: str, action: str) -> tuple[str, str]:
        fields = {"user": "1006", "domain": "pbx.example.com", "action": action, "FreeSWITCH-Switchname": name}
        root = read(ask(section="directory", **fields))
        variable = root.find(".//variable[@name='rtp_secure_media']")
        dial_string = root.find(".//param[@name='dial-string']")
        return "" if variable is None else variable.get("value"), "" if dial_string is None else dial_string.get("value")

    assert asked("fs2", "user_call")[0] == "mandatory"
    assert ",rtp_secure_media=mandatory}${sofia_contact(" in asked("fs2", "user_call")[1]
    assert asked("fs1", "user_call")[0] == ""
    assert "rtp_secure_media" not in asked("fs1", "user_call")[1]


def test_it_can_be_run_again_and_changes_nothing(run: Run, out: Path) -> None:
    run()
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    run()
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert SwitchListening.objects.count() == Switch.objects.count() == 1


def test_a_folder_that_somebody_else_wrote(run: Run, out: Path) -> None:
    out.mkdir()
    (out / "freeswitch.xml").write_text("vanilla")
    with pytest.raises(CommandError, match="--force"):
        run()
    assert (out / "freeswitch.xml").read_text() == "vanilla"
    assert not SwitchListening.objects.exists(), "what was not written is not what the portal answers"
    run("--force")
    assert "vanilla" not in (out / "freeswitch.xml").read_text()


@pytest.mark.parametrize("password", ["ClueCon", "1234", "ClueConClueConClueCon", "aaaaaaaaaaaaaaaaaaaaaaaa"])
def test_passwords_that_everybody_knows(run: Run, out: Path, password: str) -> None:
    for changes in (
        {"FREESWITCH_HTTP_PASSWORD": password},
        {"FREESWITCH_ESL": SwitchAddress("127.0.0.1", 8021, password)},
    ):
        with pytest.raises(CommandError) as error:
            run(**changes)
        assert password not in str(error.value)
    with pytest.raises(CommandError, match="event socket"):
        run("--esl-password", password)
    assert not out.exists()


@pytest.mark.parametrize("password", ["kT9vQe2LxW7m$rB4yNcJ5uHs", "kT9vQe2LxW7m rB4yNcJ5uHs", "kT9vQe2LxW7m<rB4yNcJ5uHs"])
def test_passwords_that_the_switch_cannot_take(run: Run, out: Path, password: str) -> None:
    with pytest.raises(CommandError, match="Nothing was written") as error:
        run(FREESWITCH_HTTP_PASSWORD=password)
    assert password not in str(error.value)
    assert not out.exists()


def test_an_event_socket_without_a_password(run: Run) -> None:
    with pytest.raises(CommandError, match="FREESWITCH_ESL_URL"):
        run(FREESWITCH_ESL=None)
    run("--esl-password", ESL_PASSWORD, FREESWITCH_ESL=None)


def test_one_of_several_switches(run: Run, out: Path) -> None:
    second = SwitchAddress("192.0.2.6", 8023, "xYw9LkP2mZtR7uHsNVq3")
    several = {"FREESWITCH_ESL_ALL": (USUAL["FREESWITCH_ESL"], second)}
    with pytest.raises(CommandError, match="--esl"):
        run("--switchname", "fs2", **several)
    with pytest.raises(CommandError, match="none of the switches"):
        run("--esl", "192.0.2.7:8023", **several)
    run("--switchname", "fs2", "--esl", "192.0.2.6:8023", "--esl-allow", "192.0.2.1", **several)
    assert (
        params(out, "event_socket").items()
        >= {"listen-ip": "192.0.2.6", "listen-port": "8023", "password": second.password}.items()
    )
    # Once it has told its name there, that is enough.
    Switch.objects.filter(name="fs2").update(event_socket="192.0.2.6:8023")
    run("--switchname", "fs2", "--esl-allow", "192.0.2.1", **several)
    assert params(out, "event_socket")["listen-port"] == "8023"


def test_an_event_socket_that_others_reach(run: Run, out: Path) -> None:
    with pytest.raises(CommandError, match="--esl-allow"):
        run("--esl-listen", "192.0.2.5")
    _, warned = run("--esl-listen", "::", "--esl-allow", "192.0.2.1")
    assert "every address" in warned
    run("--esl-listen", "::1")
    assert params(out, "event_socket")["apply-inbound-acl"] == "::1/128"
    run(FREESWITCH_ESL=SwitchAddress("switch.example.com", 8021, ESL_PASSWORD))
    assert params(out, "event_socket")["listen-ip"] == "127.0.0.1", "a name is no address to listen on"


def test_what_the_operator_should_mind(run: Run) -> None:
    _, warned = run("--portal-url", "http://portal.example.com", FREESWITCH_RECORDINGS_DIR="")
    assert "over http" in warned
    assert "not recorded" in warned


@pytest.mark.parametrize(
    "options",
    [
        ("--esl-port", "0"), ("--esl-port", "x"), ("--internal-port", "70000"), ("--sip-ip", "host"), ("--esl-allow", "all"),
        ("--srtp", "yes"), ("--switchname", "a b"), ("--switchname", "${x}"), ("--log-dir", "relative"), ("--tls", "tls"),
        ("--group", "no-such-group"), ("--portal-url", "ftp://x"), ("--rtp-start", "30000", "--rtp-end", "20000"),
        ("--internal-port", "5080"), ("--max-sessions", "0"), ("--cacert", "ca.pem"),
    ],
)  # fmt: skip
def test_options_that_cannot_be(run: Run, out: Path, options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*options)
    assert not out.exists()
    assert not SwitchListening.objects.exists()


def test_a_database_that_is_away(run: Run, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(sip_configuration, "domains", away)
    with pytest.raises(CommandError, match="database is away"):
        run()
    assert not out.exists()


def test_a_disk_that_takes_nothing(run: Run, out: Path) -> None:
    out.parent.joinpath("file").write_text("")
    with override_settings(**USUAL), pytest.raises(CommandError, match="Not a directory"):
        call_command("switchconfig", str(out.parent / "file" / "conf"))


def test_two_ways_to_listen_that_cannot_be(domain: Domain) -> None:
    switch = Switch.objects.create(name="fs1")
    with pytest.raises(IntegrityError), transaction.atomic():
        SwitchListening.objects.create(switch=switch, internal_port=5060, external_port=5060)
    for fields in ({"tls_folder": "../x"}, {"internal_port": 0}, {"address": "host"}, {"srtp": "some"}):
        with pytest.raises(ValidationError):
            SwitchListening(switch=switch, **fields).full_clean()
