"""What the doctor finds: one line a check, and what to do where it failed."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error as DatabaseError

from telephony.switch.errors import SwitchError


class Outcome(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "not tried"


class Fault(Exception):  # noqa: N818 - it is what is found, not an error of the program
    """Something is not as it should be: what, and what to do about it; neither holds a secret."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


class NotTried(Exception):  # noqa: N818 - nor is this one
    """A check made no sense here; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How a check of the portal, or of a switch, ended. `detail` says what was found, `advice` what to do, "" for nothing."""

    about: str
    check: str
    outcome: Outcome
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check yet to be made: `look` returns what it found in order, or raises Fault or NotTried."""

    about: str
    name: str
    look: Callable[[], str]

    def make(self) -> Finding:
        """Make it; whatever it comes upon is a finding."""
        try:
            return self._finding(Outcome.OK, self.look())
        except NotTried as reason:
            return self._finding(Outcome.SKIPPED, str(reason))
        except Fault as fault:
            return self._finding(Outcome.FAILED, str(fault), fault.advice)
        except SwitchError as error:
            return self._finding(Outcome.FAILED, str(error), "Look into the switch's log, then run this again.")
        except DatabaseError as error:
            detail = f"The database, or the cache in it, is away ({type(error).__name__})."
            return self._finding(Outcome.FAILED, detail, "See DATABASE_URL and CACHE_URL, and whether they answer.")

    def _finding(self, outcome: Outcome, detail: str, advice: str = "") -> Finding:
        return Finding(self.about, self.name, outcome, detail, advice)
