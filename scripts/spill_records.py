#!/usr/bin/env python3
"""Fill a folder with call records as a switch leaves them there, to try `manage.py importcdrs` on or to measure it.

scripts/spill_records.py FOLDER CALLS     two records a call, none of them like another, old enough to be swept
"""

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.switch.records import PastCall, records_of

FIRST = datetime(2026, 1, 1, 8, tzinfo=UTC)
AN_HOUR = 3600


def main() -> None:
    """Write the records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("calls", type=int)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    then = datetime.now(UTC).timestamp() - AN_HOUR
    for number in range(arguments.calls):
        call = PastCall(
            kind="outbound",
            caller="1006",
            callee=f"1240{3010000 + number % 9000}",
            number="17036879447",
            started_at=FIRST + timedelta(seconds=97 * number),
            talk_seconds=5 + number % 300,
        )
        for leg_uuid, record in records_of(call):
            path = arguments.folder / f"{leg_uuid}.cdr.json"
            path.write_bytes(record)
            os.utime(path, (then, then))
    print(f"{len(list(arguments.folder.glob('*.cdr.json')))} records in {arguments.folder}")


if __name__ == "__main__":
    main()
