"""Debian's baresip as a phone: others wrote it, so it does not share our own phone's mistakes. It is told by its `ctrl_tcp`."""

import contextlib
import json
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import DOMAIN, Exchange, is_listening
from telephony.tests.real_switch.sip.sound import write_tone

MODULES: Final = Path("/usr/lib/baresip/modules")
PATIENCE_SECONDS: Final = 30.0


class Baresip:
    """One baresip, of one account; `events` are what it told, newest last."""

    def __init__(self, connection: socket.socket) -> None:
        self.events: list[dict[str, Any]] = []
        self._connection, self._buffer = connection, b""

    def tell(self, command: str, parameters: str = "") -> dict[str, Any]:
        """Have it do something, and return its response."""
        text = json.dumps({"command": command, "params": parameters, "token": command}).encode()
        self._connection.sendall(b"%d:%s," % (len(text), text))
        return self._next(lambda said: said.get("response") is True, f"response to {command}")

    def until(self, kind: str) -> dict[str, Any]:
        """Wait for an event, and return it; what was told before it is forgotten."""
        for place, event in enumerate(self.events):
            if event.get("type") == kind:
                del self.events[: place + 1]
                return event
        event = self._next(lambda said: said.get("type") == kind, kind)
        self.events.clear()
        return event

    def _next(self, wanted: Any, what: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            said = self._netstring(deadline, what)
            if wanted(said):
                return said
            self.events.append(said)

    def _netstring(self, deadline: float, what: str) -> dict[str, Any]:
        while True:
            head, colon, rest = self._buffer.partition(b":")
            if colon and len(rest) > int(head):
                self._buffer = rest[int(head) + 1 :]
                return dict(json.loads(rest[: int(head)]))
            self._connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self._connection.recv(65536)
            except TimeoutError:
                data = b""
            assert data, f"baresip: no {what}; {self.events}"
            self._buffer += data


@contextlib.contextmanager
def baresip(exchange: Exchange, name: str, hertz: int, folder: Path) -> Iterator[Baresip]:
    """Somebody's baresip, registered."""
    program = shutil.which("baresip")
    assert program, "baresip is missing: apt-get install baresip-core"
    person, port = exchange.people[name], programs.free_port()
    folder.mkdir(exist_ok=True)
    write_tone(folder / "tone.wav", hertz)
    folder.joinpath("config").write_text(
        f"sip_listen 127.0.0.1:0\nmodule_path {MODULES}\naudio_source aufile,{folder / 'tone.wav'}\naudio_player aubridge,nowhere\n"
        "module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule_tmp account.so\nmodule_app menu.so\n"
        f"module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{port}\n"
    )
    folder.joinpath("accounts").write_text(
        f"<sip:{person.extension}@{DOMAIN}>;auth_user={person.extension};auth_pass={person.password};regint=300;"
        f'outbound="sip:127.0.0.1:{exchange.switch.phone_port}";audio_codecs=PCMU;answermode=manual\n'
    )
    folder.joinpath("contacts").touch()
    with programs.running([program, "-f", folder], folder / "log"), contextlib.ExitStack() as stack:
        programs.until(lambda: is_listening(port), "baresip")
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        phone = Baresip(connection)
        programs.until(
            lambda: f"{person.extension}@{DOMAIN}" in exchange.switch.ask("sofia status profile internal reg"), "registration"
        )
        yield phone
        phone.tell("quit")
