"""When a leg was on hold, as its record tells.

Source: `hold_events` of FreeSWITCH 1.11.1: pairs of microseconds since 1970, the newest first.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

_PAIR = re.compile(r"\{\s*([0-9]{16})\s*,\s*([0-9]{1,16})\s*\}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_HOLDS = 200


class Hold(NamedTuple):
    """A time on hold; `ended_at` is None where the leg ended on hold."""

    began_at: datetime
    ended_at: datetime | None


def holds_of(record: Mapping[str, Any]) -> list[Hold]:
    """Return when the leg of a posted record was on hold, oldest first; what cannot be read is left out."""
    variables = record.get("variables")
    text = variables.get("hold_events") if isinstance(variables, Mapping) else None
    pairs = _PAIR.findall(text[: MOST_HOLDS * 50]) if isinstance(text, str) else []
    return sorted(Hold(_at(began), _at(ended) if int(ended) > int(began) else None) for began, ended in pairs)


def _at(microseconds: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))
