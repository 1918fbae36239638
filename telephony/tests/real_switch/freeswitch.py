"""A real FreeSWITCH: started with what the portal generated, asked by its event socket, and stopped."""

import contextlib
import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from portal.tests.running import Portal
from telephony.tests.real_switch import programs

FOLDERS: Final = ("log", "db", "run", "cdr", "recordings", "storage", "cache")


class FreeSwitch:
    """One switch, with a folder of its own; the first three ports are for what it is asked and told, the others for voice."""

    def __init__(self, binary: Path, folder: Path, ports: range) -> None:
        self.binary, self.folder = binary, folder
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        self.recordings, self.spool = folder / "recordings", folder / "cdr"
        self.event_port, self.phone_port, self.carrier_port = ports[:3]
        self.voice = ports[3:]
        self.password = secrets.token_urlsafe(24)

    def configure(self, portal: Portal) -> None:
        """Have the portal write the whole configuration."""
        portal.manage(
            "switchconfig", str(self.folder / "conf"), "--switchname", "stories", "--rtp-start", str(self.voice[0]),
            "--rtp-end", str(self.voice[-1]), "--log-dir", str(self.folder / "log"), "--db-dir", str(self.folder / "db"),
            "--run-dir", str(self.folder / "run"), "--cache-dir", str(self.folder / "cache"), "--cdr-dir", str(self.spool),
        )  # fmt: skip

    @contextlib.contextmanager
    def running(self) -> Iterator["FreeSwitch"]:
        """The switch, ready to take calls."""
        with contextlib.ExitStack() as self._stack:
            self._start()
            yield self

    def killed(self) -> None:
        """End it without a word, as a crash does, and start it again."""
        self._process.kill()
        self._process.wait()
        self._stack.close()
        self._start()

    def _start(self) -> None:
        where = {option: self.folder / option for option in ("conf", *FOLDERS) if option != "cdr"}
        options = [word for option, path in where.items() for word in (f"-{option}", path)]
        command = [self.binary, *options, "-nonat", "-nf", "-nc"]
        self._process = self._stack.enter_context(programs.running(command, self.folder / "out.log"))
        programs.until(self._is_ready, "FreeSWITCH", 60)

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, (self.folder / "out.log").read_text()
        with contextlib.suppress(OSError):
            return "is ready" in self.ask("status") and self.ask("sofia status").count("RUNNING") >= 2
        return False

    def ask(self, command: str) -> str:
        """Return the answer of the switch to a command of its API."""
        with (
            socket.create_connection(("127.0.0.1", self.event_port), timeout=10) as connection,
            connection.makefile("rwb") as file,
        ):
            _frame(file)
            for line in (f"auth {self.password}", f"api {command}"):
                file.write(f"{line}\n\n".encode())
                file.flush()
                answer = _frame(file)
            return answer

    def legs(self) -> int:
        """Return how many legs are alive. Lists of the switch come from its database, which lags behind."""
        found = re.search(r"(\d+) session\(s\) - peak", self.ask("status"))
        assert found
        return int(found[1])

    def until_idle(self) -> None:
        """Wait until no leg is alive: then all their records were posted."""
        programs.until(lambda: self.legs() == 0, "end of all calls", 20)

    def log(self) -> str:
        """Return the switch's own log."""
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").glob("*.log")))


def _frame(file: Any) -> str:
    length = 0
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        length = int(value) if name == "Content-Length" else length
    return str(file.read(length).decode(errors="replace"))
