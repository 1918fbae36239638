"""Do the jobs that wait in the database, one after the other."""

import argparse
import random
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections

from web.interruption import Interruption
from web.jobs import load_tasks, work_one

LONGEST_WAIT_SECONDS: Final = 30.0


def _seconds(text: str) -> float:
    """Read from the command line how long to wait between two looks."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.01 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0.01 to 3600")
    return value


class Command(BaseCommand):
    help = (
        "Do what is to be done in the background, such as measuring recordings, until stopped: SIGTERM and Ctrl-C let the job "
        "at hand be finished. Several may run, on any machine that reaches the database and the recordings."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--poll", type=_seconds, default=1.0, metavar="SECONDS", help="how long to wait when no job is due (%(default)s)"
        )
        parser.add_argument("--until-idle", action="store_true", help="stop as soon as no job is due")

    def handle(self, *args: Any, **options: Any) -> None:
        load_tasks()
        interruption = Interruption()
        with interruption.heard():
            self._tell("working")
            self._work(interruption, options["poll"], until_idle=options["until_idle"])
        self._tell("stopped")

    def _work(self, interruption: Interruption, poll: float, *, until_idle: bool) -> None:
        failures = 0
        while not interruption.signal:
            close_old_connections()
            try:
                found = work_one()
                failures = 0
            except (OperationalError, InterfaceError) as error:
                failures += 1
                wait = min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures - 1, 5)) * random.uniform(0.7, 1.0)  # noqa: S311 - no secret
                self._tell(f"the database is away ({type(error).__name__}): trying again in {wait:.0f} s")
                interruption.wait(wait)
                continue
            if found:
                continue
            if until_idle:
                return
            interruption.wait(poll)

    def _tell(self, sentence: str) -> None:
        self.stdout.write(sentence)
        # At once, also into a file: whoever waits for it reads it there.
        self.stdout.flush()
