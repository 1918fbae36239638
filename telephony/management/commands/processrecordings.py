"""Measure the recordings that have no waveform yet, as the worker does with each that comes in."""

import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import QuerySet
from tqdm import tqdm

from telephony.models import Recording
from telephony.services.measuring import measure_recording
from web.interruption import Interruption
from web.jobs import HopelessJobError

AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Measure recordings (length, waveform, whether the audio is still what was published): those that were never measured, "
        "oldest first, or all of them. May be stopped and run again at any time, also twice at once. Exit status 1 where some "
        "could not be measured; each has a line."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="also those that were measured before: checks every file there is"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        interruption = Interruption()
        measured = failed = 0
        total = None if options["all"] else self._wanted(everything=False).count()
        bar = tqdm(
            self._ids(everything=options["all"]),
            total=total,
            unit="recording",
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
        )
        with interruption.heard(), bar:
            for recording in bar:
                try:
                    measure_recording(recording)
                    measured += 1
                except (HopelessJobError, OSError) as error:
                    failed += 1
                    with tqdm.external_write_mode(file=sys.stderr):
                        self.stderr.write(f"recording {recording}: {error}")
                if interruption.signal:
                    break
        self.stdout.write(f"{measured} measured, {failed} could not be")
        if interruption.signal:
            sys.exit(128 + interruption.signal)
        if failed:
            sys.exit(1)

    def _wanted(self, *, everything: bool) -> "QuerySet[Recording]":
        ready = Recording.objects.filter(state=Recording.State.READY)
        return ready if everything else ready.filter(measured_at=None)

    def _ids(self, *, everything: bool) -> Iterator[int]:
        """Yield the ids, some at a time; one that fails is passed by, not asked for again."""
        last = 0
        while True:
            some = self._wanted(everything=everything).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
            found = list(some)
            if not found:
                return
            yield from found
            last = found[-1]
