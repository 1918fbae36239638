"""`manage.py importcdrs`: what is taken in, what is left, what is set aside, what is never touched."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.db import OperationalError

from telephony.management.sweep_command import Interruption
from telephony.models import Call, Leg, Quarantine
from telephony.services import intake, record_sweep
from telephony.services.spool import Spool
from telephony.switch.cdr import MAX_CDR_BYTES
from telephony.tests.captures import DATA, TABLE, posts_of
from telephony.tests.hooks.test_cdr import MALFORMED
from telephony.tests.sweeps.sweeping import files_in, put, run
from telephony.tests.switch.test_cdr import ENCODINGS

pytestmark = pytest.mark.django_db

A_LEG = posts_of("local-answered")[1].body
NAME = "3e6bc8f5-181d-4c52-9d6d-46965011989d.cdr.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


@pytest.fixture
def spilled(folder: Path) -> list[str]:
    """Every file that a real switch spilled."""
    return [put(folder, path.name, path.read_bytes()).name for path in sorted((DATA / "spilled").iterdir())]


# -- what is taken in ------------------------------------------------------------------------------------------------------


def test_what_a_real_switch_spilled(folder: Path, spilled: list[str]) -> None:
    assert run("importcdrs", folder) == (0, "2 taken in, 2 known already", "")
    call = Call.objects.get()
    assert (call.caller_number, call.callee_number, call.bill_seconds, call.hangup_cause) == TABLE["spilled"]
    assert not Quarantine.objects.exists()
    # Not deleted unless that was asked for, but out of the way.
    assert files_in(folder) == sorted(f"taken/{name}" for name in spilled)


@pytest.mark.parametrize("options", [(), ("--delete",)])
def test_a_second_sweep_finds_nothing(folder: Path, spilled: list[str], options: tuple[str, ...]) -> None:
    run("importcdrs", folder, *options)
    before = list(Leg.objects.values()), list(Call.objects.values())
    assert run("importcdrs", folder, *options) == (0, "0 taken in", "")
    assert (list(Leg.objects.values()), list(Call.objects.values())) == before


def test_the_same_files_again_double_nothing_and_replace_nothing(folder: Path) -> None:
    put(folder, NAME, A_LEG)
    run("importcdrs", folder)
    put(folder, NAME, A_LEG + b"\n")
    assert run("importcdrs", folder) == (0, "0 taken in, 1 known already", "")
    assert Leg.objects.count() == 1
    assert (folder / "taken" / NAME).read_bytes() == A_LEG
    assert (folder / "taken" / f"{NAME}.1").read_bytes() == A_LEG + b"\n"


def test_taken_files_are_deleted_when_asked(folder: Path, spilled: list[str]) -> None:
    assert run("importcdrs", "--delete", folder)[0] == 0
    assert files_in(folder) == []
    assert Leg.objects.count() == 2


def test_taken_files_are_moved_where_asked(folder: Path, tmp_path: Path, spilled: list[str]) -> None:
    assert run("importcdrs", "--keep", tmp_path / "archive" / "2026", folder)[0] == 0
    assert files_in(folder) == []
    assert files_in(tmp_path / "archive" / "2026") == spilled


def test_several_folders(folder: Path, tmp_path: Path) -> None:
    for place, post in zip((folder, tmp_path / "log"), posts_of("local-answered"), strict=False):
        put(place, f"{post.name.replace('/', '-')}.cdr.json", post.body)
    assert run("importcdrs", folder, tmp_path / "log")[:2] == (0, "2 taken in")
    assert Call.objects.count() == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_in_which_a_record_is_posted(folder: Path, encoding: str) -> None:
    put(folder, NAME, ENCODINGS[encoding](A_LEG))
    assert run("importcdrs", folder) == (0, "1 taken in", "")
    assert Leg.objects.get().uuid == NAME.partition(".")[0]


@pytest.mark.parametrize("prefix", ["", "a_"])
def test_xml_as_posted_and_plain(folder: Path, prefix: str) -> None:
    form = posts_of("local-answered")[3].body
    put(folder, f"{prefix}one.cdr.xml", form)
    put(folder, f"{prefix}two.cdr.xml", unquote_to_bytes(form[4:]))
    assert run("importcdrs", folder) == (0, "1 taken in, 1 known already", "")


def test_the_record_says_which_leg_it_is_and_not_the_name_of_its_file(folder: Path) -> None:
    put(folder, "00000000-0000-0000-0000-000000000000.cdr.xml", A_LEG)
    assert run("importcdrs", folder)[0] == 0
    assert Leg.objects.get().uuid == NAME.partition(".")[0]


# -- what is left for later ------------------------------------------------------------------------------------------------


def test_a_young_file_is_left_until_it_is_old_enough(folder: Path) -> None:
    put(folder, NAME, A_LEG, age=50)
    assert run("importcdrs", folder) == (0, "0 taken in, 1 left for later", "")
    assert not Leg.objects.exists()
    assert files_in(folder) == [NAME]
    assert run("importcdrs", "--min-age", 40, folder)[1] == "1 taken in"


HALVES = {
    "json": A_LEG[:5000],
    "json but for its last byte": A_LEG.rstrip()[:-1],
    "xml": posts_of("local-answered")[3].body[:5000],
    "base64": ENCODINGS["base64 alone"](A_LEG)[:4001],
    "form": ENCODINGS["form"](A_LEG)[:5000],
    "nothing": b"",
}


@pytest.mark.parametrize("name", HALVES)
def test_a_half_written_file_is_left_then_set_aside(folder: Path, name: str) -> None:
    put(folder, NAME, HALVES[name], age=120)
    assert run("importcdrs", folder) == (0, "0 taken in, 1 left for later", "")
    assert files_in(folder) == [NAME]
    assert not Quarantine.objects.exists()

    put(folder, NAME, HALVES[name], age=660)
    status, summary, complaint = run("importcdrs", folder)
    assert (status, summary) == (1, "0 taken in, 1 set aside")
    kept = Quarantine.objects.get()
    assert complaint == f"{folder / NAME}: {kept.reason}"
    assert (kept.content, kept.leg_uuid) == (HALVES[name], NAME.partition(".")[0])
    assert files_in(folder) == [f"poison/{NAME}", f"poison/{NAME}.reason"]
    assert (folder / "poison" / NAME).read_bytes() == HALVES[name]
    assert kept.reason in (folder / "poison" / f"{NAME}.reason").read_text()
    assert not Leg.objects.exists()


def test_a_half_written_file_that_is_finished_in_time_is_taken_in(folder: Path) -> None:
    put(folder, NAME, A_LEG[:5000], age=120)
    run("importcdrs", folder)
    put(folder, NAME, A_LEG, age=61)
    assert run("importcdrs", folder) == (0, "1 taken in", "")


def test_a_file_that_is_written_to_while_it_is_taken_in_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(folder, NAME, A_LEG)

    def meanwhile(body: bytes, origin: Any) -> Any:
        path.write_bytes(A_LEG + b"\n")
        return intake.take_in(body, origin)

    monkeypatch.setattr(record_sweep, "take_in", meanwhile)
    assert run("importcdrs", "--delete", folder)[1] == "0 taken in, 1 left for later"
    assert files_in(folder) == [NAME]
    monkeypatch.undo()
    assert run("importcdrs", "--delete", "--min-age", 0, folder)[1] == "0 taken in, 1 known already"
    assert Leg.objects.count() == 1


# -- what is set aside -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MALFORMED)
def test_poison_is_set_aside_once_and_stops_nothing(folder: Path, name: str) -> None:
    put(folder, "0.cdr.json", MALFORMED[name])
    put(folder, NAME, A_LEG)
    status, summary, _ = run("importcdrs", folder)
    assert (status, summary) == (1, "1 taken in, 1 set aside")
    assert files_in(folder) == ["poison/0.cdr.json", "poison/0.cdr.json.reason", f"taken/{NAME}"]
    assert run("importcdrs", folder) == (0, "0 taken in", "")
    assert Quarantine.objects.get().times_seen == 1
    assert Leg.objects.count() == 1


def test_more_poison_of_the_same_name_replaces_nothing(folder: Path) -> None:
    for body in (b"first", b"second"):
        put(folder, NAME, body)
        assert run("importcdrs", folder)[0] == 1
    assert (folder / "poison" / NAME).read_bytes() == b"first"
    assert (folder / "poison" / f"{NAME}.1").read_bytes() == b"second"
    assert files_in(folder) == sorted(f"poison/{NAME}{end}" for end in ("", ".reason", ".1", ".1.reason"))


def test_a_huge_file_is_refused_and_its_head_is_kept(folder: Path) -> None:
    path = put(folder, NAME, b"{")
    with path.open("r+b") as file:
        file.truncate(3 * 1024**3)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert run("importcdrs", folder)[:2] == (1, "0 taken in, 1 set aside")
    kept = Quarantine.objects.get()
    assert kept.size_bytes == 3 * 1024**3
    assert len(kept.body) < 400_000
    assert str(MAX_CDR_BYTES) in kept.reason
    assert (folder / "poison" / NAME).stat().st_size == 3 * 1024**3


# -- what is never touched -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "x.json", ".cdr.json", "..cdr.json", "x.cdr.json.tmp", "x y.cdr.json", "-x.cdr.json", "x\n.cdr.json", "x.cdr.json\n",
     "é.cdr.json", f"{'x' * 70}.cdr.json", "x.CDR.JSON", "x.cdr.wav"],
)  # fmt: skip
def test_other_names(folder: Path, name: str) -> None:
    put(folder, name, A_LEG)
    assert run("importcdrs", "--delete", folder) == (0, "0 taken in", "")
    assert [path.name for path in folder.iterdir()] == [name]
    assert not Leg.objects.exists()


def test_what_is_no_regular_file(folder: Path, tmp_path: Path) -> None:
    outside = put(tmp_path, "outside.cdr.json", A_LEG)
    (folder / "link.cdr.json").symlink_to(outside)
    (folder / "dangling.cdr.json").symlink_to(tmp_path / "nowhere")
    (folder / "folder.cdr.json").mkdir()
    put(folder / "folder.cdr.json", NAME, A_LEG)
    os.mkfifo(folder / "pipe.cdr.json")
    before = sorted(folder.rglob("*"))
    assert run("importcdrs", "--delete", "--min-age", 0, folder) == (0, "0 taken in, 4 passed over", "")
    assert sorted(folder.rglob("*")) == before
    assert outside.read_bytes() == A_LEG
    assert not Leg.objects.exists()


def test_a_file_that_becomes_a_link_is_not_followed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = put(tmp_path, "outside.cdr.json", A_LEG)
    path = put(folder, NAME, A_LEG)
    regular = path.stat()
    path.unlink()
    path.symlink_to(outside)
    # As seen an instant before.
    monkeypatch.setattr(Spool, "_status", lambda self, name: regular)
    assert run("importcdrs", "--delete", folder)[1] == "0 taken in, 1 passed over"
    assert outside.exists()
    assert not Leg.objects.exists()


@pytest.mark.parametrize("name", ["taken", "poison"])
def test_a_link_in_the_place_of_our_own_folders_leads_nowhere(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / name).symlink_to(tmp_path / "elsewhere")
    put(folder, NAME, A_LEG if name == "taken" else b"poison")
    status, summary, complaint = run("importcdrs", folder)
    assert (status, summary) == (1, "0 taken in, 1 failed")
    assert str(folder / NAME) in complaint
    assert not list((tmp_path / "elsewhere").iterdir())
    assert (folder / NAME).exists()


# -- faults ----------------------------------------------------------------------------------------------------------------


def test_a_file_that_may_not_be_read_is_told_and_stops_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "0.cdr.json", A_LEG)
    put(folder, NAME, A_LEG)
    really_open = os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        # Who runs the tests may be root, who may read everything.
        if path == "0.cdr.json":
            raise PermissionError(13, "Permission denied")
        return really_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    status, summary, complaint = run("importcdrs", folder)
    assert (status, summary) == (1, "1 taken in, 1 failed")
    assert complaint == f"{folder / '0.cdr.json'}: Permission denied"
    assert (folder / "0.cdr.json").exists()


def test_a_taken_file_that_cannot_be_deleted_is_told_and_known_the_next_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, NAME, A_LEG)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", refuse)
    assert run("importcdrs", "--delete", folder)[:2] == (1, "0 taken in, 1 failed")
    monkeypatch.undo()
    assert run("importcdrs", "--delete", folder)[:2] == (0, "0 taken in, 1 known already")
    assert Leg.objects.count() == 1


@pytest.mark.parametrize("body", [A_LEG, b"poison"])
def test_a_file_that_may_not_be_moved_leaves_no_traces_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    put(folder, NAME, body)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "rename", refuse)
    for _ in range(2):
        assert run("importcdrs", folder)[:2] == (1, "0 taken in, 1 failed")
        assert files_in(folder) == [NAME]


@pytest.mark.parametrize(
    ("error", "words"),
    [(OperationalError("connection refused"), "database is away"), (OSError(28, "No space left on device"), "disk is full")],
)
def test_with_the_portal_away_it_stops_and_the_files_stay(
    folder: Path, spilled: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    taken: list[int] = []

    def away_after_the_first(*args: Any) -> Any:
        taken.append(1)
        if len(taken) > 1:
            raise error
        return intake.take_in(*args)

    monkeypatch.setattr(record_sweep, "take_in", away_after_the_first)
    status, summary, complaint = run("importcdrs", "--delete", folder)
    assert (status, summary) == (75, "1 taken in")
    assert words in complaint
    assert len(taken) == 2
    assert files_in(folder) == spilled[1:]
    monkeypatch.undo()
    assert run("importcdrs", "--delete", folder)[0] == 0
    assert Leg.objects.count() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("{tmp}/nowhere",), ("{tmp}/a-file",), (), ("--min-age", "-1", "{tmp}"), ("--min-age", "nan", "{tmp}"), ("--min-age", "x", "{tmp}"),
        ("--keep", "{tmp}", "{tmp}"), ("--keep", "{tmp}/k", "{tmp}/nowhere"), ("--keep", "{tmp}/k", "--delete", "{tmp}"),
        ("--keep", "/proc", "{tmp}"), ("--keep", "{tmp}/a-file", "{tmp}"), ("--keep", "{tmp}/a-file/x", "{tmp}"),
        ("--watch", "soon", "{tmp}"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    put(tmp_path, "a-file", b"")
    put(tmp_path, NAME, A_LEG)
    status, summary, complaint = run("importcdrs", *(each.format(tmp=tmp_path) for each in arguments))
    assert (status, summary) == (1, "")
    assert complaint
    assert (tmp_path / NAME).exists()
    assert not Leg.objects.exists()


def test_what_is_set_aside_or_kept_is_for_the_owner_and_group_alone(folder: Path) -> None:
    put(folder, "0.cdr.json", b"poison")
    run("importcdrs", folder)
    for path in (folder / "poison", folder / "poison" / "0.cdr.json.reason"):
        assert not path.stat().st_mode & stat.S_IRWXO


# -- going on --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Do something after each round of a watch, then end it by SIGTERM."""
    between: list[Any] = []

    def wait(self: Interruption, timeout: float) -> None:
        assert timeout == 7
        if between:
            between.pop(0)()
        else:
            self.signal = 15

    monkeypatch.setattr(Interruption, "wait", wait)
    yield between
    assert not between


@pytest.mark.django_db(transaction=True)
def test_a_watch_goes_on_through_an_outage_until_stopped(
    folder: Path, rounds: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("connection refused")

    def return_of_the_database() -> None:
        assert files_in(folder) == [NAME]
        monkeypatch.setattr(record_sweep, "take_in", intake.take_in)

    put(folder, NAME, A_LEG)
    monkeypatch.setattr(record_sweep, "take_in", away)
    rounds.append(return_of_the_database)
    rounds.append(lambda: put(folder, "0.cdr.json", b"poison"))
    rounds.append(lambda: put(folder, "young.cdr.json", A_LEG, age=1))
    status, summary, complaint = run("importcdrs", "--watch", 7, folder)
    assert status == 128 + 15
    # Rounds without news are silent.
    assert summary.splitlines() == ["1 taken in", "0 taken in, 1 set aside"]
    assert "stay until the next round" in complaint


def test_an_end_that_is_asked_for_comes_after_the_running_file(
    folder: Path, spilled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> Any:
        os.kill(os.getpid(), 2)
        return intake.take_in(*args)

    monkeypatch.setattr(record_sweep, "take_in", interrupted)
    assert run("importcdrs", "--delete", folder) == (130, "1 taken in", "")
    assert files_in(folder) == spilled[1:]
    assert Leg.objects.count() == 1


def test_a_second_signal_ends_at_once_and_loses_nothing(
    folder: Path, spilled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> Any:
        os.kill(os.getpid(), 2)
        os.kill(os.getpid(), 2)
        return intake.take_in(*args)

    monkeypatch.setattr(record_sweep, "take_in", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("importcdrs", "--delete", folder)
    monkeypatch.undo()
    assert files_in(folder) == spilled
    assert run("importcdrs", "--delete", folder)[:2] == (0, "2 taken in, 2 known already")


# -- two at once -----------------------------------------------------------------------------------------------------------


def test_a_file_in_the_hands_of_another_run_is_passed_over(folder: Path) -> None:
    put(folder, NAME, A_LEG)
    with Spool(folder) as spool, spool.claim(NAME) as file:
        assert file is not None
        assert run("importcdrs", folder) == (0, "0 taken in, 1 passed over", "")
    assert run("importcdrs", folder)[1] == "1 taken in"


def test_where_files_cannot_be_locked_they_are_taken_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*args: Any) -> None:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr("telephony.services.spool.fcntl.flock", no_locks)
    put(folder, NAME, A_LEG)
    assert run("importcdrs", folder)[:2] == (0, "1 taken in")


def test_a_lock_that_fails_otherwise_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("telephony.services.spool.fcntl.flock", broken)
    put(folder, NAME, A_LEG)
    assert run("importcdrs", folder) == (1, "0 taken in, 1 failed", f"{folder / NAME}: Input/output error")


def test_no_handler_is_left_behind_and_none_is_set_in_a_thread(folder: Path) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(run("importcdrs", folder)))
    thread.start()
    thread.join(30)
    assert results == [(0, "0 taken in", "")]
