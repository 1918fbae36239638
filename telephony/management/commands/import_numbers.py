"""Fill the pool of numbers from a file."""

import csv
import io
import itertools
import os
import signal
import stat
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from tqdm import tqdm

from telephony.services.inventory import Fate, Offer, Outcome, Rehearsal, Skipped, add_numbers, preview_numbers
from telephony.services.number_files import LONGEST_PROVIDER, NumberFile, NumberFileError, harmless, text_of

ROWS_AT_ONCE = 2_000
SHOWN = 20
STANDARD_INPUT = "-"
# What tells a shell how it ended.
WRONG_LINES, USAGE, BROKEN, INTERRUPTED = 1, 2, 3, 128 + signal.SIGINT

Row = Offer | Skipped
Store = Callable[[Sequence[Offer]], Outcome]


class Command(BaseCommand):
    help = (
        "Add the numbers of a file to the pool: CSV whose first line names the columns (number; provider and country where "
        "there are any), or one number a line; in any notation. What is in the pool already is left as it is, so that "
        "another run goes on where one stopped. The exit status is 0 when all are in, 1 when lines were wrong, 2 when it "
        "could not begin, 3 when the database or the file failed in the middle, 130 after Ctrl-C."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file, or - for the standard input")
        parser.add_argument("--provider", default="", help="whose the numbers are, where the file does not say")
        parser.add_argument("--column", default="number", help="the name of the column of numbers (number by default)")
        parser.add_argument("--errors", metavar="FILE", help="write every wrong line to this file, as CSV")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, and tell what would be")

    def handle(self, *args: Any, **options: Any) -> None:
        totals = Totals(dry_run=options["dry_run"])
        try:
            with ExitStack() as stack:
                self._import(self._begun(stack, options), totals)
        except KeyboardInterrupt:
            raise self._ended(totals, "Stopped", INTERRUPTED) from None
        except (DatabaseError, InterfaceError, OSError) as error:
            raise self._ended(totals, f"{type(error).__name__}: {str(error).strip()}. It ended", BROKEN) from error
        self.stdout.write(str(totals))
        if totals.wrong:
            raise CommandError("The wrong lines were left out: correct them and import them again.", returncode=WRONG_LINES)

    def _begun(self, stack: ExitStack, options: dict[str, Any]) -> "Work":
        """Open all that the import needs. Raises CommandError where it cannot begin."""
        file: str = options["file"]
        try:
            stream = stack.enter_context(_opened(file))
            text = stack.enter_context(text_of(stream))
            rows = NumberFile(text, column=options["column"], provider=_checked(options["provider"]))
            complaints = Complaints(self._say, stack.enter_context(_errors_file(options["errors"], stream)))
        except (OSError, NumberFileError) as error:
            raise CommandError(f"{file}: {error}", returncode=USAGE) from None
        store: Store = partial(_add, file)
        if options["dry_run"]:
            store = partial(preview_numbers, rehearsal=stack.enter_context(closing(Rehearsal())))
        return Work(rows, store, complaints, stack.enter_context(_progress(stream)))

    @staticmethod
    def _import(work: "Work", totals: "Totals") -> None:
        """Store the rows batch by batch, each in a transaction of its own."""
        for batch in _batches(work.rows):
            with _interrupt_waits():
                outcome = work.store([row for row in batch if isinstance(row, Offer)])
                outcome.skipped += [row for row in batch if isinstance(row, Skipped)]
                totals.count(outcome, _line_of(batch[-1]))
            work.complaints.tell(outcome.skipped)
            work.progress.update(totals.line - work.progress.n)

    def _ended(self, totals: "Totals", why: str, status: int) -> CommandError:
        """Return what to say when it ends before the file does."""
        self.stdout.write(str(totals))
        where = f"after line {totals.line:,}; nothing of what follows is in" if totals.line else "before anything was done"
        return CommandError(
            f"{why} {where}. The same command goes on from there: what is in already is skipped.", returncode=status
        )

    def _say(self, message: str) -> None:
        with tqdm.external_write_mode(file=sys.stderr):
            self.stderr.write(message)


class Work(NamedTuple):
    """What an import needs besides its totals."""

    rows: Iterable[Row]
    store: Store
    complaints: "Complaints"
    progress: "tqdm[Any]"


@dataclass
class Totals:
    """What became of all rows up to `line`."""

    dry_run: bool = False
    line: int = 0
    added: int = 0
    known: int = 0
    kept_elsewhere: int = 0
    wrong: int = 0
    new_providers: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome, line: int) -> None:
        """Count in what became of some more rows, the last of them on `line`."""
        wrong = outcome.wrong
        self.line = line
        self.added += outcome.added
        self.wrong += wrong
        self.known += len(outcome.skipped) - wrong
        self.kept_elsewhere += outcome.kept_elsewhere
        self.new_providers += outcome.new_providers

    def __str__(self) -> str:
        """Sum it up for the operator."""
        added = f"{self.added:,} would be added" if self.dry_run else f"{self.added:,} added"
        text = f"{added}, {self.known:,} in the pool already, {self.wrong:,} wrong."
        if self.kept_elsewhere:
            text += f"\nOf those in the pool, {self.kept_elsewhere:,} are another provider's, and stay so."
        if self.new_providers:
            text += f"\nNew providers: {', '.join(self.new_providers)}."
        return f"{text}\nThis was a rehearsal: nothing was changed." if self.dry_run else text


class Complaints:
    """Tells which lines are wrong: the first of them at the terminal, all of them in a file."""

    def __init__(self, say: Callable[[str], None], file: TextIO | None) -> None:
        self._say = say
        self._writer = csv.writer(file) if file else None
        self._count = 0
        # Named as an import wants them: corrected, the file can be imported itself.
        self._write("line", "number", "provider", "country", "error")

    def tell(self, skipped: Iterable[Skipped]) -> None:
        """Tell of those that are wrong, in the order of their lines."""
        wrong = (each for each in skipped if each.fate is Fate.WRONG)
        for offer, _, reason in sorted(wrong, key=lambda each: each.offer.line):
            self._count += 1
            if self._count <= SHOWN:
                self._say(f"line {offer.line:,}: {offer.text[:60]!a} {reason}")
            elif self._count == SHOWN + 1:
                self._say("… and more; --errors FILE keeps them all.")
            self._write(offer.line, *map(harmless, (offer.text, offer.provider, offer.country, reason)))

    def _write(self, *cells: object) -> None:
        if self._writer:
            self._writer.writerow(cells)


def _checked(provider: str) -> str:
    if len(provider) > LONGEST_PROVIDER or not provider.isprintable():
        raise NumberFileError(f"--provider takes at most {LONGEST_PROVIDER} characters, all of them printable.")
    return provider.strip()


def _opened(file: str) -> io.BufferedReader:
    # What a shell gave us as standard input stays the shell's to close.
    return open(sys.stdin.fileno(), "rb", closefd=False) if file == STANDARD_INPUT else Path(file).open("rb")


@contextmanager
def _errors_file(name: str | None, source: io.BufferedReader) -> Iterator[TextIO | None]:
    """Open the file for wrong lines, if one is named. Raises NumberFileError where it would destroy what is imported."""
    if name is None:
        yield None
        return
    path = Path(name)
    if path.exists() and os.path.samestat(path.stat(), os.fstat(source.fileno())):
        raise NumberFileError("--errors names the very file that is imported.")
    # With a byte order mark, without which spreadsheets take it for something else.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        yield file


def _progress(source: io.BufferedReader) -> "tqdm[Any]":
    """Return a progress bar of lines, which shows only at a terminal."""
    is_file = isinstance(source.name, str) and stat.S_ISREG(os.fstat(source.fileno()).st_mode)
    return tqdm(total=_lines_in(source.name) if is_file else None, unit=" lines", file=sys.stderr, disable=None)


def _lines_in(path: str) -> int:
    with Path(path).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(partial(file.read, 1024 * 1024), b""))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    every = iter(rows)
    return iter(lambda: list(itertools.islice(every, ROWS_AT_ONCE)), [])


def _line_of(row: Row) -> int:
    return row.line if isinstance(row, Offer) else row.offer.line


def _add(file: str, offers: Sequence[Offer]) -> Outcome:
    """Add some of the file's numbers in one transaction, of which the audit log can tell the lines."""
    # A name may have bytes that are no text, which no database takes.
    name = Path(file).name.encode(errors="replace").decode()
    lines = [offers[0].line, offers[-1].line] if offers else []
    return add_numbers(offers, actor_label="command line", origin={"file": name, "lines": lines})


@contextmanager
def _interrupt_waits() -> Iterator[None]:
    """Let a Ctrl-C wait until the block is through; a second one does not wait."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        # Whoever started us does not want it to do anything, or something else.
        yield
        return
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
