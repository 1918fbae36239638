"""Debian's SIPp as a carrier: it sees what others' equipment would see of us."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.sip.messages import SipMessage

SCENARIOS = Path(__file__).parent / "sipp"
# How SIPp begins each message that it notes down.
_NOTED = re.compile(rb"^-{10,}.*\n(?:UDP|TCP) message (sent|received) .*\n\n", re.MULTILINE)


class Carrier:
    """A SIPp that does one call, and what it noted down of it."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "messages"

    def received(self, method: str) -> list[SipMessage]:
        """Return the requests of a method that came, in order."""
        messages = [SipMessage.parse(text) for text in self._texts()]
        return [message for message in messages if not message.status and message.method == method]

    def heard(self) -> str:
        """Return all that came, as it stood on the wire."""
        return b"".join(self._texts()).decode(errors="replace")

    def _texts(self) -> list[bytes]:
        if not self.trace.exists():
            return []
        _, *found = _NOTED.split(self.trace.read_bytes())
        return [text.strip(b"\r\n") + b"\r\n" for way, text in zip(found[::2], found[1::2], strict=True) if way == b"received"]


@contextlib.contextmanager
def carrier(exchange: Exchange, scenario: str, folder: Path, *, calls: str = "") -> Iterator[Carrier]:
    """SIPp at the first gateway's port, which calls one of our numbers where one is given. The story fails where SIPp is not content."""
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    heard = Carrier(folder)
    command: list[str | Path] = [
        program, "-sf", SCENARIOS / f"{scenario}.xml", "-i", "127.0.0.1", "-p", str(exchange.carriers[0]), "-mi", "127.0.0.1",
        "-mp", str(programs.free_port()), "-rtp_echo", "-m", "1", "-nostdin", "-timeout", "30s", "-timeout_error",
        "-trace_msg", "-message_file", heard.trace, "-trace_err", "-error_file", folder / "errors",
    ]  # fmt: skip
    if calls:
        command += ["-s", calls, f"127.0.0.1:{exchange.switch.carrier_port}"]
    with programs.running(command, folder / "log") as process:
        if not calls:
            programs.until(lambda: programs.is_taken(exchange.carriers[0]), "SIPp")
        yield heard
        programs.until(lambda: process.poll() is not None, "end of SIPp", 30)
        assert process.returncode == 0, (folder / "log").read_text(errors="replace")
