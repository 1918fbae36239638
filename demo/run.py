"""Run the portal on this machine, as `make run` does: set up what is missing, start every process, stop them all."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from demo.environment import make_env_file, new_password, remembered, write_private
from demo.people import SIGN_IN
from demo.services import SECRETS, services, stand_in_settings

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS = 45
STOP_WITHIN_SECONDS = 8
WATCHED_EVERY_SECONDS = 0.5


class RunError(Exception):
    """The portal cannot run; the message says why and what to do."""


class StoppedError(Exception):
    """Somebody asked for an end."""


@dataclass
class Runner:
    """The processes of a running portal, all of which end with this one."""

    root: Path = ROOT
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def var(self) -> Path:
        """The folder of what this machine keeps."""
        return Path(self.environment.get("PORTAL_VAR", self.root / "var"))

    def start(self, command: list[str], log: IO[bytes] | int | None = None) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, so that a Ctrl-C reaches this one alone and the end is orderly."""
        child = subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=self.root, env=self.environment, stdout=log, stderr=subprocess.STDOUT if log else None,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.children.append(child)
        return child

    def manage(self, *arguments: str, **extra: str) -> str:
        """Run a Django command to its end and return what it printed. Raises RunError."""
        child = subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "manage.py", *arguments], cwd=self.root, env=self.environment | extra,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        # On the list while it runs: whoever stops us in the middle of it must find it there.
        self.children.append(child)
        output, errors = child.communicate()
        self.children.remove(child)
        if child.returncode:
            said = " ".join(errors.decode(errors="replace").strip().splitlines()[-2:]) or f"status {child.returncode}"
            raise RunError(f"manage.py {arguments[0]} failed: {said}")
        return output.decode()

    def show(self, *command: str) -> None:
        """Run a command to its end with its output, a progress bar for one, on this terminal. Raises RunError."""
        child = subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.children.append(child)
        status = child.wait()
        self.children.remove(child)
        if status:
            raise RunError(f"{' '.join(command[1:])} failed (status {status})")

    def stop(self) -> None:
        """End every process: politely, then by force; returns when all are gone."""
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_SECONDS
        for child in self.children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def read_settings(path: Path) -> dict[str, str]:
    """Return the plain `NAME=value` lines of an `.env`."""
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}


def check_port(port: int) -> None:
    """Raise RunError where something else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RunError(f"Port {port} is not free ({error.strerror}). Another one: make run PORT={port + 1}") from None


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the portal says that it is ready. Raises RunError."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{url}/readyz", timeout=2):  # noqa: S310
            return
        time.sleep(0.1)
    raise RunError(f"The server did not become ready; its log: {log}")


def machine_secrets(path: Path) -> dict[str, str]:
    """Return what the portal and its stand-ins prove themselves with to each other, made once for this machine."""
    known = remembered(path)
    if not all(known.get(name) for name in SECRETS):
        known = {name: secrets.token_urlsafe(36) for name in SECRETS} | known
        write_json(path, known)
    return known


def demo_people(runner: Runner) -> dict[str, str]:
    """Return the superuser's name and password and two API keys, made once for this machine, with a month of calls."""
    path = runner.var / "demo.json"
    known, database = remembered(path), database_of(runner.environment)
    if {"username", "password", "key", "staff_key"} <= known.keys() and known.get("database") == database:
        return known
    runner.show(sys.executable, "-m", "demo.data")
    password = new_password()
    runner.manage("makesuperuser", "admin", PORTAL_PASSWORD=password)
    key, staff_key = (runner.manage("createapikey", person.subject, "make run").strip() for person in SIGN_IN[:2])
    people = {
        "username": "admin",
        "password": password,
        "key": key,
        "staff_key": staff_key,
        "database": database,
    }
    write_json(path, people)
    return people


def database_of(environment: Mapping[str, str]) -> str:
    """Name the database that the people were made in; another one has to get its own."""
    return environment.get("DATABASE_URL", "").rpartition("@")[2]


def write_json(path: Path, values: Mapping[str, str]) -> None:
    """Write down what a later run should know, for the owner's eyes only."""
    lines = ",\n".join(f'  "{name}": "{value}"' for name, value in values.items())
    write_private(path, f"{{\n{lines}\n}}\n")


def welcome(url: str, people: Mapping[str, str], logs: Path) -> str:
    """Return what a person at the terminal needs to go on: the three lines of the API's document, ready to paste."""
    ada, sam, alexis = SIGN_IN
    header = f"--header 'x-mediamagic-key: {people['key']}'"
    return f"""
  The portal runs at   {url}
  Sign in there as     {sam.name} (staff), {alexis.name} (admin) or {ada.name}: a stand-in for Auth0 has a button for each
  Superuser            {people["username"]}, password {people["password"]}

  {ada.name} ({ada.extension}, key {people["key"]}) as programs see her calls:

    curl '{url}/api/v2/assign-number' {header}

    curl '{url}/api/v2/call-recording' {header}

    curl '{url}/api/v2/call-link?source_number=2762087784&destination_number=2403019517' \\
      {header}

  The last one places a call between two phones of a simulated switch: watch it on the console's first page.
  {sam.name} sees everybody's calls: key {people["staff_key"]}

  Logs are in {logs}. Ctrl-C stops everything.
"""


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into an exception, wherever we are."""

    def stop(number: int, frame: FrameType | None) -> None:
        # Once is enough: a second signal must not break the tidying up.
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise StoppedError

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def run(runner: Runner) -> None:
    """Set up, start, and watch until somebody asks for an end. Raises RunError, StoppedError."""
    env_file = Path(runner.environment.get("ENV_FILE", runner.root / ".env"))
    if make_env_file(env_file):
        print(f"Made {env_file.name} with secrets for this machine.", flush=True)
    settings = read_settings(env_file) | runner.environment
    port = int(settings.get("PORT") or 8000)
    chosen = stand_in_settings(settings, port, machine_secrets(runner.var / "stand-ins.json"))
    beside = services(chosen, port, runner.var)
    for each in (port, *(service.port for service in beside if service.port)):
        check_port(each)
    runner.environment = settings | chosen | {"PORT": str(port)}
    print("Preparing the database and the static files …", flush=True)
    runner.manage("migrate", "--no-input", "-v", "0")
    runner.manage("collectstatic", "--no-input", "-v", "0")
    people = demo_people(runner)
    logs = runner.var / "log"
    logs.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port}"
    running = {service.name: start_logged(runner, service.command, logs / f"{service.name}.log") for service in beside}
    running["server"] = start_logged(runner, server_command(port), logs / "server.log")
    wait_until_ready(url, running["server"], logs / "server.log")
    print(welcome(url, people, logs), flush=True)
    watch(running, logs)


def start_logged(runner: Runner, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process whose output goes to a file."""
    with log.open("ab") as file:
        return runner.start(command, file.fileno())


def watch(running: Mapping[str, subprocess.Popen[bytes]], logs: Path) -> None:
    """Wait for as long as every process runs. Raises RunError where one of them ends by itself."""
    while True:
        for name, process in running.items():
            status = process.poll()
            if status is not None:
                raise RunError(f"The {name} stopped by itself (status {status}); its log: {logs / f'{name}.log'}")
        time.sleep(WATCHED_EVERY_SECONDS)


def server_command(port: int) -> list[str]:
    """Return how the server is started: as in production, on loopback."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "2", "--blocking-threads", "16", "--workers-kill-timeout", "5",
        "--no-access-log", "portal.wsgi:application",
    ]  # fmt: skip


def main() -> int:
    """Run until stopped; return the exit status."""
    runner = Runner()
    with stopped_by_signals():
        try:
            run(runner)
        except StoppedError:
            print("\nStopping …", flush=True)
            return 0
        except RunError as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
        finally:
            runner.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
