"""The folder of a switch's files: whole, private, and never over what somebody else wrote."""

import os
import stat
from pathlib import Path

import pytest

from telephony.services import switch_folder
from telephony.services.switch_folder import MANIFEST, ForeignFolderError, write_folder

FILES = {"conf/a.xml": b"<a/>\n", "root.xml": b"<root/>\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "switch"


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def modes(folder: Path) -> set[str]:
    return {
        f"{stat.S_ISDIR(path.stat().st_mode):d} {stat.S_IMODE(path.stat().st_mode):o}" for path in [folder, *folder.rglob("*")]
    }


def test_a_new_folder_is_its_owners_alone(folder: Path) -> None:
    assert write_folder(folder, FILES) == []
    assert content(folder) == FILES
    assert modes(folder) == {"1 700", "0 600"}


def test_a_group_may_read_and_no_more(folder: Path) -> None:
    write_folder(folder, FILES, group=os.getgid())
    assert modes(folder) == {"1 750", "0 640"}


def test_again_changes_what_is_different_and_removes_what_is_over(folder: Path) -> None:
    write_folder(folder, FILES | {"old.xml": b"old"})
    assert write_folder(folder, {"conf/a.xml": b"<b/>", "root.xml": b"<root/>\n"}) == ["old.xml"]
    assert content(folder) == {"conf/a.xml": b"<b/>", "root.xml": b"<root/>\n"}


def test_files_of_others_beside_them_stay(folder: Path) -> None:
    write_folder(folder, FILES)
    (folder / "notes.txt").write_text("mine")
    write_folder(folder, FILES)
    assert (folder / "notes.txt").read_text() == "mine"


def test_somebody_elses_folder_is_left_as_it_is(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "freeswitch.xml").write_text("vanilla")
    with pytest.raises(ForeignFolderError, match="not empty"):
        write_folder(folder, FILES)
    assert content(folder) == {"freeswitch.xml": b"vanilla"}
    write_folder(folder, FILES, overwrite=True)
    assert content(folder) == FILES | {"freeswitch.xml": b"vanilla"}


def test_an_empty_folder_is_nobodys(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_folder(folder, FILES)
    assert content(folder) == FILES


def test_a_file_in_the_place_of_the_folder(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("x")
    with pytest.raises(ForeignFolderError, match="no folder"):
        write_folder(folder, FILES)


def test_what_was_changed_by_hand_is_not_written_over(folder: Path) -> None:
    write_folder(folder, FILES)
    (folder / "root.xml").write_bytes(b"by hand")
    with pytest.raises(ForeignFolderError, match=r"root\.xml"):
        write_folder(folder, FILES)
    assert content(folder) == FILES | {"root.xml": b"by hand"}


def test_a_manifest_that_names_files_elsewhere_is_not_believed(folder: Path) -> None:
    outside = folder.parent / "outside"
    write_folder(folder, FILES)
    outside.write_text("precious")
    (folder / MANIFEST).write_text('{"files": {"../outside": ["x"], "/etc/passwd": ["x"], "conf/a.xml": 7}}')
    write_folder(folder, FILES, overwrite=True)
    assert outside.read_text() == "precious"
    (folder / MANIFEST).write_text("[")
    write_folder(folder, FILES, overwrite=True)
    assert content(folder) == FILES


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(folder: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"<root/>\n")
    write_folder(folder, FILES)
    (folder / "root.xml").unlink()
    (folder / "root.xml").symlink_to(precious)
    write_folder(folder, FILES | {"root.xml": b"new"})
    assert precious.read_bytes() == b"<root/>\n"
    assert not (folder / "root.xml").is_symlink()


@pytest.mark.parametrize("writes", range(5))
def test_a_run_that_was_cut_off_can_be_repeated(folder: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    write_folder(folder, FILES)
    put, done = switch_folder._put, 0

    def put_some(path: Path, body: bytes, group: int | None) -> None:
        nonlocal done
        if done == writes:
            raise OSError(28, "No space left on device", str(path))
        done += 1
        put(path, body, group)

    monkeypatch.setattr(switch_folder, "_put", put_some)
    new = {"conf/a.xml": b"<new/>", "conf/b.xml": b"<b/>", "root.xml": b"<new root/>"}
    with pytest.raises(OSError, match="No space"):
        write_folder(folder, new)
    monkeypatch.setattr(switch_folder, "_put", put)
    write_folder(folder, new)
    assert content(folder) == new


def test_a_write_that_fails_leaves_nothing_beside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(folder, FILES)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_folder(folder, FILES | {"root.xml": b"new"})
    assert content(folder) == FILES
