"""Programs beside the tests: on ports that nobody else has, with their output in files, and ended in order."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

STOPPED_WITHIN_SECONDS: Final = 15
FIRST_BLOCK, LAST_BLOCK, PORTS = 22500, 23000, 100


def free_port() -> int:
    """Return a port on loopback that nobody has, for UDP and for TCP; to be taken at once."""
    for _ in range(100):
        with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_STREAM) as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError):
                second.bind(("127.0.0.1", port))
                return port
    raise AssertionError("no port is free")


def free_block() -> range:
    """Return ports in a row that nobody has, below those that the system gives to whoever connects somewhere."""
    for first in random.sample(range(FIRST_BLOCK, LAST_BLOCK, PORTS), (LAST_BLOCK - FIRST_BLOCK) // PORTS):
        block = range(first, first + PORTS)
        if not any(is_taken(port) for port in block):
            return block
    raise AssertionError("no block of ports is free")


def is_taken(port: int) -> bool:
    """Tell whether somebody has a port on loopback, for UDP or for TCP."""
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_STREAM) as second:
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False


@contextlib.contextmanager
def running(command: Sequence[str | Path], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, asked to end and then made to."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **options,
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program politely, then by force, with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOPPED_WITHIN_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(happened: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait until something is true, and return it. The story fails where it does not become so."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, f"within {seconds} s: no {what}"
        time.sleep(0.05)
    return found
