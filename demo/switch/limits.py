"""How many calls of a kind are let through: the application `limit` with the backend `hash`.

Source: mod_hash.c and switch_limit.c of FreeSWITCH 1.11.
"""

import re
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from demo.switch.causes import cause_of

_LIMIT = re.compile(r"hash (?P<realm>\S+) (?P<name>\S+)(?: (?P<most>[0-9]+))?(?:/(?P<seconds>[0-9]+))?(?: !(?P<cause>\S+))?")


@dataclass(slots=True)
class Limits:
    """What legs count against what; safe to use from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counted: dict[tuple[str, str], list[tuple[str, float]]] = field(default_factory=dict)

    def refuse(self, data: str, leg_uuid: str, living: Collection[str]) -> str:
        """Count a leg; return the cause for which it is ended instead, "" where it is let through.

        A leg counts for as long as it lives, or, where the limit has an interval, for that many seconds.
        """
        read = _LIMIT.fullmatch(data)
        if read is None:
            # As the switch: without a backend that it knows, no call is let through.
            return "CALL_REJECTED"
        seconds, now = int(read["seconds"] or 0), time.monotonic()
        with self._lock:
            key = read["realm"], read["name"]
            counted = self._counted.get(key, [])
            counted = [(uuid, at) for uuid, at in counted if (now - at < seconds if seconds else uuid in living)]
            # Without a number it only counts.
            if read["most"] and len(counted) >= int(read["most"]):
                self._counted[key] = counted
                return cause_of((read["cause"] or "CALL_REJECTED").lstrip("!"))
            self._counted[key] = [*counted, (leg_uuid, now)]
        return ""

    def release(self, leg_uuid: str, realm: str, name: str) -> None:
        """Count a leg no longer."""
        with self._lock:
            counted = self._counted.get((realm, name), [])
            self._counted[realm, name] = [(uuid, at) for uuid, at in counted if uuid != leg_uuid]

    def usage(self, realm: str, name: str, living: Collection[str]) -> int:
        """Return how many living legs count."""
        with self._lock:
            return sum(uuid in living for uuid, _ in self._counted.get((realm, name), []))
