"""Publish the recordings that stayed on the switch, and tidy up what a crash left behind here."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from telephony.management.sweep_command import SweepCommand, seconds
from telephony.services.recording_leftovers import tidy
from telephony.services.recording_sweep import UNFINISHED_SECONDS, RecordingSweep
from telephony.services.spool import ASIDE
from telephony.services.sweeps import YOUNG_SECONDS


class Command(SweepCommand):
    help = (
        "Publish the recordings (<leg uuid>.wav) that lie in folders of the switch and have not arrived, and delete those "
        f"there that have; what cannot be published goes to DIR/{ASIDE} after a while. May be run at any time, also twice at "
        "once."
    )
    unit = "recording"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folders", nargs="*", type=Path, metavar="DIR", help="a folder with recordings; those below it are not entered"
        )
        parser.add_argument(
            "--min-age", type=seconds, default=YOUNG_SECONDS, metavar="SECONDS", help="leave younger files alone (%(default)s)"
        )
        parser.add_argument(
            "--unfinished", type=seconds, default=UNFINISHED_SECONDS, metavar="SECONDS",
            help="how long a file that is not whole may be still in writing (%(default)s)",
        )  # fmt: skip
        parser.add_argument(
            "--tidy",
            action="store_true",
            help="also remove what crashes left in the portal's own folder of recordings, older than a day",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["folders"] and not options["tidy"]:
            raise CommandError("Name a folder, or --tidy.")
        if options["tidy"] and options["watch"] is not None:
            raise CommandError("--tidy looks at every recording there is: once a day is enough, not with --watch.")
        sweep = RecordingSweep(young=options["min_age"], unfinished=options["unfinished"])
        self.sweep_all(options["folders"], sweep, options["watch"], tidy if options["tidy"] else tuple)
