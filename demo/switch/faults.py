"""What can be made to go wrong, for tests of those who talk to the switch."""

import threading

# name: what happens. Those of the second group strike when `originate` is sent, by `api` or `bgapi`.
CONNECTION_FAULTS = {
    "close-on-connect": "closes every connection at once",
    "garbage": "greets with what is no event socket",
    "silent-on-connect": "accepts and never says a word",
    "refuse-auth": "refuses every password",
    "drop-after-auth": "closes right after it has accepted the password",
}
COMMAND_FAULTS = {
    "drop-before-command": "closes when the command has come, and does not execute it",
    "drop-before-reply": "executes the command and closes instead of replying",
    "drop-in-reply": "executes the command and closes after half of the reply",
    "silent-after-command": "executes the command and says nothing any more, the connection stays open",
    "drop-after-reply": "executes the command, replies and closes",
    "drop-before-job": "executes the command and closes before the event that tells its result",
    "drop-after-job": "closes right after the event that tells the command's result",
    "restart": "replies, then starts anew: another core uuid, every call gone without a record",
}
FAULTS = CONNECTION_FAULTS | COMMAND_FAULTS


class Faults:
    """Which fault is on, and how many times more it strikes; safe to use from any thread."""

    def __init__(self, name: str = "") -> None:
        self._lock = threading.Lock()
        self._name = ""
        self._times: int | None = None
        self.set(name)

    def set(self, name: str, times: int | None = None) -> None:
        """Switch a fault on, for so many times or until it is switched off by "". Raises ValueError for an unknown one."""
        if name and name not in FAULTS:
            raise ValueError(f"No fault is called {name!r}. There are: {', '.join(FAULTS)}.")
        with self._lock:
            self._name, self._times = name, times

    def strikes(self, *names: str) -> str:
        """Return which of these faults strikes now, "" where none does; that uses one of its times up."""
        with self._lock:
            if self._name not in names or self._times == 0:
                return ""
            if self._times is not None:
                self._times -= 1
            return self._name
