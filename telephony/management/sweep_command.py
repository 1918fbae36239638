"""What the two sweeping commands have in common: folders, progress, an orderly end, a summary, an exit status."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from tqdm import tqdm

from telephony.services.spool import Spool
from telephony.services.sweeps import TROUBLES, Outcome, Sweep, TemporaryFailureError, Verdict, found, verdicts
from web.interruption import Interruption

TEMPORARY_FAILURE: Final = 75  # EX_TEMPFAIL of sysexits.h: nothing is wrong with the files, try again later
_BY_SIGNAL: Final = 128


def seconds(text: str) -> float:
    """Read a number of seconds from the command line."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


class SweepCommand(BaseCommand):
    """A command that sweeps folders. Exit status: 0, 1 where somebody should look at something, 75 where the portal is away."""

    unit = "file"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments that both commands take."""
        parser.add_argument(
            "--watch", type=seconds, metavar="SECONDS", help="go on: sweep again after so many seconds, until stopped"
        )

    def sweep_all(
        self,
        paths: Sequence[Path],
        sweep: Sweep,
        watch: float | None,
        afterwards: Callable[[], Iterable[Verdict]] = tuple,
    ) -> None:
        """Sweep the folders, once or until stopped, then exit with a status unless all went well."""
        interruption = Interruption()
        with interruption.heard():
            troubled = self._round(paths, sweep, interruption, watch, afterwards)
            while watch is not None and not interruption.signal:
                interruption.wait(watch)
                close_old_connections()
                troubled = self._round(paths, sweep, interruption, watch, afterwards) or troubled
        if interruption.signal:
            sys.exit(_BY_SIGNAL + interruption.signal)
        if troubled:
            sys.exit(1)

    def _round(
        self,
        paths: Sequence[Path],
        sweep: Sweep,
        interruption: Interruption,
        watch: float | None,
        afterwards: Callable[[], Iterable[Verdict]],
    ) -> bool:
        """Sweep once; return whether somebody should look at something. The folders may be other ones than last time."""
        if interruption.signal:
            return False
        with ExitStack() as stack:
            files = found([stack.enter_context(open_folder(path)) for path in paths], sweep)
            # On a terminal only: into a log it would be a line a file.
            bar = tqdm(files, unit=self.unit, file=sys.stderr, disable=not sys.stderr.isatty(), leave=watch is None)
            stack.callback(bar.close)
            try:
                return self._tell(chain(verdicts(bar, sweep), afterwards()), interruption, quiet=watch is not None)
            except TemporaryFailureError as error:
                if watch is None:
                    raise CommandError(f"{error}. The files stay; sweep again later.", returncode=TEMPORARY_FAILURE) from None
                self.stderr.write(f"{error}. The files stay until the next round.")
                return False

    def _tell(self, results: Iterable[Verdict], interruption: Interruption, *, quiet: bool) -> bool:
        """Tell what becomes of the files, and return whether somebody should look at something; quietly, only news."""
        tally: Counter[Outcome] = Counter()
        try:
            for verdict in results:
                tally[verdict.outcome] += 1
                if verdict.sentence:
                    with tqdm.external_write_mode(file=sys.stderr):
                        self.stderr.write(verdict.sentence)
                if interruption.signal:
                    break
        finally:
            if not quiet or tally.total() > tally[Outcome.LEFT] + tally[Outcome.PASSED_OVER]:
                told = [outcome for outcome in Outcome if tally[outcome] or outcome is Outcome.TAKEN]
                self.stdout.write(", ".join(f"{tally[outcome]} {outcome}" for outcome in told))
                # At once, also into a file: whoever follows it reads it there.
                self.stdout.flush()
        return any(tally[outcome] for outcome in TROUBLES)


def open_folder(path: Path) -> Spool:
    """Open a folder that the operator named. Raises CommandError."""
    try:
        return Spool(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
