"""What goes wrong between the portal and the switch."""

import re

_NAMED_CAUSE = re.compile(r"-ERR ([A-Z][A-Z0-9_]{2,63})\s*")


class SwitchError(Exception):
    """Base of every error of this package."""


class CdrError(SwitchError):
    """The bytes are no call record; `reason` is a sentence for staff and quotes nothing of the record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SwitchUnreachableError(SwitchError):
    """There is no connection, or none that takes commands: of this command not a byte was sent."""


class SwitchRefusedError(SwitchUnreachableError):
    """The switch refused the portal's password."""


class SwitchLostError(SwitchError):
    """The connection broke, or an answer stayed away, when a command was or may have been sent: its outcome is unknown.

    The connection is closed: an answer that comes late would be taken for the next command's.
    """


class CommandRefusedError(SwitchError):
    """The switch answered -ERR; `cause` is the hangup cause that it named, "" where it named none."""

    def __init__(self, reply: str) -> None:
        super().__init__(f"The switch refused the command: {reply.strip()[:200]!r}")
        self.reply = reply
        named = _NAMED_CAUSE.fullmatch(reply)
        self.cause = named[1] if named else ""


class UnsafeCommandError(SwitchError):
    """A value does not match the grammar of its place in a command: nothing was sent."""


class FrameError(SwitchError):
    """The bytes are no frame, or no event, of the event socket."""
