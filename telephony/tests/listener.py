"""The listener, run in a thread of a test, and waiting for what it brings about."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from django.db import connection

from telephony.services.call_links import listening

WITHIN_SECONDS = 15.0


@contextmanager
def listener() -> Iterator[list[str]]:
    """The listener, as its command runs it, and what it says."""
    stop, told = threading.Event(), []

    def run() -> None:
        try:
            listening.listen(stop, told.append)
        finally:
            connection.close()

    with mock.patch.object(listening, "wait_after", return_value=0.1), mock.patch.object(listening, "POLL_SECONDS", 0.05):
        thread = threading.Thread(target=run)
        thread.start()
        try:
            until(lambda: bool(told))
            yield told
        finally:
            stop.set()
            thread.join(WITHIN_SECONDS)
            assert not thread.is_alive(), "the listener does not end"


def until(happened: Callable[[], bool], seconds: float = WITHIN_SECONDS) -> None:
    """Wait until something has happened; the test fails where it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
