"""The gateways of the switch: up, or down since their carrier does not answer.

Source: sofia.c and mod_sofia.c of FreeSWITCH 1.11.1.
"""

import threading
from collections.abc import Callable, Sequence

from demo.switch.events import Headers

UP, DOWN = "UP", "DOWN"
# How the carrier answers OPTIONS, by the state that this leads to.
_ANSWERS = {UP: ("200", "OK"), DOWN: ("503", "Service Unavailable")}


class Trunks:
    """Which gateways there are and how they are; safe to use from any thread. `fire` is told when one comes up or goes down."""

    def __init__(self, names: Sequence[str], fire: Callable[[str, Headers], object]) -> None:
        self._lock = threading.Lock()
        self._fire = fire
        self._status = dict.fromkeys(names, UP)

    def names(self) -> list[str]:
        """Return the gateways, in the order in which they were named."""
        with self._lock:
            return list(self._status)

    def status(self, name: str) -> str | None:
        """Return UP or DOWN, None where there is no such gateway."""
        with self._lock:
            return self._status.get(name)

    def kill(self, name: str) -> bool:
        """Forget a gateway; False where there is no such gateway."""
        with self._lock:
            return self._status.pop(name, None) is not None

    def load(self, names: Sequence[str] | None) -> None:
        """Take the gateways of these that are not there yet, as ones whose carrier answers; None: nobody could be asked."""
        with self._lock:
            self._status = dict.fromkeys(names or (), UP) | self._status

    def turn(self, name: str, status: str) -> bool:
        """Let a gateway's carrier answer, or be silent; False where there is no such gateway."""
        with self._lock:
            known = self._status.get(name)
            if known is None:
                return False
            self._status[name] = status
        if known != status:
            answer, phrase = _ANSWERS[status]
            headers = [("Gateway", name), ("State", "NOREG"), ("Ping-Status", status), ("Phrase", phrase), ("Status", answer)]
            self._fire("sofia::gateway_state", headers)
        return True
