"""Measure what an assignment costs with few and with many rows to choose from; `bench/README.md` says how to run it."""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.tests.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from bench.databases import databases, settle, use  # noqa: E402
from telephony.models import Domain, Extension, Number, Provider  # noqa: E402
from telephony.models.holding import HoldingState  # noqa: E402
from telephony.services.pool import assign_number  # noqa: E402

AT_ONCE = 1_000


class Scenario(NamedTuple):
    """A pool to choose from: how to fill it with so many rows, and what is asked for."""

    name: str
    fill: Callable[[int], None]
    few: int
    many: int
    area_code: str = ""


def free_numbers(count: int) -> None:
    """Fill the pool with numbers that nobody had, in three area codes."""
    _add_numbers(count, HoldingState.FREE)


def rested_numbers(count: int) -> None:
    """Fill the pool with numbers that somebody gave back long ago."""
    _add_numbers(count, HoldingState.COOLING)


def existing_extensions(count: int) -> None:
    """Have so many extensions held, and numbers enough."""
    _add_numbers(10_000, HoldingState.FREE)
    _add_extensions(range(settings.EXTENSION_RANGE.first, settings.EXTENSION_RANGE.first + count), HoldingState.ASSIGNED)


def rested_extensions(count: int) -> None:
    """Have the whole range exist: all held but so many, which have rested."""
    _add_numbers(10_000, HoldingState.FREE)
    first, last = settings.EXTENSION_RANGE
    _add_extensions(range(first, last + 1 - count), HoldingState.ASSIGNED)
    _add_extensions(range(last + 1 - count, last + 1), HoldingState.COOLING)


SCENARIOS = (
    Scenario("free numbers", free_numbers, 1_000, 100_000),
    Scenario("free numbers, by area code", free_numbers, 1_000, 100_000, "276"),
    Scenario("rested numbers", rested_numbers, 1_000, 100_000),
    Scenario("extensions that exist", existing_extensions, 10, 8_500),
    Scenario("rested extensions, range used up", rested_extensions, 500, 9_000),
)


def _add_numbers(count: int, state: HoldingState) -> None:
    provider = Provider.objects.create(name="Bench")
    rested = timezone.now() - timedelta(days=1) if state == HoldingState.COOLING else None
    areas = ("212", "276", "703")
    digits = (f"1{areas[n % 3]}{2_000_000 + n // 3}" for n in range(count))
    Number.objects.bulk_create(
        (Number(number=each, provider=provider, country="US", state=state, cooling_until=rested) for each in digits),
        batch_size=AT_ONCE,
    )


def _add_extensions(numbers: range, state: HoldingState) -> None:
    domain, _ = Domain.objects.get_or_create(name=settings.SIP_DOMAIN)
    rested = timezone.now() - timedelta(days=1) if state == HoldingState.COOLING else None
    Extension.objects.bulk_create(
        (Extension(domain=domain, number=str(n), state=state, cooling_until=rested) for n in numbers), batch_size=AT_ONCE
    )


def prepare(scenario: Scenario, count: int, people: int) -> list[User]:
    """Fill the database at hand, and return people who are to ask."""
    call_command("flush", interactive=False, verbosity=0)
    Domain.objects.get_or_create(name=settings.SIP_DOMAIN)
    scenario.fill(count)
    users = User.objects.bulk_create(User(username=f"person-{n}", subject=f"bench|{n}", issuer="bench") for n in range(people))
    settle()
    return users


def cost(scenario: Scenario, people: list[User]) -> float:
    """Return the median seconds that an assignment takes."""
    taken = []
    for person in people:
        began = time.perf_counter()
        _, is_new = assign_number(person, scenario.area_code)
        taken.append(time.perf_counter() - began)
        if not is_new:
            raise RuntimeError("nothing was assigned")
    return statistics.median(taken)


def measure(scenario: Scenario, names: list[str], rounds: int, assignments: int) -> None:
    """Measure few and many by turns, so that what else the machine does strikes both, and print the ratios."""
    askers = {}
    for name, count in zip(names, (scenario.few, scenario.many), strict=True):
        use(name)
        askers[name] = prepare(scenario, count, (rounds + 1) * assignments)
    costs: list[list[float]] = []
    for _ in range(rounds + 1):
        costs.append([])
        for name in names:
            use(name)
            mine, askers[name] = askers[name][:assignments], askers[name][assignments:]
            costs[-1].append(cost(scenario, mine))
    # The first round has warmed it all up.
    few, many = zip(*costs[1:], strict=True)
    ratios = sorted(much / little for little, much in costs[1:])
    print(
        f"{scenario.name:34} {scenario.few:>7,} {statistics.median(few) * 1000:8.2f} ms {scenario.many:>9,} "
        f"{statistics.median(many) * 1000:8.2f} ms   {ratios[0]:5.2f} {statistics.median(ratios):5.2f} {ratios[-1]:5.2f}",
        flush=True,
    )


def main() -> None:
    """Measure every scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured (7)")
    parser.add_argument("--assignments", type=int, default=40, help="how many assignments a round takes (40)")
    options = parser.parse_args()
    print(
        f"{connection.vendor}, {options.rounds} rounds of {options.assignments} assignments, medians; the ratio: min median max"
    )
    with tempfile.TemporaryDirectory() as folder:
        is_file = connection.vendor == "sqlite"
        names = [str(Path(folder, name)) if is_file else f"{name}_{os.getpid()}" for name in ("bench_few", "bench_many")]
        with databases(names):
            for scenario in SCENARIOS:
                measure(scenario, names, options.rounds, options.assignments)


if __name__ == "__main__":
    main()
