"""Which events a client wants, in which form.

Source: mod_event_socket.c of FreeSWITCH 1.11.
"""

import re
from collections.abc import Collection

from demo.switch.events import Event

_NO_KEYWORDS = "-ERR no keywords supplied"
_SIGNS = re.compile(r"[ +-]*")


class Subscription:
    """A client's `event`, `nixevent`, `noevents` and `filter`; each returns the text of the reply."""

    def __init__(self) -> None:
        self.form = "plain"
        self._names: frozenset[str] = frozenset()
        self._filters: tuple[tuple[str, str], ...] = ()

    def add(self, words: list[str], known: Collection[str]) -> str:
        """Subscribe: `json` or `plain` first, then names; unknown ones are passed over, after CUSTOM come subclasses."""
        if words and words[0].lower() in ("json", "plain"):
            self.form = words.pop(0).lower()
        names = {word.upper() for word in words} & set(known)
        if not names:
            return _NO_KEYWORDS
        self._names |= names
        return f"+OK event listener enabled {self.form}"

    def drop(self, words: list[str], known: Collection[str]) -> str:
        """Unsubscribe some events."""
        names = {word.upper() for word in words} & set(known)
        if not names:
            return _NO_KEYWORDS
        everything = frozenset(known) if "ALL" in self._names else self._names
        self._names = frozenset() if "ALL" in names else everything - names - {"ALL"}
        return "+OK events nixed"

    def clear(self) -> str:
        """Unsubscribe everything."""
        if not self._names:
            return "-ERR not listening for events"
        self._names = frozenset()
        return "+OK no longer listening for events"

    def filter(self, argument: str) -> str:
        """Add a filter, or delete some: `HEADER VALUE`, `delete HEADER [VALUE]`, `delete all`."""
        name, _, value = argument.partition(" ")
        if name.lower() == "delete" and value:
            name, _, value = value.partition(" ")
            kept = (each for each in self._filters if each[0] != name or value not in ("", each[1]))
            self._filters = () if name.lower() == "all" else tuple(kept)
            return f"+OK filter deleted. [{name}][{value}]"
        if name.lower() == "add":
            name, _, value = value.partition(" ")
        if not value:
            return "-ERR invalid syntax"
        self._filters = (*self._filters, (name, value))
        return f"+OK filter added. [{name}]=[{value}]"

    def wants(self, event: Event) -> bool:
        """Tell whether an event goes to the client: with filters only one that has a header that one of them asks for."""
        if event.name not in self._names and "ALL" not in self._names:
            return False
        sent = not self._filters
        for name, wanted in self._filters:
            signs = _SIGNS.match(wanted)
            value = event.get(name)
            if value is None or signs is None:
                continue
            excluded = "-" in signs[0]
            text = wanted[signs.end() :]
            matches = bool(re.search(text.strip("/"), value)) if text.startswith("/") else value.lower() == text.lower()
            if matches and excluded:
                return False
            sent = sent or matches
        return sent
