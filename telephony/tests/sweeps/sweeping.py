"""What the tests of the sweeps share: aged files, the commands run here and in processes of their own."""

import os
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

KILLABLE = Path(__file__).with_name("killable.py")


def put(folder: Path, name: str, body: bytes, age: float = 3600) -> Path:
    """Write a file that was last written to so many seconds ago."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(body)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def run(command: str, *arguments: object) -> tuple[int, str, str]:
    """Run a command in this process; return its exit status, its summary and what it complained of."""
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command(command, *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        status = int(str(end.code))
    except CommandError as error:
        status = error.returncode
        err.write(str(error))
    return status, out.getvalue().strip(), err.getvalue().strip()


def files_in(folder: Path) -> list[str]:
    """Return every regular file below the folder, by its path there."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def child_environment(**more: str) -> dict[str, str]:
    """Return an environment in which a process works on the database of this test."""
    database: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        login = f"{database['USER']}:{database['PASSWORD']}" if database["PASSWORD"] else database["USER"]
        url = f"postgres://{login}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.tests.settings"} | more


def start(*command: object, stderr: int = subprocess.PIPE, **more: str) -> subprocess.Popen[str]:
    """Start `killable.py`: WHERE N RECORDINGS_ROOT COMMAND…, see there."""
    return subprocess.Popen(
        [sys.executable, str(KILLABLE), *map(str, command)], cwd=settings.BASE_DIR, env=child_environment(**more),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
    )  # fmt: skip
