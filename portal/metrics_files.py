"""Where the worker processes of a server count requests together, so that any of them can tell the sum.

Each server has a folder of its own, named by its process, which outlives its workers: what a worker that was killed had counted
stays counted. The folder of a server that is no more is removed by the next one that starts: its counts began anew anyway.

A worker counts in files named by its place, not by its process: whoever comes after one that is gone takes its place, and
counts on in its files. So there are never more of them than there were workers at once, however often these are started anew.
"""

import fcntl
import os
import shutil
from itertools import count
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# Where Linux tells when a process began, counted behind its name, which may hold blanks. Source: proc_pid_stat(5).
_START_TIME: Final = 19
# The place of a process, by its id: one that was forked takes another than its parent's.
_places: Final[dict[int, int]] = {}


def share_counts() -> None:
    """Count in the folder of this worker's server; before prometheus_client is imported. Raises ImproperlyConfigured."""
    if not settings.HAS_METRICS or VARIABLE in os.environ:
        return
    server = os.getppid()
    own = settings.METRICS_DIR / f"{server}-{_began(server)}"
    try:
        own.mkdir(parents=True, exist_ok=True)
        _forget_ended(settings.METRICS_DIR)
        _place_in(own)
    except OSError as error:
        raise ImproperlyConfigured(f"METRICS_DIR must be a folder that can be written: {error}") from None
    os.environ[VARIABLE] = str(own)
    from prometheus_client import values  # noqa: PLC0415 - decides at its import whether it counts in files

    values.ValueClass = values.MultiProcessValue(lambda: _place_in(own))  # type: ignore[no-untyped-call]


def _place_in(folder: Path) -> int:
    """Return this worker's place: the lowest that no other has at the moment; held until it ends, in whatever way."""
    process = os.getpid()
    if process not in _places:
        _places[process] = next(place for place in count(1) if _takes(folder / f"{place}.lock"))
    return _places[process]


def _takes(lock: Path) -> bool:
    """Lock a file, and write this process's id into it; it stays open, so that the lock ends when the process does."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return True


def _forget_ended(folder: Path) -> None:
    for each in folder.iterdir():
        server, _, began = each.name.partition("-")
        if server.isdecimal() and began and _began(int(server)) != began:
            # Another worker of this server may be about the same.
            shutil.rmtree(each, ignore_errors=True)


def _began(process: int) -> str:
    """Return when a process began, in ticks since the machine did; "ended" where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[_START_TIME]
    except (FileNotFoundError, ProcessLookupError):
        return "ended"
