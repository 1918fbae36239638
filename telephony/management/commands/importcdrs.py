"""Take in the records that the switch left in files."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from telephony.management.sweep_command import SweepCommand, open_folder, seconds
from telephony.services.record_sweep import HALF_WRITTEN_SECONDS, TAKEN_FOLDER, RecordSweep
from telephony.services.spool import ASIDE, Spool
from telephony.services.sweeps import YOUNG_SECONDS


class Command(SweepCommand):
    help = (
        "Take in the call records that lie in folders of the switch (err-log-dir, log-dir), as if they were posted. A file is "
        "moved or deleted only after its record is committed; what is no record goes to "
        f"DIR/{ASIDE}. May be run at any time, also twice at once."
    )
    unit = "record"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folders", nargs="+", type=Path, metavar="DIR", help="a folder with records; those below it are not entered"
        )
        parser.add_argument(
            "--min-age", type=seconds, default=YOUNG_SECONDS, metavar="SECONDS", help="leave younger files alone (%(default)s)"
        )
        parser.add_argument(
            "--half-written", type=seconds, default=HALF_WRITTEN_SECONDS, metavar="SECONDS",
            help="how long a file that cannot be read may be still in writing (%(default)s)",
        )  # fmt: skip
        taken = parser.add_mutually_exclusive_group()
        taken.add_argument("--keep", type=Path, metavar="FOLDER", help=f"where taken files are moved (DIR/{TAKEN_FOLDER})")
        taken.add_argument("--delete", action="store_true", help="delete taken files instead")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            keep = None
            if options["keep"] is not None:
                keep = stack.enter_context(_open_keep(options["keep"], options["folders"]))
            sweep = RecordSweep(
                young=options["min_age"], half_written=options["half_written"], delete=options["delete"], keep=keep
            )
            self.sweep_all(options["folders"], sweep, options["watch"])


def _open_keep(keep: Path, folders: Sequence[Path]) -> Spool:
    """Open, and make where it is missing, the folder for taken files.

    Raises CommandError, also where files cannot be moved to it from the others in one step.
    """
    try:
        keep.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            if keep.samefile(folder):
                raise CommandError("--keep names a folder that is swept.")
            if keep.stat().st_dev != folder.stat().st_dev:
                raise CommandError(f"--keep must be on the same file system as {folder}.")
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None
    return open_folder(keep)
