"""Sweeps that are shot, stopped, or run two at once, in real processes: nothing is lost and nothing doubled."""

import contextlib
import os
import signal
import subprocess
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import connection

from demo.switch.audio import recording as talk
from telephony.models import Call, Leg, Quarantine, Recording
from telephony.services.recordings import audio_path
from telephony.switch.cdr import parse_cdr
from telephony.tests.captures import TABLE, posts_of
from telephony.tests.sweeps.sweeping import files_in, put, run, start

# Processes that see each other only by what is committed; several at a time want the machine for themselves.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("machine")]

POSTS = [post for scenario in TABLE for post in posts_of(scenario)]
LEGS = len({parse_cdr(post.body).uuid for post in POSTS})
# What was spilled is the call whose posts failed.
CALLS = len(TABLE) - 1
KILLED = -signal.SIGKILL
HOURS = 2 * 60 * 60


def spill(folder: Path) -> list[bytes]:
    """Leave every captured record in the folder, some of them twice over, and something that is none."""
    for number, post in enumerate(POSTS):
        put(folder, f"{number:03}.cdr.{'xml' if 'xml' in post.name else 'json'}", post.body)
    put(folder, "005-poison.cdr.json", b"poison")
    return sorted([post.body for post in POSTS] + [b"poison"])


def contents(folder: Path) -> list[bytes]:
    """Return what lies anywhere below the folder, without reasons and without the empty files of a move that was cut off."""
    found = [folder / name for name in files_in(folder) if ".reason" not in name]
    return sorted(body for path in found if (body := path.read_bytes()))


def assert_all_is_there_once() -> None:
    assert (Leg.objects.count(), Call.objects.count()) == (LEGS, CALLS)
    rows = sorted((c.caller_number, c.callee_number, c.bill_seconds, c.hangup_cause) for c in Call.objects.all())
    assert rows == sorted(row for name, row in TABLE.items() if name != "spilled")
    assert [kept.content for kept in Quarantine.objects.all()] == [b"poison"]


def ended(child: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = child.communicate(timeout=120)
    return child.returncode, out.strip(), (err or "").strip()


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("record before commit", 4),
        ("record after commit", 4),
        ("between making a place and moving", 4),
        ("after moving", 4),
        # The sixth file is the poison.
        ("record after commit", 6),
        ("before the reason", 1),
        ("between making a place and moving", 6),
        ("after moving", 6),
    ],
)
def test_records_survive_a_kill(tmp_path: Path, where: str, number: int) -> None:
    everything = spill(tmp_path)
    assert ended(start(where, number, tmp_path / "portal", "importcdrs", tmp_path))[0] == KILLED
    assert Leg.objects.count() < LEGS
    assert contents(tmp_path) == everything
    assert run("importcdrs", tmp_path)[0] in (0, 1)
    assert_all_is_there_once()
    assert contents(tmp_path) == everything
    assert not list(tmp_path.glob("*.cdr.*"))


@pytest.mark.parametrize("where", ["before deleting", "after deleting", "record after commit", "record before commit"])
def test_records_that_are_deleted_survive_a_kill(tmp_path: Path, where: str) -> None:
    spill(tmp_path)
    assert ended(start(where, 4, tmp_path / "portal", "importcdrs", "--delete", tmp_path))[0] == KILLED
    left = [path.read_bytes() for path in tmp_path.glob("*.cdr.*")]
    gone = {parse_cdr(post.body).uuid for post in POSTS if post.body not in left}
    assert gone
    assert gone <= set(Leg.objects.values_list("uuid", flat=True))
    run("importcdrs", "--delete", tmp_path)
    assert_all_is_there_once()
    assert contents(tmp_path) == [b"poison"]


def test_killed_again_and_again_at_any_time(tmp_path: Path) -> None:
    everything = spill(tmp_path)
    for delay in (0, 0.02, 0.05, 0.1, 0.2):
        child = start("never", 0, tmp_path / "portal", "importcdrs", tmp_path)
        until = time.monotonic() + 60
        # From its first file on; before that there is nothing to be hit.
        while not (tmp_path / "taken").exists() and child.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(delay)
        child.kill()
        ended(child)
    run("importcdrs", tmp_path)
    assert_all_is_there_once()
    assert contents(tmp_path) == everything


@pytest.mark.parametrize("options", [(), ("--delete",)])
def test_two_processes_at_once(tmp_path: Path, options: tuple[str, ...]) -> None:
    everything = spill(tmp_path)
    children = [start("never", 0, tmp_path / "portal", "importcdrs", *options, tmp_path) for _ in range(2)]
    for status, summary, complaint in map(ended, children):
        assert status in (0, 1), complaint
        assert "failed" not in summary
    assert_all_is_there_once()
    assert Quarantine.objects.get().times_seen == 1
    assert not list(tmp_path.glob("*.cdr.*"))
    assert contents(tmp_path) == (everything if not options else [b"poison"])


@pytest.mark.parametrize("locks", [True, False])
def test_six_threads_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: bool) -> None:
    everything = spill(tmp_path)
    if not locks:
        # As on a network file system that has none for files that are only read.
        monkeypatch.setattr("telephony.services.spool.fcntl.flock", mock.Mock(side_effect=OSError(9, "Bad file descriptor")))

    def sweep(_: int) -> tuple[int, str, str]:
        try:
            return run("importcdrs", tmp_path)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(sweep, range(6)))
    assert {status for status, _, _ in results} <= {0, 1}
    taken = sum(int(summary.split()[0]) for _, summary, _ in results)
    # Without locks a run finds some of what it took in moved by another, and does not count it.
    assert taken == LEGS if locks else taken <= LEGS
    assert_all_is_there_once()
    assert contents(tmp_path) == everything
    # Nobody made a place in vain.
    assert len(files_in(tmp_path)) == len(everything) + 1
    assert Quarantine.objects.get().times_seen == 1 or not locks


def test_an_interrupted_process_says_so_by_its_status(tmp_path: Path) -> None:
    everything = spill(tmp_path)
    child = start("never", 0, tmp_path / "portal", "importcdrs", "--watch", 600, tmp_path)
    until = time.monotonic() + 60
    while list(tmp_path.glob("*.cdr.*")) and time.monotonic() < until:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    status, summary, _ = ended(child)
    assert (status, summary) == (130, f"{LEGS} taken in, {len(POSTS) - LEGS} known already, 1 set aside")
    assert_all_is_there_once()
    assert contents(tmp_path) == everything


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    spill(tmp_path)
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    child = start("never", 0, tmp_path / "portal", "importcdrs", tmp_path, stderr=theirs)
    os.close(theirs)
    seen = b""
    # Linux ends a terminal that nobody writes to any more with an error.
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    assert ended(child)[:2] == (1, f"{LEGS} taken in, {len(POSTS) - LEGS} known already, 1 set aside")
    assert f"{len(POSTS) + 1}/{len(POSTS) + 1} [".encode() in seen, seen[-2000:]


def test_with_no_database_at_all_the_status_says_to_try_again(tmp_path: Path) -> None:
    everything = spill(tmp_path)
    away = "postgres://portal@127.0.0.1:1/portal"
    status, summary, complaint = ended(
        start("never", 0, tmp_path / "portal", "importcdrs", "--delete", tmp_path, DATABASE_URL=away)
    )
    assert (status, summary) == (75, "0 taken in")
    assert "The files stay" in complaint
    assert "Traceback" not in complaint
    assert contents(tmp_path) == everything


# -- recordings ------------------------------------------------------------------------------------------------------------


def record(folder: Path) -> list[bytes]:
    """Leave five recordings in the folder."""
    talks = [talk(str(number), 1 + number / 10) for number in range(5)]
    for number, body in enumerate(talks):
        put(folder, f"3e6bc8f5-181d-4c52-9d6d-46965011989{number}.wav", body, age=HOURS)
    return sorted(talks)


def published(root: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in root.glob("??/*.wav"))


@pytest.mark.parametrize(
    "where",
    ["audio before its rename", "audio between rename and commit", "audio after commit", "before deleting", "after deleting"],
)
def test_recordings_survive_a_kill(tmp_path: Path, settings: Any, where: str) -> None:
    settings.RECORDINGS_ROOT = root = tmp_path / "portal"
    talks = record(tmp_path / "switch")
    assert ended(start(where, 3, root, "importrecordings", tmp_path / "switch"))[0] == KILLED
    have_rows = {audio_path(recording).read_bytes() for recording in Recording.objects.all()}
    assert sorted(have_rows | set(contents(tmp_path / "switch"))) == talks
    assert run("importrecordings", tmp_path / "switch")[0] == 0
    assert sorted(audio_path(recording).read_bytes() for recording in Recording.objects.all()) == talks
    assert files_in(tmp_path / "switch") == []

    # What the crash left behind here goes a day later, and nothing else.
    for name in files_in(root):
        os.utime(root / name, (1_700_000_000, 1_700_000_000))
    nobodys = {"audio before its rename": "1 removed", "audio between rename and commit": "1 set aside"}.get(where)
    assert run("importrecordings", "--tidy")[1] == ", ".join(filter(None, ("0 taken in", nobodys)))
    assert published(root) == talks
    assert not list((root / ".incoming").iterdir())


def test_two_processes_with_the_same_recordings(tmp_path: Path, settings: Any) -> None:
    settings.RECORDINGS_ROOT = root = tmp_path / "portal"
    talks = record(tmp_path / "switch")
    children = [start("never", 0, root, "importrecordings", tmp_path / "switch") for _ in range(2)]
    results = [ended(child) for child in children]
    assert [status for status, _, _ in results] == [0, 0], results
    assert sum(int(summary.split()[0]) for _, summary, _ in results) == 5
    assert published(root) == talks
    assert Recording.objects.count() == 5
    assert files_in(tmp_path / "switch") == []
