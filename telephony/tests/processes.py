"""Processes of their own that work on the test's database: what they are killed in stays behind as a crash leaves it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 60


def environment() -> dict[str, str]:
    """Return the environment in which another process works on the test's database; for tests with `transaction=True`."""
    return os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONPATH": str(ROOT)}


def database_url() -> str:
    """Return the address of the test's database."""
    where = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{where['NAME']}"
    proof = ":".join(quote(part, safe="") for part in (where["USER"], where["PASSWORD"]) if part)
    return f"postgres://{proof}@{where['HOST']}:{where['PORT']}/{where['NAME']}"


def start(*command: str, **options: Any) -> "subprocess.Popen[str]":
    """Start a Python process on the test's database; its output can be read."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment(), text=True, **(pipes | options))


def run(*command: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a Python process on the test's database to its end."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment(), text=True, capture_output=True,
        timeout=PATIENCE_SECONDS, check=False, **options,
    )  # fmt: skip
