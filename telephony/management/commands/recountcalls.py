"""Count all calls anew for the dashboard."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from telephony.services.tallies import count_whole_day, days_to_count
from web.interruption import Interruption


class Command(BaseCommand):
    help = (
        "Count all calls anew, day by day, for the dashboard's figures. Not needed as a rule: what changes is counted anew by "
        "itself. For after calls were changed in the database by hand. May be stopped and run again at any time, also while "
        "calls come in."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        interruption = Interruption()
        counted = 0
        # The latest first: these are looked at most.
        bar = tqdm(days_to_count()[::-1], unit="day", file=sys.stderr, disable=not sys.stderr.isatty())
        with interruption.heard(), bar:
            for day in bar:
                count_whole_day(day)
                counted += 1
                if interruption.signal:
                    break
        self.stdout.write(f"{counted} days counted")
        if interruption.signal:
            sys.exit(128 + interruption.signal)
