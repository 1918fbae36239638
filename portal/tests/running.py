"""A portal as it runs in production, of several worker processes, for tests that ask it over the network."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.tests.auth0 import AUDIENCE, bearer
from demo.auth0 import Auth0StandIn
from demo.run import server_command

WORKERS = 4


class Portal:
    """A portal of several processes over a database of its own."""

    def __init__(self, folder: Path, auth0: Auth0StandIn) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.database = folder / "portal.sqlite3"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DEBUG": "true",  # static files without a manifest
            "DATABASE_URL": f"sqlite:///{self.database}",
            "RECORDINGS_URL": f"file://{folder}/recordings",
            "PORT": str(self.port),
            "AUTH0_BASE_URL": auth0.base_url,
            "AUTH0_CLIENT_ID": auth0.client_id,
            "AUTH0_CLIENT_SECRET": auth0.client_secret,
            "AUTH0_AUDIENCE": AUDIENCE,
        }

    @contextlib.contextmanager
    def running(self) -> Iterator["Portal"]:
        """The portal, over a database that is made now."""
        self.manage("migrate", "-v", "0")
        with self.serving():
            yield self

    @contextlib.contextmanager
    def serving(self) -> Iterator["Portal"]:
        """The server alone, so that it can be stopped and started over the same database."""
        command = server_command(self.port)
        command[command.index("--workers") + 1] = str(WORKERS)
        log = (self.database.parent / "server.log").open("ab")
        with log, subprocess.Popen(command, stdout=log, stderr=log, **self._common) as server:
            try:
                self._wait()
                yield self
            finally:
                server.terminate()

    def manage(self, *arguments: str) -> str:
        """Run a command of the portal to its end and return what it printed."""
        done = self.tried(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def tried(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the portal to its end, however it ends, in an environment that differs in some variables."""
        command = [sys.executable, "manage.py", *arguments]
        options = self._common | {"env": self.environment | environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)

    @property
    def _common(self) -> dict[str, Any]:
        return {"cwd": settings.BASE_DIR, "env": self.environment, "stdin": subprocess.DEVNULL}

    def _wait(self) -> None:
        deadline = time.monotonic() + 45
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                return
            time.sleep(0.1)
        raise AssertionError((self.database.parent / "server.log").read_text())

    def ask(self, path: str, proof: dict[str, str], method: str = "GET", body: Any = None) -> tuple[int, Any]:
        """Ask over a connection of its own, which any worker may take."""
        data = None if body is None else json.dumps(body).encode()
        headers = proof | {"content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v2/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def key(self, auth0_id: str, role: str = "user") -> tuple[int, dict[str, str]]:
        body = {"auth0_id": auth0_id, "name": "test", "role": role}
        status, answer = self.ask("maintenance/keys", bearer(settings.MAINTENANCE_TOKEN), "POST", body)
        assert status == 201
        return answer["id"], {"x-mediamagic-key": answer["key"]}

    def change(self, statement: str, *values: Any) -> None:
        """Change a row behind every worker's back."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            assert connection.execute(statement, values).rowcount == 1
