"""`import_numbers`: everything that is a number comes in once, whatever interrupts it."""

import fcntl
import os
import pty
import signal
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from accounts.models import AuditEntry
from telephony.management.commands import import_numbers
from telephony.models import Number, Provider
from telephony.services import inventory
from telephony.tests import processes

pytestmark = pytest.mark.django_db

COMMAND = ("manage.py", "import_numbers")
Run = Callable[..., tuple[int, str, str]]


def digits(n: int) -> str:
    return f"1703{2_000_000 + n}"


def csv_of(count: int) -> str:
    return "number\n" + "".join(f"{digits(n)}\n" for n in range(count))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Import a content; return the exit status, what was told and what was complained of."""

    def call(content: str, *options: str) -> tuple[int, str, str]:
        path = tmp_path / "numbers.csv"
        path.write_text(content)
        status, said = 0, ""
        try:
            call_command("import_numbers", str(path), *options)
        except CommandError as error:
            status, said = error.returncode, str(error)
        captured = capsys.readouterr()
        return status, captured.out.strip(), captured.err + said

    return call


NASTY = """number,provider,country
(703) 687-9447,Acme,
+1 703 687 9447,Acme,
020 7946 0018,Beta,GB
2762087784,Beta,GB
1.2762E+10,Acme,
hello,Acme,
2403019517,,
'2403019518,Acme,US
2403019519,Acme,USA
"""


def test_what_is_a_number_comes_in_once_and_the_rest_is_told(run: Run) -> None:
    status, told, complained = run(NASTY)
    assert status == 1
    assert told == "3 added, 1 in the pool already, 5 wrong.\nNew providers: Acme, Beta."
    assert set(Number.objects.values_list("number", "provider__name", "country", "state")) == {
        ("17036879447", "Acme", "US", "free"),
        ("442079460018", "Beta", "GB", "free"),
        ("12403019518", "Acme", "US", "free"),
    }
    lines = complained.splitlines()
    assert lines[0].startswith("line 5: '2762087784' is not a phone number")
    assert lines[1].startswith("line 6: '1.2762E+10' is not a phone number: a spreadsheet has rounded it")
    assert lines[2].startswith("line 7: 'hello' is not a phone number: letters")
    assert lines[3:5] == [
        "line 8: '2403019517' names no provider",
        "line 10: '2403019519' has the country 'USA', which is no two-letter code",
    ]
    assert "correct them" in lines[5]


def test_a_second_run_adds_nothing_and_is_no_error(run: Run) -> None:
    assert run(csv_of(5), "--provider", "Acme")[:2] == (0, "5 added, 0 in the pool already, 0 wrong.\nNew providers: Acme.")
    before = list(Number.objects.order_by("pk").values())
    entries = AuditEntry.objects.count()
    assert run(csv_of(5), "--provider", "Acme")[:2] == (0, "0 added, 5 in the pool already, 0 wrong.")
    assert list(Number.objects.order_by("pk").values()) == before
    assert AuditEntry.objects.count() == entries, "nothing happened that could be written down"


def test_a_number_stays_with_its_provider(run: Run) -> None:
    run(csv_of(2), "--provider", "Acme")
    status, told, _ = run(csv_of(3), "--provider", "Beta")
    assert status == 0
    assert told.startswith("1 added, 2 in the pool already, 0 wrong.\nOf those in the pool, 2 are another provider's")
    assert Number.objects.filter(provider__name="Acme").count() == 2


def test_a_rehearsal_tells_the_same_and_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two rows at once: what repeats a row of an earlier batch must count as the import will count it.
    monkeypatch.setattr(import_numbers, "ROWS_AT_ONCE", 2)
    Number.objects.create(number="12403019518", provider=Provider.objects.create(name="Acme"))
    content = NASTY + "7036879447,Gamma,\n2125550123,Gamma,\n2125550124,Delta,\n2125550124,Delta,\n"
    status, rehearsed, complained = run(content, "--dry-run")
    assert Number.objects.count() == Provider.objects.count() == 1
    assert not AuditEntry.objects.exists()
    assert rehearsed.endswith("This was a rehearsal: nothing was changed.")
    real_status, told, real_complained = run(content)
    assert (status, complained) == (real_status, real_complained)
    counts = [text.replace(" would be added", " added").splitlines()[:2] for text in (rehearsed, told)]
    assert counts[0] == counts[1]
    assert told.startswith("4 added, 4 in the pool already, 5 wrong.")


def test_each_batch_is_in_the_audit_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_numbers, "ROWS_AT_ONCE", 3)
    run(csv_of(5), "--provider", "Acme")
    entries = AuditEntry.objects.order_by("pk")
    assert [(entry.action, entry.actor_label, entry.target_label) for entry in entries] == [
        ("numbers.added", "command line", "Acme")
    ] * 2
    assert [entry.after for entry in entries] == [
        {"added": 3, "skipped": 0, "file": "numbers.csv", "lines": [2, 4]},
        {"added": 2, "skipped": 0, "file": "numbers.csv", "lines": [5, 6]},
    ]


def test_many_wrong_lines_are_shown_in_part_and_kept_whole(run: Run, tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"
    bad = "".join(f'"=cmd({n})\x1b[2J"\n' for n in range(30))
    status, _, complained = run(f"number\n{bad}2762087784\n", "--provider", "Acme", "--errors", str(errors))
    assert status == 1
    assert complained.count("line ") == 20
    assert "\x1b" not in complained, "nothing that a terminal takes for a command"
    assert "… and more; --errors FILE keeps them all." in complained
    kept = errors.read_text(encoding="utf-8-sig").splitlines()
    assert kept[0] == "line,number,provider,country,error"
    assert len(kept) == 31
    assert kept[1].startswith("2,'=cmd(0)\\x1b[2J,Acme,,is not a phone number:"), "no formula for a spreadsheet"


def test_the_corrected_file_of_errors_can_be_imported(run: Run, tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"
    run(NASTY, "--errors", str(errors))
    corrected = errors.read_text(encoding="utf-8-sig").replace("hello", "+1 240 301 9520")
    status, told, _ = run(corrected)
    assert (status, told) == (1, "1 added, 0 in the pool already, 4 wrong.")
    assert Number.objects.get(number="12403019520").provider.name == "Acme"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("number\n2762087784\n", (), "no column 'provider', so say whose numbers they are"),
        ("phone\n2762087784\n", ("--provider", "Acme"), "no column 'number'"),
        ("", ("--provider", "Acme"), "empty"),
        ("number\n2762087784\n", ("--provider", "x" * 101), "--provider takes at most 100"),
        ("number\n2762087784\n", ("--provider", "a\x07"), "--provider takes at most 100"),
        ("number\n2762087784\n", ("--provider", "Acme", "--errors", "/nonexistent/x.csv"), "No such file"),
    ],
)
def test_what_cannot_begin_says_why(run: Run, content: str, options: tuple[str, ...], message: str) -> None:
    status, told, complained = run(content, *options)
    assert (status, told) == (2, "")
    assert message in complained
    assert not Number.objects.exists()


def test_a_file_that_is_not_there_or_would_be_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("number\n2762087784\n")
    for arguments in ((str(tmp_path / "none.csv"),), (str(tmp_path),), (str(path), "--errors", str(path))):
        with pytest.raises(CommandError) as raised:
            call_command("import_numbers", *arguments, "--provider", "Acme")
        assert raised.value.returncode == 2
    assert path.read_text() == "number\n2762087784\n"
    assert not Number.objects.exists()


def test_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"num\xffbers.csv")
    path.write_text(csv_of(1))
    call_command("import_numbers", str(path), "--provider", "Acme")
    assert AuditEntry.objects.get().after["file"] == "num?bers.csv"


def test_a_database_that_fails_in_the_middle(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_numbers, "ROWS_AT_ONCE", 2)
    add, calls = import_numbers.add_numbers, []

    def fail_later(*args: Any, **kwargs: Any) -> inventory.Outcome:
        calls.append(args)
        if len(calls) == 2:
            raise OperationalError("the connection is lost")
        return add(*args, **kwargs)

    monkeypatch.setattr(import_numbers, "add_numbers", fail_later)
    status, told, complained = run(csv_of(5), "--provider", "Acme")
    assert (status, told.splitlines()[0]) == (3, "2 added, 0 in the pool already, 0 wrong.")
    assert (
        "the connection is lost. It ended after line 3; nothing of what follows is in. The same command goes on" in complained
    )
    assert Number.objects.count() == 2
    assert run(csv_of(5), "--provider", "Acme")[:2] == (0, "3 added, 2 in the pool already, 0 wrong.")


def test_a_number_that_somebody_adds_by_hand_meanwhile(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    known, looked = inventory._known, []

    def look_too_early(wanted: Any) -> dict[str, str]:
        found = known(wanted)
        if not looked:
            looked.append(True)
            Number.objects.create(number=digits(1), provider=Provider.objects.get_or_create(name="By hand")[0])
        return found

    monkeypatch.setattr(inventory, "_known", look_too_early)
    # The first attempt rolls back, with it what was put there in its midst: so the second one adds all three.
    assert run(csv_of(3), "--provider", "Acme")[1].startswith("3 added")
    assert Number.objects.count() == 3
    monkeypatch.setattr(inventory, "ATTEMPTS", 1)
    looked.clear()
    Number.objects.all().delete()
    assert run(csv_of(3), "--provider", "Acme")[0] == 3
    assert not Number.objects.exists()


# -- as a process ----------------------------------------------------------------------------------------------------------


def soon(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; tell whether it did in time."""
    deadline = time.monotonic() + processes.PATIENCE_SECONDS
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


def is_read(pipe: TextIO) -> bool:
    """Tell whether all that was written to a pipe has been read."""
    return not struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


@pytest.mark.django_db(transaction=True)
def test_the_standard_input_and_silence_where_nobody_looks() -> None:
    done = processes.run(*COMMAND, "-", "--provider", "Acme", input=csv_of(10))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "10 added, 0 in the pool already, 0 wrong.\nNew providers: Acme.\n"
    assert processes.run(*COMMAND).returncode == 2
    assert processes.run(*COMMAND, "-", input=csv_of(1)).returncode == 2
    assert Number.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text(csv_of(10) + "hello\n")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    child = processes.start(*COMMAND, str(path), "--provider", "Acme", stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        # How a terminal tells that nobody writes to it any more.
        pass
    finally:
        os.close(ours)
    out, _ = child.communicate(timeout=processes.PATIENCE_SECONDS)
    assert child.returncode == 1
    assert "100%" in shown.decode()
    assert "12/12" in shown.decode()
    assert "line 12: 'hello'" in shown.decode()
    assert out.startswith("10 added")


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_between_two_batches(tmp_path: Path) -> None:
    child = processes.start(*COMMAND, "-", "--provider", "Acme")
    # Two batches, and some rows that wait for the rest of theirs.
    child.stdin.write("number\n" + "".join(f"{digits(n)}\n" for n in range(4_500)))
    child.stdin.flush()
    assert soon(lambda: Number.objects.count() >= 4_000)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=processes.PATIENCE_SECONDS)
    assert child.returncode == 130
    assert out.startswith("4,000 added, 0 in the pool already, 0 wrong.")
    assert "Stopped after line 4,001; nothing of what follows is in. The same command goes on from there" in err
    assert "Traceback" not in err
    assert Number.objects.count() == 4_000
    again = processes.run(*COMMAND, "-", "--provider", "Acme", input=csv_of(4_600))
    assert (again.returncode, again.stdout) == (0, "600 added, 4,000 in the pool already, 0 wrong.\n")


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_before_anything_came() -> None:
    child = processes.start(*COMMAND, "-", "--provider", "Acme")
    child.stdin.write("n")
    child.stdin.flush()
    assert soon(lambda: is_read(child.stdin)), "now it waits for the rest of the first line"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=processes.PATIENCE_SECONDS)
    assert (child.returncode, "Stopped before anything was done" in err) == (130, True)
    assert out.startswith("0 added")


# A process that sends itself signals inside the transaction of its second batch, when its numbers are in.
WITH_SIGNALS = """
import os, signal, sys
import django
django.setup()
from accounts.models import AuditEntryManager
from django.core.management import execute_from_command_line
record, calls = AuditEntryManager.record, []
def record_and_signal(self, *args, **kwargs):
    calls.append(args)
    if len(calls) == 2:
        for number in map(int, os.environ["SIGNALS"].split()):
            os.kill(os.getpid(), number)
    return record(self, *args, **kwargs)
AuditEntryManager.record = record_and_signal
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.mark.parametrize(
    ("signals", "status", "kept"),
    [
        pytest.param([signal.SIGINT], 130, 4_000, id="Ctrl-C-waits-for-the-batch"),
        pytest.param([signal.SIGINT, signal.SIGINT], 130, 2_000, id="a-second-Ctrl-C-does-not"),
        pytest.param([signal.SIGKILL], -signal.SIGKILL, 2_000, id="kill-9"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_signals_in_the_middle_of_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signals: list[int], status: int, kept: int
) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text(csv_of(5_000))
    monkeypatch.setenv("SIGNALS", " ".join(str(int(number)) for number in signals))
    done = processes.run("-c", WITH_SIGNALS, "import_numbers", str(path), "--provider", "Acme")
    assert done.returncode == status, done.stderr
    assert Number.objects.count() == kept
    assert [entry.after["added"] for entry in AuditEntry.objects.all()] == [2_000] * (kept // 2_000)
    assert Number.objects.order_by("number").last().number == digits(kept - 1), "whole batches, in their order"
    connection.close()
    again = processes.run(*COMMAND, str(path), "--provider", "Acme")
    assert again.stdout == f"{5_000 - kept:,} added, {kept:,} in the pool already, 0 wrong.\n"
    assert sum(entry.after["added"] for entry in AuditEntry.objects.all()) == Number.objects.count() == 5_000
