"""What the sweeps of spilled records and of recordings have in common: one file after the other, each to an end."""

import enum
import errno
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from django.db import Error as DatabaseError

from telephony.services.spool import FileChangedError, Spool, SpoolFile

YOUNG_SECONDS = 60
_STORAGE_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


class Outcome(enum.StrEnum):
    """What became of a file, in the words of the summary."""

    TAKEN = "taken in"
    KNOWN = "known already"
    REMOVED = "removed"
    SET_ASIDE = "set aside"
    LEFT = "left for later"
    PASSED_OVER = "passed over"
    FAILED = "failed"


# What somebody should look at.
TROUBLES = frozenset({Outcome.SET_ASIDE, Outcome.FAILED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file, and what the operator should read of it."""

    outcome: Outcome
    sentence: str = ""


class TemporaryFailureError(Exception):
    """The portal itself cannot take anything now, whatever the file: all of them stay for another time."""


class Sweep(Protocol):
    """What is done with the files of a folder."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the whole name of a file must match; others are none of ours."""
        ...

    @property
    def young(self) -> float:
        """For how many seconds after it was last written a file is left alone."""
        ...

    def take(self, spool: Spool, file: SpoolFile) -> Verdict:
        """Deal with one file. Raises OSError, FileChangedError and whatever the database raises."""
        ...


def found(spools: Iterable[Spool], sweep: Sweep) -> list[tuple[Spool, str]]:
    """Return the files that are there, by their names alone."""
    return [(spool, name) for spool in spools for name in spool.names(sweep.pattern)]


def verdicts(files: Iterable[tuple[Spool, str]], sweep: Sweep) -> Iterator[Verdict]:
    """Deal with each file and yield what became of it. Raises TemporaryFailureError; what came before it stands."""
    for spool, name in files:
        yield _verdict(spool, name, sweep)


def _verdict(spool: Spool, name: str, sweep: Sweep) -> Verdict:
    try:
        with spool.claim(name) as file:
            if file is None:
                return Verdict(Outcome.PASSED_OVER)
            if file.age < sweep.young:
                return Verdict(Outcome.LEFT)
            return sweep.take(spool, file)
    except FileChangedError:
        return Verdict(Outcome.LEFT)
    except DatabaseError as error:
        said = " ".join(str(error).split()).rstrip(".")
        raise TemporaryFailureError(f"The database is away or refuses to write ({said})") from error
    except OSError as error:
        if error.errno in _STORAGE_IS_FULL:
            raise TemporaryFailureError(f"The disk is full ({error.strerror})") from error
        return Verdict(Outcome.FAILED, f"{spool.path / name}: {error.strerror or error}")
