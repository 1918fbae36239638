"""Do the jobs that wait in the database, a few at a time."""

import argparse
import random
import threading
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections, connections

from web.interruption import Interruption
from web.jobs import load_tasks, work_one

LONGEST_WAIT_SECONDS: Final = 30.0
MOST_THREADS: Final = 64


def _seconds(text: str) -> float:
    """Read from the command line how long to wait between two looks."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.01 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0.01 to 3600")
    return value


def _threads(text: str) -> int:
    """Read from the command line how many jobs are done at a time."""
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_THREADS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_THREADS}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Do what is to be done in the background, such as measuring recordings, until stopped: SIGTERM and Ctrl-C let the job "
        "at hand be finished. Several may run, on any machine that reaches the database and the recordings."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--poll", type=_seconds, default=1.0, metavar="SECONDS", help="how long to wait when no job is due (%(default)s)"
        )
        parser.add_argument(
            "--threads", type=_threads, default=4, metavar="N",
            help="how many jobs to do at a time, so that one that waits for somebody holds up no other (%(default)s)",
        )  # fmt: skip
        parser.add_argument("--until-idle", action="store_true", help="stop as soon as no job is due")

    def handle(self, *args: Any, **options: Any) -> None:
        load_tasks()
        interruption = Interruption()
        with interruption.heard():
            self._tell("working")
            self._work_together(interruption, options["threads"], options["poll"], until_idle=options["until_idle"])
        self._tell("stopped")

    def _work_together(self, interruption: Interruption, threads: int, poll: float, *, until_idle: bool) -> None:
        """Work in so many threads, this one among them; what ends one unforeseen ends all, and is raised."""
        unforeseen: list[BaseException] = []

        def work() -> None:
            try:
                self._work(interruption, poll, until_idle=until_idle)
            except BaseException as error:  # noqa: BLE001 - raised again below
                unforeseen.append(error)
                interruption.ask()
            finally:
                connections.close_all()

        others = [threading.Thread(target=work, name=f"worker {number}") for number in range(2, threads + 1)]
        for thread in others:
            thread.start()
        try:
            self._work(interruption, poll, until_idle=until_idle)
        except BaseException:
            interruption.ask()
            raise
        finally:
            for thread in others:
                thread.join()
        if unforeseen:
            raise unforeseen[0]

    def _work(self, interruption: Interruption, poll: float, *, until_idle: bool) -> None:
        failures = 0
        while not interruption.is_asked:
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
