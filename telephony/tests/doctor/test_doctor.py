"""`manage.py doctor`: all green where all is well; where a hop is broken it names that hop, and says what to do."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import override_settings

from portal import health
from portal.management.commands import doctor
from telephony.models import Call, Domain, Gateway, Recording
from telephony.services.doctor import setup
from telephony.services.doctor import switch as checks_of_switch
from telephony.services.doctor.findings import Fault
from telephony.services.doctor.switch import Patient, clock
from telephony.switch.esl import SwitchAddress
from telephony.tests.doctor.answering_switch import NOTHING, PASSWORD, AnsweringSwitch, gateways, profiles
from telephony.tests.doctor.test_probes import record_of

pytestmark = pytest.mark.django_db

HTTP_PASSWORD = "kT9vQe2LxW7mZrB4yNcJ5uHs"
Examine = Callable[..., "Report"]


class Report:
    """What the command told."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text

    @property
    def rows(self) -> list[dict[str, str]]:
        return json.loads(self.text)

    @property
    def failed(self) -> dict[str, str]:
        """What failed, and what was said of it."""
        return {row["check"]: f"{row['detail']} {row['advice']}" for row in self.rows if row["outcome"] == "failed"}

    @property
    def outcomes(self) -> dict[str, str]:
        return {row["check"]: row["outcome"] for row in self.rows}


@pytest.fixture
def ready_server() -> Iterator[Any]:
    """A server that answers as the portal's `/readyz`; `status` may be changed."""

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(type(self).status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    Handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield Handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def in_order(ready_server: Any, domain: Domain, tmp_path: Path) -> Iterator[None]:
    """Settings that are as they should be."""
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})
    (tmp_path / "store").mkdir()
    with override_settings(
        DEBUG=False, PUBLIC_URL=ready_server.url, FREESWITCH_HTTP_PASSWORD=HTTP_PASSWORD, RECORDINGS_ROOT=tmp_path / "store",
        FREESWITCH_RECORDINGS_DIR="/var/lib/freeswitch/recordings",
    ):  # fmt: skip
        yield


@pytest.fixture
def switch(in_order: None, settings: Any) -> Iterator[AnsweringSwitch]:
    with AnsweringSwitch(record_of) as answering:
        settings.FREESWITCH_ESL = answering.address
        yield answering


@pytest.fixture
def examine(capsys: pytest.CaptureFixture[str]) -> Examine:
    def call(*options: str, as_json: bool = True) -> Report:
        status = 0
        try:
            call_command("doctor", "--patience", "0.3", *options, *(["--json"] if as_json else []))
        except SystemExit as end:
            status = int(str(end.code))
        return Report(status, capsys.readouterr().out)

    return call


ALL = [
    "database", "migrations", "storage", "settings", "passwords", "server", "event socket", "version", "modules", "clock",
    "profiles", "gateways", "carriers", "asks the portal", "reaches the portal", "closed by itself",
]  # fmt: skip
WITH_CALLS = [*ALL, "dialplan", "records", "recordings"]


def test_all_is_green(switch: AnsweringSwitch, examine: Examine) -> None:
    report = examine("--call")
    assert report.failed == {}
    assert (report.status, [row["check"] for row in report.rows]) == (0, WITH_CALLS)
    assert {row["outcome"] for row in report.rows} == {"ok"}
    assert {row["about"] for row in report.rows[7:]} == {"fs1"}, "by its own name"
    assert not Call.objects.exists()
    assert not Recording.objects.exists()


def test_without_being_told_it_calls_nobody(switch: AnsweringSwitch, examine: Examine) -> None:
    report = examine()
    assert (report.status, [row["check"] for row in report.rows]) == (0, ALL)
    assert not [command for command in switch.commands if "originate" in command]


def test_whom_it_calls_is_nobody(switch: AnsweringSwitch, examine: Examine) -> None:
    examine("--call")
    placed = [command for command in switch.commands if "originate" in command]
    assert len(placed) == 3
    assert all("}null/doctor " in command for command in placed)
    assert not any("user/" in command or "sofia/" in command or "gateway" in command for command in placed)


def test_the_table_tells_what_to_do(switch: AnsweringSwitch, examine: Examine) -> None:
    switch.http_password = "another-9Qe2LxW7mZrB4yN"
    report = examine("--call", as_json=False)
    assert report.status == 1
    [line] = [line for line in report.text.splitlines() if "asks the portal" in line]
    assert line.split()[:5] == ["fs1", "asks", "the", "portal", "FAILED"]
    assert "→ For xml_curl.conf, run switchconfig again" in " ".join(report.text.split())
    assert "19 checks: 2 failed, 1 not tried" in report.text
    for secret in (HTTP_PASSWORD, PASSWORD, switch.http_password):
        assert secret not in report.text


def test_a_good_table(switch: AnsweringSwitch, examine: Examine) -> None:
    report = examine(as_json=False)
    assert report.status == 0
    assert "All is well: 16 checks." in report.text
    assert "With --call" in report.text


# -- one thing broken at a time --------------------------------------------------------------------------------------------


def lose(switch: AnsweringSwitch, *what: str) -> None:
    switch.loses |= set(what)


def answer(switch: AnsweringSwitch, **answers: Any) -> None:
    switch.answers |= {name.replace("_", " "): value for name, value in answers.items()}


def other_configuration(switch: AnsweringSwitch, was: str, becomes: str, *losing: str) -> None:
    tell = switch.answers["xml_locate configuration"]
    assert callable(tell)
    switch.answers["xml_locate configuration"] = lambda command: tell(command).replace(was, becomes)
    lose(switch, *losing)


BROKEN: list[tuple[str, Callable[[AnsweringSwitch], None], dict[str, str]]] = [
    (
        "its password is another",
        lambda switch: setattr(switch, "http_password", "another-9Qe2LxW7mZrB4yN"),
        {"asks the portal": "refused the password that 127.0.0.1 gave", "records": "For json_cdr.conf, run switchconfig"},
    ),
    (
        "its network is not allowed",
        lambda switch: setattr(switch, "from_address", "203.0.113.9"),
        {"asks the portal": "refused 203.0.113.9", "records": "FREESWITCH_ALLOWED_CIDRS"},
    ),
    (
        "it asks nobody",
        lambda switch: other_configuration(switch, "/freeswitch/xml", "/other", "question"),
        {"asks the portal": "names another address"},
    ),
    (
        "it reports to somebody else",
        lambda switch: other_configuration(switch, "/freeswitch/cdr", "/other", "record"),
        {"records": "json_cdr.conf names another address"},
    ),
    (
        "it reports nothing, with another password in its file",
        lambda switch: other_configuration(switch, "switch:", "other:", "record"),
        {"records": "has another password"},
    ),
    (
        "it has no file that says whereto",
        lambda switch: (lose(switch, "question"), switch.answers.update({"xml_locate configuration": NOTHING}))[0],
        {"asks the portal": "names no portal"},
    ),
    (
        "nobody can read its file",
        lambda switch: (lose(switch, "question"), switch.answers.update({"xml_locate configuration": "-ERR"}))[0],
        {"asks the portal": "cannot be read"},
    ),
    (
        "its questions get lost",
        lambda switch: lose(switch, "question"),
        {"asks the portal": "though its xml_curl.conf is right"},
    ),
    ("the answers get lost", lambda switch: lose(switch, "answer"), {"asks the portal": "the answer did not reach it"}),
    ("its records get lost", lambda switch: lose(switch, "record"), {"records": "though its json_cdr.conf is right"}),
    ("its recordings get lost", lambda switch: lose(switch, "recording"), {"recordings": "did not come"}),
    (
        "it cannot write recordings",
        lambda switch: (lose(switch, "recording"), switch.records.update(record_ms="0"))[0],
        {"recordings": "recorded nothing into /var/lib/freeswitch/recordings"},
    ),
    (
        "the plan came from its disk",
        lambda switch: setattr(switch, "plan_cause", "NORMAL_TEMPORARY_FAILURE"),
        {"dialplan": "from the switch's disk"},
    ),
    ("a call goes through", lambda switch: setattr(switch, "plan_cause", "NORMAL_CLEARING"), {"dialplan": "NORMAL_CLEARING"}),
    (
        "it does not reach PUBLIC_URL",
        lambda switch: switch.answers.update(http_get="-ERR no"),
        {"reaches the portal": "cannot fetch"},
    ),
    (
        "it is an old one",
        lambda switch: answer(switch, version="FreeSWITCH Version 1.10.12-release\n"),
        {"version": "FreeSWITCH 1.10. Install 1.11"},
    ),
    (
        "a module is not loaded",
        lambda switch: switch.answers.update({"module_exists mod_hash": "false"}),
        {"modules": "Not loaded: mod_hash"},
    ),
    (
        "a profile is down",
        lambda switch: answer(switch, sofia_xmlstatus=profiles(external="DOWN")),
        {"profiles": "The profile external is DOWN"},
    ),
    (
        "there are no profiles",
        lambda switch: answer(switch, sofia_xmlstatus="<profiles></profiles>"),
        {"profiles": "The profile internal is not there"},
    ),
    ("it answers no XML", lambda switch: answer(switch, sofia_xmlstatus="nothing"), {"profiles": "no XML"}),
    (
        "a gateway is missing",
        lambda switch: answer(switch, sofia_xmlstatus_gateway=gateways()),
        {"gateways": "does not know carrier. `sofia profile external rescan`"},
    ),
    (
        "it has one too many",
        lambda switch: answer(switch, sofia_xmlstatus_gateway=gateways(carrier="REGED UP", old="NOREG UP")),
        {"gateways": "killgw old"},
    ),
    (
        "a gateway does not register",
        lambda switch: answer(switch, sofia_xmlstatus_gateway=gateways(carrier="FAIL_WAIT DOWN")),
        {"gateways": "carrier is FAIL_WAIT, DOWN"},
    ),
    ("it lets anybody call in", lambda switch: answer(switch, acl="true"), {"carriers": "from anywhere"}),
    ("its clock is wrong", lambda switch: answer(switch, strepoch="1500000000"), {"clock": "seconds away"}),
    ("its clock is none", lambda switch: answer(switch, strepoch="soon"), {"clock": "told no time"}),
    (
        "it has users of its own",
        lambda switch: switch.answers.update({"xml_locate directory": '<domain name="x"><user id="1000"></user></domain>'}),
        {"closed by itself": "users of its own in pbx.example.com"},
    ),
    (
        "it has plans of its own",
        lambda switch: switch.answers.update(
            {"xml_locate dialplan context name default": '<context><action application="bridge" data="x"></action></context>'}
        ),
        {"closed by itself": "plans of its own in the context default"},
    ),
]


@pytest.mark.parametrize(("spoil", "failed"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_broken_is_named_and_nothing_else(
    switch: AnsweringSwitch, examine: Examine, spoil: Callable[[AnsweringSwitch], None], failed: dict[str, str]
) -> None:
    spoil(switch)
    report = examine("--call")
    assert report.status == 1
    assert report.failed.keys() == failed.keys()
    for check, words in failed.items():
        assert words in report.failed[check]
    for secret in (HTTP_PASSWORD, PASSWORD, switch.http_password):
        assert secret not in report.text


def test_carriers_that_are_kept_out(switch: AnsweringSwitch, examine: Examine) -> None:
    Gateway.objects.update(networks="198.51.100.0/24")
    assert "Calls from 198.51.100.0/24 are refused" in examine().failed["carriers"]
    switch.answers["acl 198.51.100.0"] = "true"
    assert examine().failed == {}


def test_a_wrong_password_of_the_event_socket(switch: AnsweringSwitch, examine: Examine, settings: Any) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.address.port, "kT9vQe2LxW7mZrB4yNcJ5uHs")
    report = examine("--call")
    assert report.status == 1
    assert report.failed.keys() == {"event socket"}
    assert "refused the password. Give FREESWITCH_ESL_URL the password" in report.failed["event socket"]
    assert {report.outcomes[check] for check in WITH_CALLS[7:]} == {"not tried"}
    assert "kT9vQe2LxW7mZrB4yNcJ5uHs" not in report.text


def test_a_switch_that_is_away(examine: Examine, in_order: None, switch: AnsweringSwitch, settings: Any) -> None:
    with AnsweringSwitch(record_of) as gone:
        settings.FREESWITCH_ESL = gone.address
    report = examine()
    assert report.failed.keys() == {"event socket"}
    assert "See whether the switch runs" in report.failed["event socket"]


def test_each_switch_is_looked_at_by_itself(examine: Examine, switch: AnsweringSwitch, settings: Any) -> None:
    with AnsweringSwitch(record_of) as second:
        settings.FREESWITCH_ESL_ALL = (switch.address, second.address)
        second.answers |= {"switchname": "fs2", "module_exists mod_hash": "false"}
        report = examine()
        assert [row["about"] for row in report.rows if row["outcome"] == "failed"] == ["fs2"]
        assert report.failed.keys() == {"modules"}
        second.answers |= {"switchname": "fs1", "module_exists mod_hash": "true"}
        assert "is called fs1, too" in examine().failed["event socket"]


def test_an_event_socket_whose_list_keeps_the_portal_out(examine: Examine, switch: AnsweringSwitch) -> None:
    def speak(heard: Any, said: Any) -> None:
        said.write(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")

    switch._speak = speak  # type: ignore[method-assign]
    assert "--esl-allow" in examine().failed["event socket"]


def test_the_connection_breaks_in_the_middle(examine: Examine, switch: AnsweringSwitch) -> None:
    def broken(command: str) -> str:
        raise ConnectionAbortedError

    switch._server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
    switch.answers["strepoch"] = broken
    report = examine()
    assert report.failed.keys() == {"clock"}
    assert "Look into the switch's log" in report.failed["clock"]


def test_a_switch_that_hangs_because_the_portal_does(
    examine: Examine, switch: AnsweringSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()

    def hang(command: str) -> str:
        left.wait(10)
        return "-ERR no reply\n"

    monkeypatch.setattr(checks_of_switch, "ASKS_SECONDS", 0.2)
    switch._server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
    switch.answers |= {"user_data": hang, "http_get": hang}
    try:
        report = examine()
    finally:
        left.set()
    assert report.failed.keys() == {"asks the portal", "reaches the portal"}
    assert "cannot fetch" in report.failed["reaches the portal"]


def test_recordings_that_the_portal_cannot_store(switch: AnsweringSwitch, examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with override_settings(RECORDINGS_ROOT=tmp_path / "file"):
        report = examine("--call")
    assert report.failed.keys() == {"storage", "recordings"}
    assert "cannot write into its folder of recordings" in report.failed["recordings"]
    assert "RECORDINGS_URL" in report.failed["storage"]


def test_talks_that_are_not_recorded(switch: AnsweringSwitch, examine: Examine) -> None:
    with override_settings(FREESWITCH_RECORDINGS_DIR=""):
        report = examine("--call")
    assert (report.status, report.outcomes["recordings"]) == (0, "not tried")


# -- the portal itself -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"DEBUG": True}, "settings", "Set DEBUG=false"),
        ({"FREESWITCH_ESL": None}, "settings", "FREESWITCH_ESL_URL is not set"),
        ({"FREESWITCH_HTTP_PASSWORD": "ClueCon"}, "passwords", "FREESWITCH_HTTP_PASSWORD has fewer than"),
        ({"PUBLIC_URL": "http://127.0.0.1:1"}, "server", "Start the portal"),
    ],
)
def test_settings_that_make_no_sense(
    switch: AnsweringSwitch, examine: Examine, changes: dict[str, Any], check: str, words: str
) -> None:
    switch.http_password = changes.get("FREESWITCH_HTTP_PASSWORD", switch.http_password)
    with override_settings(**changes):
        report = examine()
    assert report.status == 1
    assert report.failed.keys() == {check}
    assert words in report.failed[check]


@pytest.mark.parametrize("host", ["192.0.2.5", "switch.example.com", "2001:db8::7"])
def test_an_address_that_the_switch_takes_for_itself(in_order: None, host: str) -> None:
    [check] = [check for check in setup.checks() if check.name == "settings"]
    with override_settings(FREESWITCH_ESL=SwitchAddress(host, 8021, PASSWORD)):
        assert "takes for itself" in check.make().detail
        with override_settings(PUBLIC_URL="https://portal.example.com"):
            assert check.make().outcome == "ok"


def test_a_password_of_the_event_socket_that_everybody_knows(switch: AnsweringSwitch, examine: Examine, settings: Any) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.address.port, "ClueCon")
    assert "run switchconfig again" in examine().failed["passwords"]


def test_a_portal_that_is_not_ready(switch: AnsweringSwitch, examine: Examine, ready_server: Any) -> None:
    ready_server.status = 503
    assert "answers 503" in examine().failed["server"]


def test_migrations_that_are_missing(switch: AnsweringSwitch, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise health.NotReadyError("3 migrations are not applied: run manage.py migrate")

    monkeypatch.setitem(doctor.CHECKS, "migrations", missing)
    assert "Run manage.py migrate" in examine().failed["migrations"]


def test_a_database_that_is_away(switch: AnsweringSwitch, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("password=canary")

    monkeypatch.setitem(doctor.CHECKS, "database", away)
    report = examine()
    assert "DATABASE_URL" in report.failed["database"]
    assert "canary" not in report.text


@pytest.mark.parametrize("patience", ["0", "-1", "x", "601", "nan"])
def test_patience_that_cannot_be(patience: str) -> None:
    with pytest.raises(CommandError):
        call_command("doctor", f"--patience={patience}")


def test_progress_is_shown_on_a_terminal(switch: AnsweringSwitch, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(doctor.sys, "stderr", terminal)
    call_command("doctor", stderr=terminal)
    assert "fs1: modules …" in terminal.getvalue()


def test_a_clock_within_the_second_that_it_tells(switch: AnsweringSwitch) -> None:
    patient = Patient(switch.address, is_reachable=True)
    switch.answers["strepoch"] = "1000"
    for now in (998.0, 1000.0, 1000.9, 1003.0):
        assert clock(patient, lambda now=now: now) == "the same time"
    for now in (997.0, 1004.0):
        with pytest.raises(Fault, match="3 seconds away"):
            clock(patient, lambda now=now: now)
