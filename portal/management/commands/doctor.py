"""Test every hop between the portal and its switches, both ways, and say what to do where one is broken."""

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser

from portal.health import CHECKS, NotReadyError
from telephony.services.doctor.examination import checks
from telephony.services.doctor.findings import Check, Fault, Finding, Outcome

ABOUT: Final = "portal"
PATIENCE_SECONDS: Final = 10.0
_ADVICE: Final = {
    "database": "See DATABASE_URL, and whether the database answers.",
    "migrations": "Run manage.py migrate.",
    "storage": "Make the folder of RECORDINGS_URL, writable for the user of the portal, on a disk with space.",
}
_MARKS: Final = {Outcome.OK: "ok", Outcome.FAILED: "FAILED", Outcome.SKIPPED: "-"}
_WIDTHS: Final = (22, 20, 8)
_LEAST_TEXT: Final = 40


def seconds(text: str) -> float:
    """Read how long to wait from the command line."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0 to 600")
    return value


class Command(BaseCommand):
    help = (
        "Test the settings, the database, the storage, and every hop to and from each switch, and say what to do where one is "
        "broken. The switch itself is made to ask the portal. Exit status 1 where anything failed. Changes nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--call",
            action="store_true",
            help="also place calls to nobody on each switch, to see dialplan, records and recordings arrive; no phone rings, "
            "no carrier is called, and nothing of them is kept",
        )
        parser.add_argument(
            "--patience", type=seconds, default=PATIENCE_SECONDS, metavar="SECONDS",
            help="how long to wait for what a call leaves (%(default)s)",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print the findings as a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        found = self._made(chain(_of_the_portal(), checks(calls=options["call"], patience=options["patience"])))
        findings = list(found) if options["json"] else list(self._printed(found))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            self._sum_up(findings, calls=options["call"])
        if any(finding.outcome is Outcome.FAILED for finding in findings):
            sys.exit(1)

    def _made(self, to_be_made: Iterable[Check]) -> Iterator[Finding]:
        """Make the checks, one after the other; on a terminal each is named while it is made."""
        is_seen = sys.stderr.isatty()
        for check in to_be_made:
            if is_seen:
                self.stderr.write(f"\r\033[K{check.about}: {check.name} …", ending="")
                self.stderr.flush()
            finding = check.make()
            if is_seen:
                self.stderr.write("\r\033[K", ending="")
                self.stderr.flush()
            yield finding

    def _printed(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Print each finding as it is made."""
        width = max(shutil.get_terminal_size((120, 24)).columns - sum(_WIDTHS), _LEAST_TEXT)
        for finding in findings:
            lines = textwrap.wrap(finding.detail, width)
            lines += [
                f"→ {line}" if index == 0 else f"  {line}"
                for index, line in enumerate(textwrap.wrap(finding.advice, width - 2))
            ]
            columns = (finding.about, finding.check, _MARKS[finding.outcome])
            self.stdout.write(_row(columns) + (lines or [""])[0])
            for line in lines[1:]:
                self.stdout.write(" " * sum(_WIDTHS) + line)
            self.stdout.flush()
            yield finding

    def _sum_up(self, findings: list[Finding], *, calls: bool) -> None:
        failed = sum(finding.outcome is Outcome.FAILED for finding in findings)
        skipped = sum(finding.outcome is Outcome.SKIPPED for finding in findings)
        self.stdout.write("")
        told = f"{len(findings)} checks: {failed} failed" if failed else f"All is well: {len(findings) - skipped} checks"
        self.stdout.write(told + (f", {skipped} not tried." if skipped else "."))
        if not calls:
            self.stdout.write("With --call dialplan, records and recordings are tried as well, by calls to nobody.")


def _of_the_portal() -> Iterator[Check]:
    for name, look in CHECKS.items():
        yield Check(ABOUT, name, _looking(name, look))


def _looking(name: str, look: Callable[[], None]) -> Callable[[], str]:
    """Return a check of the portal's health as one of the doctor's."""

    def made() -> str:
        try:
            look()
        except NotReadyError as error:
            raise Fault(f"{error}.", _ADVICE[name]) from None
        except OSError as error:
            raise Fault(f"{error.filename or name}: {error.strerror or type(error).__name__}.", _ADVICE[name]) from None
        return "answers" if name == "database" else "in order"

    return made


def _row(columns: tuple[str, ...]) -> str:
    cut = (text if len(text) < width else f"{text[: width - 2]}…" for text, width in zip(columns, _WIDTHS, strict=True))
    return "".join(text.ljust(width) for text, width in zip(cut, _WIDTHS, strict=True))
