"""Measure what the console's pages cost with few and with many calls; `bench/README.md` says how to run it."""

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.tests.settings")

import django  # noqa: E402

django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Preference, Role, User  # noqa: E402
from bench.databases import databases, settle, use  # noqa: E402
from telephony.models import Call, Domain, Extension, Number, Provider, Recording, Switch  # noqa: E402
from telephony.services.call_lists import CALLS  # noqa: E402
from telephony.services.tallies import note_change  # noqa: E402
from telephony.switch.causes import outcome_of  # noqa: E402
from telephony.tables.calls import CallTable  # noqa: E402
from telephony.views.call_preferences import COLUMNS  # noqa: E402

AT_ONCE = 5_000
EXTENSIONS = 200
CAUSES = ("NORMAL_CLEARING",) * 7 + ("NO_ANSWER", "USER_BUSY", "ORIGINATOR_CANCEL")
PAGES = {
    "calls, first page": "/",
    "calls, part of a number": "/?q=5550123",
    "calls, busy": "/?outcome=busy",
    "calls, declined (none)": "/?outcome=rejected",
    "calls, last 7 days": "/?when=7d",
    "calls, an extension": "/?extension=1007",
    "calls, an idle extension (none)": "/?extension=2999",
    "calls, of an hour (none)": "/?min_duration=3600",
    "calls, recorded": "/?has_recording=true",
    "calls, busy, recorded (none)": "/?has_recording=true&outcome=busy",
    "calls, what is new": "/calls/newer?first=1",
    "calls, the oldest page": "/?cursor={oldest}",
    "a call": "/calls/{call}/",
    "live": "/live/",
    "search": "/search/?q=5550123",
}

STAFF_PAGES = {
    "dashboard, today": "/dashboard/?period=today",
    "dashboard, 7 days": "/dashboard/?period=7d",
    "dashboard, 30 days": "/dashboard/?period=30d",
    "dashboard, 12 months": "/dashboard/?period=12m",
    "dashboard, 62 days": "/dashboard/?first={two_months_ago}",
    "dashboard, after a call": "/dashboard/?period=7d",
    "dashboard, how things stand": "/dashboard/now",
    "calls, of a person": "/?person={person}",
    "people": "/people/",
    "a person": "/people/{person}/",
    "extensions": "/extensions/",
    "an extension": "/extensions/{extension}/",
    "numbers": "/numbers/",
    "a number": "/numbers/{number}/",
}
# Somebody on the staff who has chosen every column that there is.
PAGES_OF_ALL_COLUMNS = {"calls, first page": "/", "calls, last 7 days": "/?when=7d"}
# Half an hour away from UTC: a day of it has no whole day of UTC, the dearest case.
CLOCK = "Asia/Kolkata"


def calls(count: int) -> Iterator[Call]:
    """Yield calls of the year that ends now, newest last."""
    domain, _ = Domain.objects.get_or_create(name="pbx.example.com")
    provider, switch = Provider.objects.create(name="Bench"), Switch.objects.create(name="fs1")
    people = User.objects.bulk_create(User(username=f"p{n}", subject=f"bench|{n}", issuer="bench") for n in range(EXTENSIONS))
    extensions = Extension.objects.bulk_create(Extension(domain=domain, number=str(1000 + n)) for n in range(EXTENSIONS))
    Extension.objects.create(domain=domain, number="2999")
    numbers = Number.objects.bulk_create(
        Number(number=f"1703{2_000_000 + n}", provider=provider, country="US") for n in range(EXTENSIONS)
    )
    now, apart = timezone.now(), timedelta(days=365) / count
    for n in range(count):
        at, cause, who = now - (count - n) * apart, CAUSES[n % len(CAUSES)], n % EXTENSIONS
        talked, inbound = cause == "NORMAL_CLEARING", n % 2 == 0
        outside = f"1{2_020_000_000 + (n * 7919) % 7_000_000_000}"
        yield Call(
            call_uuid=f"{n:08x}-0000-4000-8000-000000000000",
            direction="inbound" if inbound else "outbound",
            caller_number=outside if inbound else extensions[who].number,
            callee_number=numbers[who].number if inbound else outside,
            caller_extension=None if inbound else extensions[who],
            callee_extension=extensions[who] if inbound else None,
            caller_user=None if inbound else people[who],
            callee_user=people[who] if inbound else None,
            number=numbers[who],
            provider=provider,
            domain=domain,
            switch=switch,
            started_at=at,
            answered_at=at if talked else None,
            ended_at=at + timedelta(minutes=2),
            answered=talked,
            bill_seconds=100 if talked else 0,
            duration_seconds=120,
            hangup_cause=cause,
            outcome=outcome_of(cause, talked).slug,
        )


def recorded() -> None:
    """Give one in seven of the calls that were talked in a recording, which has no audio."""
    talked = Call.objects.filter(answered=True, id__in=Call.objects.annotate(place=F("id") % 7).filter(place=0)).order_by("id")
    batch: list[Recording] = []
    for pk, uuid in talked.values_list("pk", "call_uuid").iterator():
        batch.append(
            Recording(
                call_id=pk, leg_uuid=uuid, file_name=f"{uuid}.wav", size_bytes=1_600_044, sha256="0" * 64, channels=2,
                sample_rate=8000, duration_ms=100_000,
            )
        )  # fmt: skip
        if len(batch) == AT_ONCE:
            Recording.objects.bulk_create(batch)
            batch.clear()
    Recording.objects.bulk_create(batch)


def prepare(count: int) -> dict[str, Client]:
    """Fill the database at hand; return who asks: staff, a person with calls of their own, and staff who want every column."""
    call_command("flush", interactive=False, verbosity=0)
    batch: list[Call] = []
    for call in calls(count):
        batch.append(call)
        if len(batch) == AT_ONCE:
            Call.objects.bulk_create(batch)
            batch.clear()
    Call.objects.bulk_create(batch)
    recorded()
    began = time.perf_counter()
    call_command("recountcalls", stdout=sys.stderr)
    print(f"counted in {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
    settle()
    clients = {"staff": Client(), "person": Client(), "columns": Client()}
    for client in clients.values():
        client.cookies["timezone"] = CLOCK
    clients["staff"].force_login(User.objects.create_user("staff", role=Role.STAFF))
    clients["person"].force_login(User.objects.get(username="p7"))
    every = User.objects.create_user("columns", role=Role.STAFF)
    Preference.objects.choose(every, COLUMNS, list(CallTable.base_columns))
    clients["columns"].force_login(every)
    return clients


def cost(client: Client, path: str, times: int, before: Callable[[], None] = lambda: None) -> float:
    """Return the median milliseconds that a page takes on the server."""
    taken = []
    for _ in range(times):
        cache.clear()
        before()
        began = time.perf_counter()
        response = client.get(path)
        taken.append(1000 * (time.perf_counter() - began))
        if response.status_code not in (200, 204):
            raise RuntimeError(f"{path}: {response.status_code}")
    return statistics.median(taken)


def pages_of(who: str) -> dict[str, str]:
    """Return the addresses of the pages that somebody looks at, by title."""
    person = User.objects.get(username="p7")
    first = list(Call.objects.order_by("started_at", "id")[:30])[-1]
    places = {
        "two_months_ago": timezone.localdate() - timedelta(days=61),
        "oldest": CALLS._encode(first, backwards=False),
        "person": person.pk,
        "call": Call.objects.filter(caller_user=person).latest("started_at").pk,
        "extension": Extension.objects.get(number="1007").pk,
        "number": Number.objects.earliest("number").pk,
    }
    pages = {"staff": PAGES | STAFF_PAGES, "person": PAGES, "columns": PAGES_OF_ALL_COLUMNS}[who]
    return {title: path.format_map(places) for title, path in pages.items()}


def call_changes() -> None:
    """Note what a record that comes in notes: the newest call's quarter of an hour is to be counted anew."""
    note_change(Call.objects.order_by("-started_at").values_list("started_at", flat=True)[:1])


def main() -> None:
    """Measure every page at both sizes and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=7)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    names = ["bench_few", "bench_many"]
    with databases(names):
        found: dict[tuple[str, str], list[float]] = {}
        for name, count in zip(names, (options.few, options.many), strict=True):
            use(name)
            began = time.perf_counter()
            clients = prepare(count)
            print(f"{count:,} calls made in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            for who, client in clients.items():
                for title, path in pages_of(who).items():
                    before = call_changes if title.endswith("after a call") else lambda: None
                    taken = cost(client, path, options.times, before)
                    found.setdefault((who, title), []).append(taken)
    print(f"{connection.vendor}: median ms with {options.few:,} and {options.many:,} calls")
    for (who, title), (few, many) in found.items():
        print(f"{who:7} {title:32} {few:8.1f} {many:8.1f}   x {many / few:.2f}")


if __name__ == "__main__":
    main()
