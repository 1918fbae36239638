"""A month of calls of a small firm: by the day's rhythm, with what goes wrong, and some of it recorded."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from demo.people import DemoPerson
from demo.switch.legs import Quality
from demo.switch.records import PastCall

DAYS = 30
WEEKDAY_CALLS, WEEKEND_CALLS = (11, 19), (1, 5)
# How many of a day's calls fall into each hour, from midnight (UTC) on; the firm works on the east coast.
HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 8, 11, 9, 6, 7, 10, 9, 7, 4, 2, 1)
Kind = Literal["inbound", "outbound", "local"]
KINDS: dict[Kind, int] = {"inbound": 46, "outbound": 36, "local": 18}
FAILURES = {"NO_ANSWER": 10, "ORIGINATOR_CANCEL": 5, "USER_BUSY": 4, "CALL_REJECTED": 2, "UNALLOCATED_NUMBER": 1, "": 78}
UNREGISTERED = "1007"
CALLERS = (
    ("12024561414", "Capitol Dental"), ("12125550187", "Harbor Freight"), ("13035550142", "Front Range Supply"),
    ("14155550134", "Bay Print Shop"), ("16175550121", "Back Bay Realty"), ("17185550166", "Queens Courier"),
    ("18045550117", "River City Motors"), ("19195550155", "Triangle Labs"), ("12403019517", "Potomac Garden"),
    ("12762087784", "Blue Ridge Vet"), ("15712220143", "Old Town Bikes"), ("13015550128", "Bethesda Books"),
    ("14105550173", "Inner Harbor Cafe"), ("13025550109", ""), ("17035550181", "Dulles Travel"), ("12155550190", ""),
)  # fmt: skip
RECORDED_SHARE, LONGEST_RECORDED = 0.16, 45


def month(people: Sequence[DemoPerson], until: datetime, seed: int = 1) -> Iterator[PastCall]:
    """Yield the calls of the month that ends now, oldest first."""
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    first = until - timedelta(days=DAYS)
    for day in range(DAYS + 1):
        midnight = (first + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
        times = sorted(_times(chance, midnight))
        yield from (_call(chance, people, at) for at in times if first < at < until - timedelta(minutes=20))


def _times(chance: random.Random, midnight: datetime) -> Iterator[datetime]:
    least, most = WEEKEND_CALLS if midnight.weekday() >= 5 else WEEKDAY_CALLS
    for _ in range(chance.randint(least, most)):
        hour = chance.choices(range(24), HOURS)[0]
        yield midnight + timedelta(hours=hour, minutes=chance.randrange(60), seconds=chance.randrange(60))


def _call(chance: random.Random, people: Sequence[DemoPerson], at: datetime) -> PastCall:
    kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
    # Some people live on the phone, others hardly use it.
    person = chance.choices(people, [3 + 12 / (1 + place) for place in range(len(people))])[0]
    if kind == "local":
        other = chance.choice([each for each in people if each is not person])
        caller, callee, name = person.extension, other.extension, person.name
    else:
        number, outside = chance.choice(CALLERS)
        caller, callee, name = (
            (number, person.extension, outside) if kind == "inbound" else (person.extension, number, person.name)
        )
    cause = _cause(chance, kind, callee)
    talk = 0.0 if cause else min(3000.0, 8 + chance.lognormvariate(4.2, 1.0))
    recorded = bool(talk) and chance.random() < RECORDED_SHARE
    return PastCall(
        kind=kind,
        caller=caller,
        callee=callee,
        caller_name=name,
        started_at=at,
        number="" if kind == "local" else person.number,
        ring_seconds=round(chance.uniform(18, 25) if cause == "NO_ANSWER" else chance.uniform(2, 14), 2),
        talk_seconds=round(min(talk, chance.uniform(12, LONGEST_RECORDED)) if recorded else talk, 2),
        cause=cause or "NORMAL_CLEARING",
        caller_hangs_up=chance.random() < 0.6,
        recorded=recorded,
        quality=_quality(chance),
        callee_quality=_quality(chance),
    )


def _cause(chance: random.Random, kind: Kind, callee: str) -> str:
    """Return why nobody talked, "" where they did."""
    if callee == UNREGISTERED:
        return "USER_NOT_REGISTERED"
    cause = chance.choices(list(FAILURES), list(FAILURES.values()))[0]
    return "NO_ANSWER" if cause == "UNALLOCATED_NUMBER" and kind != "outbound" else cause


def _quality(chance: random.Random) -> Quality:
    poor = chance.random() < 0.08
    return Quality(
        mos=round(chance.uniform(2.4, 3.4) if poor else chance.uniform(4.1, 4.5), 2),
        jitter_variance=round(chance.uniform(300, 2500) if poor else chance.uniform(2, 40), 2),
        loss=round(chance.uniform(1.5, 6) if poor else chance.uniform(0, 0.2), 2),
    )
