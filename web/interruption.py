"""An orderly end of a command: what is at hand is finished first."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether somebody asked for an end, by which signal; the file at hand is finished first."""

    def __init__(self) -> None:
        self.signal = 0
        self._asked = threading.Event()

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for an end."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask for an end, as a signal does."""
        self._asked.set()

    def wait(self, timeout: float) -> None:
        """Sleep, unless somebody asks for an end."""
        self._asked.wait(timeout)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear SIGINT and SIGTERM; the second one ends at once, as if nobody listened."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

        def restore() -> None:
            for each, handler in before.items():
                signal.signal(each, handler)

        def ask(number: int, frame: FrameType | None) -> None:
            self.signal = number
            self._asked.set()
            restore()

        for each in before:
            signal.signal(each, ask)
        try:
            yield
        finally:
            restore()
