"""The folder of a switch's own files on disk: written whole, file by file, and never over what somebody else wrote."""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# Written first, so that a folder that was begun is known to be ours.
MANIFEST: Final = ".written-by-portal.json"

_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ForeignFolderError(Exception):
    """Somebody else's files would be written over; the message names them."""


def write_folder(folder: Path, files: Mapping[str, bytes], *, group: int | None = None, overwrite: bool = False) -> list[str]:
    """Write the files (paths in the folder, their content) and return those of before that are no longer among them, deleted.

    Each file is at any moment the old one or the new one, whole, and the last of them comes last. Only their owner may read
    them, or a group (its id), too. Raises ForeignFolderError unless `overwrite`, OSError.
    """
    known = _known_files(folder)
    if not overwrite:
        _refuse_foreign(folder, files, known)
    _make_folder(folder, group)
    for parent in sorted({(folder / name).parent for name in files}):
        _make_folder(parent, group)
    # Between two writes a file may be the old one or the new one: until the end both are ours.
    both = {name: [*known.get(name, []), _digest(content)] for name, content in files.items()}
    _put(folder / MANIFEST, _manifest(known | both), group)
    for name, content in files.items():
        _put(folder / name, content, group)
    stale = sorted(known.keys() - files.keys())
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    _put(folder / MANIFEST, _manifest({name: [_digest(content)] for name, content in files.items()}), group)
    return stale


def _refuse_foreign(folder: Path, files: Mapping[str, bytes], known: Mapping[str, list[str]]) -> None:
    """Raise ForeignFolderError where the folder has something, and it is not the portal's, or was changed by hand."""
    if folder.exists() and not folder.is_dir():
        raise ForeignFolderError(f"{folder} is no folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ForeignFolderError(f"{folder} is not empty, and nothing says that the portal wrote it.")
    changed = sorted(
        name
        for name in files.keys() | known.keys()
        if (found := _content_of(folder / name)) is not None
        and _digest(found) not in known.get(name, [])
        and found != files.get(name)
    )
    if changed:
        raise ForeignFolderError(f"In {folder} somebody else has written {', '.join(changed)}.")


def _known_files(folder: Path) -> dict[str, list[str]]:
    """Return the digests of what the portal wrote into the folder, by its path; none where nothing says that it did."""
    try:
        written = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    files = written.get("files") if isinstance(written, dict) else None
    if not isinstance(files, dict):
        return {}
    return {
        name: [str(digest) for digest in digests]
        for name, digests in files.items()
        if isinstance(digests, list) and not Path(name).is_absolute() and ".." not in Path(name).parts
    }


def _manifest(files: Mapping[str, list[str]]) -> bytes:
    told = {"comment": "Written by `manage.py switchconfig`, which writes it anew.", "files": dict(sorted(files.items()))}
    return json.dumps(told, indent=1).encode() + b"\n"


def _make_folder(folder: Path, group: int | None) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, mode=0o700)
        if group is not None:
            os.chown(folder, -1, group)
            folder.chmod(0o750)


def _put(path: Path, content: bytes, group: int | None) -> None:
    """Replace a file in one step; the passwords in it are nobody's to read in between."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, _NEW_FILE, 0o600), "wb") as file:
            file.write(content)
            if group is not None:
                os.fchown(file.fileno(), -1, group)
                os.fchmod(file.fileno(), 0o640)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        raise


def _content_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
