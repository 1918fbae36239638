"""Folders into which another program writes: walked and emptied without trusting anything that lies in them.

Everything goes through the descriptor of the folder, so that nobody can exchange it, or a file in it, for a link to elsewhere.
"""

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from web.bodies import CHUNK_BYTES

ASIDE = "poison"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe that took the place of a file must not make us wait for its writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class FileChangedError(Exception):
    """Somebody wrote to the file, or put another in its place, while it was worked on."""


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """A regular file that this run has in hand, open for reading."""

    name: str
    descriptor: int
    status: os.stat_result

    @property
    def size(self) -> int:
        """Bytes, when it was opened."""
        return self.status.st_size

    @property
    def age(self) -> float:
        """Seconds since it was last written to."""
        return time.time() - self.status.st_mtime

    def chunks(self) -> Iterator[bytes]:
        """Yield the file from its beginning, a piece at a time."""
        offset = 0
        while chunk := os.pread(self.descriptor, CHUNK_BYTES, offset):
            offset += len(chunk)
            yield chunk

    def read(self, most: int) -> bytes:
        """Return the file, no more of it than `most` bytes."""
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            if len(body) >= most:
                break
        return bytes(body[:most])


class Spool:
    """A folder, held open. Whatever is done to a file in it raises OSError where the system refuses."""

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        self.path = path
        self.descriptor = os.open(path, _FOLDER) if descriptor is None else descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.descriptor)

    def names(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the names in the folder that match the whole pattern, sorted; folders below it are not entered."""
        with os.scandir(self.descriptor) as entries:
            return sorted(entry.name for entry in entries if pattern.fullmatch(entry.name))

    @contextmanager
    def claim(self, name: str) -> Iterator[SpoolFile | None]:
        """Open a file for this run alone.

        None where it is no regular file, has gone, or is in the hands of another run. The claim is a lock on the file
        itself: it ends with the process, however that ends, and leaves nothing behind.
        """
        descriptor = self._open(name)
        if descriptor is None:
            yield None
            return
        try:
            yield self._claimed(name, descriptor)
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int | None:
        try:
            if not stat.S_ISREG(self._status(name).st_mode):
                return None
            return os.open(name, _FILE, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:  # it became a link this instant
                return None
            raise

    def _claimed(self, name: str, descriptor: int) -> SpoolFile | None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        except OSError as error:
            # Some network file systems lock only what may be written. What is done with a file can be done twice,
            # so that the lock only saves the work.
            if error.errno not in (errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL):
                raise
        file = SpoolFile(name, descriptor, os.fstat(descriptor))
        # The run that had it before may have moved it while we opened it.
        return file if stat.S_ISREG(file.status.st_mode) and self._is_unchanged(file) else None

    def _status(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def _is_unchanged(self, file: SpoolFile) -> bool:
        try:
            now = self._status(file.name)
        except FileNotFoundError:
            return False
        return all(
            getattr(now, field) == getattr(file.status, field) for field in ("st_dev", "st_ino", "st_size", "st_mtime_ns")
        )

    # -- what becomes of a file ----------------------------------------------------------------------------------------

    def remove(self, file: SpoolFile) -> None:
        """Delete a file. Raises FileChangedError where it is not the one any more that was claimed."""
        self._check_unchanged(file)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name, dir_fd=self.descriptor)

    def move(self, file: SpoolFile, folder: "Spool") -> None:
        """Move a file to another folder, where it replaces nothing. Raises FileChangedError."""
        self._check_unchanged(file)
        self._rename(file, folder, folder.reserve(file.name))

    def set_aside(self, file: SpoolFile, reason: str) -> None:
        """Move a file to the folder below for those that nobody could use, its reason beside it. Raises FileChangedError."""
        self._check_unchanged(file)
        with self.subfolder(ASIDE) as aside:
            name = aside.reserve(file.name)
            said = aside.write(f"{name}.reason", f"{datetime.now(UTC).isoformat(timespec='seconds')} {reason}\n")
            self._rename(file, aside, name, said)

    def _rename(self, file: SpoolFile, folder: "Spool", reserved: str, *beside: str) -> None:
        """Move a file over a name that was just made for it; any other would replace whatever stood there.

        Where that fails, the name and what was written beside it are taken back. Raises FileChangedError where another run
        was faster.
        """
        try:
            os.rename(file.name, reserved, src_dir_fd=self.descriptor, dst_dir_fd=folder.descriptor)
        except OSError as error:
            for name in (reserved, *beside):
                os.unlink(name, dir_fd=folder.descriptor)
            if error.errno == errno.ENOENT:
                raise FileChangedError from None
            raise

    def subfolder(self, name: str) -> "Spool":
        """Open a folder below, made when it is missing; never one that a link leads to."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o750, dir_fd=self.descriptor)
        return Spool(self.path / name, os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.descriptor))

    def reserve(self, name: str) -> str:
        """Make an empty file under a name that nothing stands under yet, numbered where `name` is taken; return the name."""
        for number in count():
            free = f"{name}.{number}" if number else name
            with contextlib.suppress(FileExistsError):
                os.close(os.open(free, _NEW_FILE, 0o640, dir_fd=self.descriptor))
                return free
        raise AssertionError("unreachable")

    def write(self, name: str, text: str) -> str:
        """Write a new file, numbered where `name` is taken; return its name."""
        free = self.reserve(name)
        descriptor = os.open(free, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.descriptor)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return free

    def _check_unchanged(self, file: SpoolFile) -> None:
        if not self._is_unchanged(file):
            raise FileChangedError
