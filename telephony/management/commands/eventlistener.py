"""Follow the switch's events, so that call links show at once how far they have come."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from telephony.services.call_links.listening import listen


class Command(BaseCommand):
    help = (
        "Follow the events of the switch at FREESWITCH_ESL_URL until stopped; connects again by itself, and catches up on what "
        "it missed. Without it call links still end, by the switch's records."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, end)
        listen(stop, self._tell)
        self._tell("stopped")

    def _tell(self, sentence: str) -> None:
        self.stdout.write(sentence)
        # At once, also into a file: whoever waits for it reads it there.
        self.stdout.flush()
