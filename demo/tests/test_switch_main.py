"""The simulated switch as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.switch.__main__ import main, parser, settings_of
from demo.switch.faults import FAULTS
from demo.switch.portal import Portal
from demo.switch.scenarios import EXTENSIONS, NUMBERS
from demo.tests.conversations import Client, sign_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def process() -> Iterator["subprocess.Popen[str]"]:
    environment = os.environ | {"FREESWITCH_ESL_URL": "esl://:ClueCon@127.0.0.1:8021"}
    command = [sys.executable, "-m", "demo.switch", "--port", "0", "--print-port", "--pace", "0.01", "--talk", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_says_what_it_does_and_ends(process: "subprocess.Popen[str]", number: int) -> None:
    client = Client(int(process.stdout.readline()))
    sign_in(client)
    assert client.api("version").startswith("FreeSWITCH Version 1.11.1")
    client.close()
    process.send_signal(number)
    output, errors = process.communicate(timeout=5)
    assert process.returncode == 0
    assert output == ""
    assert "api version" in errors
    assert "auth …" in errors
    assert "ClueCon" not in errors
    assert "Traceback" not in errors


def test_nothing_of_the_portal_and_no_framework_is_loaded() -> None:
    code = "import sys, demo.switch.__main__, demo.switch.records; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "demo.switch.simulator" in loaded
    assert not {name.split(".")[0] for name in loaded} & {"portal", "telephony", "accounts", "web", "django", "rest_framework"}


def test_help_shows_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "…0017  USER_BUSY, rings" in text
    assert "1007  USER_NOT_REGISTERED, does not ring" in text
    assert "drop-before-reply: " in text


def test_the_settings_come_from_the_command_line_and_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FREESWITCH_ESL_URL", "esl://:s%3Acret@127.0.0.1:18021")
    monkeypatch.setenv("FREESWITCH_HTTP_USER", "switch")
    monkeypatch.setenv("FREESWITCH_HTTP_PASSWORD", "p")
    for name in ("PUBLIC_URL", "SIP_DOMAIN", "SIP_GATEWAY"):
        monkeypatch.delenv(name, raising=False)
    found = settings_of(parser().parse_args([]))
    assert (found.password, found.port, found.gateways, found.portal) == ("s:cret", 18021, ("carrier",), None)
    monkeypatch.setenv("SIP_GATEWAY", "trunk")
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8000/")
    monkeypatch.setenv("SIP_DOMAIN", "pbx.test")
    found = settings_of(parser().parse_args(["--port", "0", "--err-log-dir", str(tmp_path), "--extension", "1010"]))
    assert found.portal == Portal("http://127.0.0.1:8000", "switch", "p")
    assert (found.gateways, found.domain, found.port, found.err_log_dir) == (("trunk",), "pbx.test", 0, tmp_path)
    found = settings_of(parser().parse_args(["--gateway", "a", "--gateway", "b", "--pace", "0.5", "--extension", "1010"]))
    assert (found.gateways, found.pace, found.extensions) == (("a", "b"), 0.5, ("1010",))


def test_a_port_that_is_taken_is_told(process: "subprocess.Popen[str]", capsys: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert main(["--port", process.stdout.readline().strip()]) == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "The switch cannot listen" in capsys.readouterr().err


def test_an_unknown_fault_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--fault", "nonsense"])
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_the_document_tells_every_number_and_fault() -> None:
    text = (ROOT / "docs" / "demo.md").read_text()
    assert not [name for name in (*FAULTS, *NUMBERS, *EXTENSIONS) if f"`{name}`" not in text]
    options = re.findall(r"--[a-z][a-z-]+", parser().format_usage())
    assert len(options) > 10
    assert not [option for option in options if option not in text]
