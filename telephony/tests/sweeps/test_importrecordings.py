"""`manage.py importrecordings`: what is published, what is removed from the switch, what never comes back."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.models import User
from telephony.models import Call, Recording
from telephony.services import recording_leftovers, recording_sweep, recordings
from telephony.services.recordings import MAX_RECORDING_BYTES, audio_path, delete_audio, publish
from telephony.tests.captures import DATA, posts_of
from telephony.tests.hooks.test_recordings import BAD_AUDIO, made_wav
from telephony.tests.sweeps.sweeping import files_in, put, run

pytestmark = pytest.mark.django_db

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
NAME = f"{LEG}.wav"
AUDIO = (DATA / "local-answered" / NAME).read_bytes()
DAY = 24 * 60 * 60
OTHER = made_wav()
# What a real switch leaves of a recording that it could not end: its header still says that there is nothing.
NEVER_CLOSED = AUDIO[:4] + b"\x08\0\0\0" + AUDIO[8:40] + b"\0\0\0\0" + AUDIO[44:]


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    """The portal's own folder."""
    settings.RECORDINGS_ROOT = tmp_path / "portal"
    return tmp_path / "portal"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "switch").mkdir()
    return tmp_path / "switch"


def published(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in root.glob("??/*.wav")]


# -- what arrives ----------------------------------------------------------------------------------------------------------


def test_what_did_not_arrive_is_published_with_its_call(folder: Path, root: Path, post_cdr: Callable[..., object]) -> None:
    for post in posts_of("local-answered"):
        post_cdr(post)
    put(folder, NAME, AUDIO)
    assert run("importrecordings", folder) == (0, "1 taken in", "")
    recording = Recording.objects.get()
    assert (recording.leg_uuid, recording.call) == (LEG, Call.objects.get())
    assert audio_path(recording).read_bytes() == AUDIO
    assert files_in(folder) == []
    assert not list((root / ".incoming").iterdir())


def test_the_recording_of_a_leg_that_is_not_known_yet_finds_its_call_later(
    folder: Path, post_cdr: Callable[..., object]
) -> None:
    put(folder, NAME, AUDIO)
    run("importrecordings", folder)
    assert Recording.objects.get().call is None
    for post in posts_of("local-answered"):
        post_cdr(post)
    assert Recording.objects.get().call == Call.objects.get()


def test_what_has_arrived_is_removed_from_the_switch_and_published_once(folder: Path, root: Path) -> None:
    publish(LEG, [AUDIO], len(AUDIO))
    before = Recording.objects.values().get()
    put(folder, NAME, AUDIO)
    assert run("importrecordings", folder) == (0, "0 taken in, 1 known already", "")
    assert files_in(folder) == []
    assert Recording.objects.values().get() == before
    assert published(root) == [AUDIO]


def test_a_second_sweep_finds_nothing(folder: Path, root: Path) -> None:
    put(folder, NAME, AUDIO)
    run("importrecordings", folder)
    assert run("importrecordings", folder) == (0, "0 taken in", "")
    assert published(root) == [AUDIO]


def test_what_arrives_while_it_is_swept_is_published_once(folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(leg_uuid: str, *args: Any) -> Any:
        publish(leg_uuid, [AUDIO], len(AUDIO))
        return publish(leg_uuid, *args)

    monkeypatch.setattr(recording_sweep, "publish", meanwhile)
    put(folder, NAME, AUDIO)
    assert run("importrecordings", folder)[:2] == (0, "0 taken in, 1 known already")
    assert published(root) == [AUDIO]


# -- what is left, and set aside at last -----------------------------------------------------------------------------------


def test_a_young_file_is_left(folder: Path) -> None:
    put(folder, NAME, AUDIO, age=50)
    assert run("importrecordings", folder) == (0, "0 taken in, 1 left for later", "")
    assert files_in(folder) == [NAME]
    assert not Recording.objects.exists()


BROKEN = {name: body for name, (body, _) in BAD_AUDIO.items()} | {"empty": b"", "never closed": NEVER_CLOSED}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_or_not_finished_is_left_then_set_aside(folder: Path, root: Path, name: str) -> None:
    put(folder, NAME, BROKEN[name], age=DAY - 600)
    assert run("importrecordings", folder) == (0, "0 taken in, 1 left for later", "")
    assert files_in(folder) == [NAME]
    put(folder, NAME, BROKEN[name], age=DAY + 60)
    status, summary, complaint = run("importrecordings", folder)
    assert (status, summary) == (1, "0 taken in, 1 set aside")
    assert complaint.startswith(f"{folder / NAME}: ")
    assert files_in(folder) == [f"poison/{NAME}", f"poison/{NAME}.reason"]
    assert (folder / "poison" / NAME).read_bytes() == BROKEN[name]
    assert not Recording.objects.exists()
    assert not published(root)
    # It does not stand in the way of the whole file.
    put(folder, NAME, AUDIO)
    assert run("importrecordings", folder)[:2] == (0, "1 taken in")


def test_a_held_calls_recording_is_published_when_it_is_finished(folder: Path, root: Path) -> None:
    put(folder, NAME, NEVER_CLOSED[:100_000], age=4 * 3600)
    run("importrecordings", folder)
    put(folder, NAME, AUDIO, age=61)
    assert run("importrecordings", folder)[:2] == (0, "1 taken in")
    assert published(root) == [AUDIO]


@pytest.mark.parametrize("more", [b"", b"more"])
def test_a_file_that_changes_while_it_is_read_stays(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    path = put(folder, NAME, AUDIO)

    def meanwhile(leg_uuid: str, chunks: Any, length: int) -> Any:
        path.write_bytes(AUDIO + more)
        return publish(leg_uuid, chunks, length)

    monkeypatch.setattr(recording_sweep, "publish", meanwhile)
    assert run("importrecordings", folder)[:2] == (0, "0 taken in, 1 left for later")
    assert files_in(folder) == [NAME]
    assert published(root) == ([] if more else [AUDIO])


def test_a_huge_file_is_set_aside_unread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(folder, NAME, b"RIFF")
    with path.open("r+b") as file:
        file.truncate(MAX_RECORDING_BYTES + 1)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr(recording_sweep, "publish", lambda *args: pytest.fail("read"))
    assert run("importrecordings", folder)[:2] == (1, "0 taken in, 1 set aside")
    assert str(MAX_RECORDING_BYTES) in (folder / "poison" / f"{NAME}.reason").read_text()


# -- conflicts, and what must not come back --------------------------------------------------------------------------------


def test_another_recording_of_the_leg_is_set_aside_and_replaces_nothing(folder: Path, root: Path) -> None:
    publish(LEG, [AUDIO], len(AUDIO))
    for body in (OTHER, AUDIO[:-1] + b"x"):
        put(folder, NAME, body)
        status, summary, complaint = run("importrecordings", folder)
        assert (status, summary) == (1, "0 taken in, 1 set aside")
        assert "Another recording" in complaint
    assert published(root) == [AUDIO]
    assert (folder / "poison" / NAME).read_bytes() == OTHER


def test_audio_that_a_person_deleted_does_not_come_back_and_goes_from_the_switch(
    folder: Path, root: Path, make_person: Callable[..., User]
) -> None:
    recording, _ = publish(LEG, [AUDIO], len(AUDIO))
    delete_audio(recording, actor=make_person("anna"))
    before = Recording.objects.values().get()
    put(folder, NAME, AUDIO)
    assert run("importrecordings", folder) == (0, "0 taken in, 1 known already", "")
    assert files_in(folder) == []
    assert not published(root)
    put(folder, NAME, OTHER)
    assert run("importrecordings", folder)[:2] == (1, "0 taken in, 1 set aside")
    assert not published(root)
    assert Recording.objects.values().get() == before


def test_audio_under_legal_hold_stays_as_it_is(folder: Path, root: Path) -> None:
    recording, _ = publish(LEG, [AUDIO], len(AUDIO))
    Recording.objects.update(legal_hold=True)
    put(folder, NAME, AUDIO)
    assert run("importrecordings", "--tidy", folder) == (0, "0 taken in, 1 known already", "")
    assert published(root) == [AUDIO]
    put(folder, NAME, OTHER)
    assert run("importrecordings", folder)[0] == 1
    assert audio_path(recording).read_bytes() == AUDIO


@pytest.mark.parametrize("fault", ["gone", "cut"])
def test_the_switchs_file_stays_while_the_published_one_is_not_whole(folder: Path, fault: str) -> None:
    recording, _ = publish(LEG, [AUDIO], len(AUDIO))
    if fault == "gone":
        audio_path(recording).unlink()
    else:
        audio_path(recording).write_bytes(AUDIO[:100])
    put(folder, NAME, AUDIO)
    status, summary, complaint = run("importrecordings", folder)
    assert (status, summary) == (1, "0 taken in, 1 failed")
    assert "not in its place" in complaint
    assert files_in(folder) == [NAME]


# -- what is never touched -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["music.wav", f"{LEG}.mp3", f"{LEG}.wav.tmp", f"x{LEG}.wav", LEG, "1006.wav", f"{LEG}.wav\n"])
def test_files_that_are_named_otherwise_are_somebody_elses(folder: Path, name: str) -> None:
    put(folder, name, AUDIO)
    assert run("importrecordings", folder) == (0, "0 taken in", "")
    assert [path.name for path in folder.iterdir()] == [name]
    assert not Recording.objects.exists()


def test_what_is_no_regular_file(folder: Path, tmp_path: Path) -> None:
    outside = put(tmp_path, NAME, AUDIO)
    names = iter(f"3e6bc8f5-181d-4c52-9d6d-46965011989{n}.wav" for n in range(3))
    (folder / next(names)).symlink_to(outside)
    (folder / next(names)).mkdir()
    os.mkfifo(folder / next(names))
    before = sorted(folder.rglob("*"))
    assert run("importrecordings", "--min-age", 0, folder) == (0, "0 taken in, 3 passed over", "")
    assert sorted(folder.rglob("*")) == before
    assert outside.read_bytes() == AUDIO
    assert not Recording.objects.exists()


# -- faults ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [(OperationalError("gone"), "database is away"), (OSError(28, "No space left on device"), "disk is full")],
)
def test_with_the_portal_away_it_stops_and_the_files_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def away(*args: Any) -> None:
        raise error

    names = [put(folder, name, AUDIO).name for name in (NAME, NAME.replace("3e6", "3e7"))]
    monkeypatch.setattr(recordings, "_sync_folder", away)
    status, summary, complaint = run("importrecordings", folder)
    assert (status, summary) == (75, "0 taken in")
    assert words in complaint
    assert files_in(folder) == names
    assert not Recording.objects.exists()


@pytest.mark.parametrize("arguments", [(), ("--tidy", "--watch", "5"), ("/nowhere/at/all",), ("--unfinished", "x", "/")])
def test_what_cannot_be_done_is_refused_in_a_sentence(arguments: tuple[str, ...]) -> None:
    status, summary, complaint = run("importrecordings", *arguments)
    assert (status, summary) == (1, "")
    assert complaint


# -- the portal's own leftovers --------------------------------------------------------------------------------------------


def test_parts_of_uploads_are_removed_after_a_day(root: Path) -> None:
    put(root / ".incoming", "tmpold.part", b"x", age=DAY + 60)
    put(root / ".incoming", "tmpnew.part", b"x", age=DAY - 600)
    put(root / ".incoming", "other.txt", b"x", age=DAY + 60)
    assert run("importrecordings", "--tidy") == (0, "0 taken in, 1 removed, 1 left for later", "")
    assert files_in(root) == [".incoming/other.txt", ".incoming/tmpnew.part"]


def test_published_audio_is_left_alone_and_what_has_no_row_is_set_aside(root: Path) -> None:
    recording, _ = publish(LEG, [AUDIO], len(AUDIO))
    os.utime(audio_path(recording), (1_700_000_000, 1_700_000_000))
    nobodys = "ab" + "0" * 30 + ".wav"
    put(root / "ab", nobodys, b"old", age=DAY + 60)
    put(root / "ab", nobodys.replace("0", "1"), b"being published", age=60)
    status, summary, complaint = run("importrecordings", "--tidy")
    assert (status, summary) == (1, "0 taken in, 1 set aside, 1 left for later")
    assert nobodys in complaint
    # Perhaps the database was put back to an earlier state, and this is the only copy.
    assert (root / ".unclaimed" / nobodys).read_bytes() == b"old"
    assert (root / "ab" / nobodys.replace("0", "1")).exists()
    assert audio_path(recording).read_bytes() == AUDIO


def test_audio_whose_row_is_committed_this_instant_is_left_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, _ = publish(LEG, [AUDIO], len(AUDIO))
    os.utime(audio_path(recording), (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr(recording_leftovers, "_without_audience", lambda shelf, names: names)
    assert run("importrecordings", "--tidy") == (0, "0 taken in, 1 passed over", "")
    assert published(root) == [AUDIO]


def test_audio_that_outlived_its_deletion_goes(root: Path, make_person: Callable[..., User]) -> None:
    recording, _ = publish(LEG, [AUDIO], len(AUDIO))
    # As after a crash between the commit and the removal.
    Recording.objects.update(state="deleted", deleted_at=timezone.now(), deleted_by=make_person("anna"))
    os.utime(audio_path(recording), (1_700_000_000, 1_700_000_000))
    assert run("importrecordings", "--tidy") == (0, "0 taken in, 1 removed", "")
    assert not published(root)


def test_links_in_the_portals_own_folder_lead_nowhere(root: Path, tmp_path: Path) -> None:
    outside = put(tmp_path, "ab" + "0" * 30 + ".wav", AUDIO, age=2 * DAY)
    for place, name in ((".incoming", "tmpx.part"), ("ab", outside.name)):
        (root / place).mkdir(parents=True)
        (root / place / name).symlink_to(outside)
    assert run("importrecordings", "--tidy") == (0, "0 taken in, 2 passed over", "")
    assert outside.read_bytes() == AUDIO


def test_a_portal_without_recordings_has_no_leftovers() -> None:
    assert run("importrecordings", "--tidy") == (0, "0 taken in", "")
