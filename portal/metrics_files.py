"""Where the worker processes of a server count requests together, so that any of them can tell the sum.

Each server has a folder of its own, named by its process, which outlives its workers: what a worker that was killed had counted
stays counted. The folder of a server that is no more is removed by the next one that starts: its counts began anew anyway.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# Where Linux tells when a process began, counted behind its name, which may hold blanks. Source: proc_pid_stat(5).
_START_TIME: Final = 19


def share_counts() -> None:
    """Count in the folder of this worker's server; before prometheus_client is imported. Raises ImproperlyConfigured."""
    if not settings.HAS_METRICS or VARIABLE in os.environ:
        return
    server = os.getppid()
    own = settings.METRICS_DIR / f"{server}-{_began(server)}"
    try:
        own.mkdir(parents=True, exist_ok=True)
        _forget_ended(settings.METRICS_DIR)
    except OSError as error:
        raise ImproperlyConfigured(f"METRICS_DIR must be a folder that can be written: {error}") from None
    os.environ[VARIABLE] = str(own)


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
