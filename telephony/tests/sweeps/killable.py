"""A sweep, or a worker, in a process of its own that is shot at one point: `killable.py WHERE N RECORDINGS_ROOT COMMAND…`.

It ends by SIGKILL when it comes to that point for the Nth time; at the point `never` it runs to its end.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import django

sys.path.insert(0, str(Path.cwd()))
django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.core.management import execute_from_command_line  # noqa: E402

# Where it ends: what is called there, and whether it ends before the call or after it.
POINTS = {
    "record before commit": ("telephony.services.intake.settle", "after"),
    "record after commit": ("telephony.services.record_sweep.take_in", "after"),
    "between making a place and moving": ("telephony.services.spool.os.rename", "before"),
    "after moving": ("telephony.services.spool.os.rename", "after"),
    "before deleting": ("telephony.services.spool.Spool.remove", "before"),
    "after deleting": ("telephony.services.spool.Spool.remove", "after"),
    "before the reason": ("telephony.services.spool.Spool.write", "before"),
    "audio before its rename": ("telephony.services.recordings._store", "before"),
    "audio between rename and commit": ("telephony.services.recordings._sync_folder", "before"),
    "half measured": ("telephony.services.measuring.measure", "before"),
    "message before it is sent": ("webhooks.delivering.post", "before"),
    "message after it was sent": ("webhooks.delivering.post", "after"),
    "message after it was noted": ("webhooks.delivering._note", "after"),
    "audio after commit": ("telephony.services.recording_sweep.publish", "after"),
}


def shoot(number: int, original: Callable[..., Any], when: str) -> Callable[..., Any]:
    called = 0

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal called
        called += 1
        if called == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if called == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapper


def main(where: str, number: str, recordings: str, *command: str) -> None:
    settings.RECORDINGS_ROOT = Path(recordings)
    if where == "never":
        execute_from_command_line(["manage.py", *command])
        return
    target, when = POINTS[where]
    patcher = mock.patch(target)
    original, _ = patcher.get_original()
    with mock.patch(target, shoot(int(number), original, when)):
        execute_from_command_line(["manage.py", *command])


if __name__ == "__main__":
    main(*sys.argv[1:])
