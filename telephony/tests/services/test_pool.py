"""What the pool gives next, and what finding it costs: the same, however many there are."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from portal.environment import NumberRange
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services.pool import PoolEmptyError, assign_number, holding_of

pytestmark = pytest.mark.django_db

Person = Callable[..., User]


@pytest.fixture
def provider(domain: Domain) -> Provider:
    return Provider.objects.create(name="Acme")


@pytest.fixture
def extensions(domain: Domain) -> Callable[..., None]:
    """Have extensions of these numbers, held unless told otherwise."""

    def make(numbers: Iterable[int], state: str = HoldingState.ASSIGNED, days: int = 1) -> None:
        rested = timezone.now() - timedelta(days=days) if state == HoldingState.COOLING else None
        Extension.objects.bulk_create(
            Extension(domain=domain, number=str(n), state=state, cooling_until=rested) for n in numbers
        )  # fmt: skip

    return make


@pytest.fixture
def numbers(provider: Provider) -> Callable[..., None]:
    """Have so many numbers, in two area codes, free unless told otherwise."""

    def make(count: int, state: str = HoldingState.FREE) -> None:
        rested = timezone.now() - timedelta(days=1) if state == HoldingState.COOLING else None
        digits = (f"1{('703', '212')[n % 2]}{2_000_000 + n // 2}" for n in range(count))
        Number.objects.bulk_create(
            Number(number=each, provider=provider, state=state, cooling_until=rested) for each in digits
        )  # fmt: skip

    return make


def given(make_person: Person, count: int) -> list[str]:
    """Return the extensions that so many people get one after the other."""
    first = User.objects.count()
    return [assign_number(make_person(f"person-{first + n}"))[0].extension.number for n in range(count)]


# -- which extension -------------------------------------------------------------------------------------------------------


def test_extensions_go_on_behind_those_that_staff_made(numbers: Callable, extensions: Callable, make_person: Person) -> None:
    numbers(10)
    extensions([1000])
    assert given(make_person, 2) == ["1001", "1002"]
    extensions([1003, 5000, 9999])
    assert given(make_person, 2) == ["1004", "1005"]


def test_what_staff_made_free_is_given_first_the_lowest(numbers: Callable, extensions: Callable, make_person: Person) -> None:
    numbers(10)
    extensions([7000, 3000], HoldingState.FREE)
    assert given(make_person, 3) == ["3000", "7000", "1000"]


def test_extensions_of_another_length_or_domain_are_left_alone(
    numbers: Callable, extensions: Callable, make_person: Person
) -> None:
    # By their text 200 and 99999 lie between 1000 and 9999, and 99 is the highest of all.
    numbers(10)
    extensions([99, 200, 950, 20000, 99999], HoldingState.FREE)
    other = Domain.objects.create(name="other.example.com")
    Extension.objects.create(domain=other, number="1500")
    assert given(make_person, 3) == ["1000", "1001", "1002"]
    assert Extension.objects.filter(number__in=("99", "200", "950", "20000", "99999"), state=HoldingState.FREE).count() == 5


def test_a_range_used_up_to_its_end(numbers: Callable, extensions: Callable, make_person: Person, settings: Any) -> None:
    settings.EXTENSION_RANGE = NumberRange(100, 199)
    numbers(10)
    extensions([n for n in range(100, 200) if n not in (130, 131, 170, 180, 181)])
    extensions([180], HoldingState.COOLING, days=1)
    extensions([181], HoldingState.COOLING, days=2)
    # What has rested longest, what has rested less, then the gaps from below: two by a search, one behind the other.
    assert given(make_person, 5) == ["181", "180", "130", "131", "170"]
    with pytest.raises(PoolEmptyError, match="No extension is free") as raised:
        given(make_person, 1)
    assert raised.value.code == "extension_pool_empty"
    assert Number.objects.filter(state=HoldingState.ASSIGNED).count() == 5, "whoever got no extension got no number"
    assert Extension.objects.count() == 100


def test_what_has_not_rested_yet_is_not_given(
    numbers: Callable, extensions: Callable, make_person: Person, settings: Any
) -> None:
    settings.EXTENSION_RANGE = NumberRange(100, 101)
    numbers(2)
    extensions([100, 101], HoldingState.COOLING, days=-1)
    with pytest.raises(PoolEmptyError):
        given(make_person, 1)


def test_a_domain_that_does_not_exist_is_told(numbers: Callable, make_person: Person, settings: Any) -> None:
    settings.SIP_DOMAIN = "renamed.example.com"
    numbers(1)
    with pytest.raises(PoolEmptyError, match=r"renamed\.example\.com does not exist"):
        given(make_person, 1)
    assert not Assignment.objects.exists()


def test_an_extension_that_staff_make_at_this_very_moment(
    numbers: Callable, extensions: Callable, make_person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers(1)
    create = Extension.objects.get_or_create

    def too_late(**wanted: Any) -> tuple[Extension, bool]:
        extensions([1000], HoldingState.FREE)
        return create(**wanted)

    monkeypatch.setattr(Extension.objects, "get_or_create", too_late)
    assert given(make_person, 1) == ["1000"]
    assert Extension.objects.count() == 1


# -- which number ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "area_code", "digits"),
    [
        ("US", "703", "17036879447"), ("US", "1703", "17036879447"), ("DE", "30", "4930901820"), ("DE", "030", "4930901820"),
        ("GB", "020", "442079460018"), ("IT", "06", "390669812345"), ("RU", "812", "78123456789"),
    ],
)  # fmt: skip
def test_area_codes_of_the_home_country(
    provider: Provider, make_person: Person, settings: Any, home: str, area_code: str, digits: str
) -> None:
    settings.HOME_COUNTRY = home
    for each in ("12125550123", "4940123456", "441212345678", "390212345678", "74951234567", digits):
        Number.objects.create(number=each, provider=provider)
    assignment, is_new = assign_number(make_person("anna"), area_code)
    assert (assignment.number.number, is_new) == (digits, True)


def test_who_holds_an_extension_keeps_it_with_its_first_number(numbers: Callable, make_person: Person, hold: Callable) -> None:
    numbers(1)
    anna = make_person("anna")
    hold(anna, "1044")
    before = holding_of(anna)
    assignment, is_new = assign_number(anna)
    assert (assignment.extension.number, is_new) == ("1044", True)
    before.refresh_from_db()
    assert before.ends_at == assignment.starts_at, "without a moment between"
    assert assign_number(anna) == (assignment, False)
    passed_on, opened = AuditEntry.objects.order_by("pk")
    assert (passed_on.action, passed_on.actor, passed_on.before["number"]) == ("assignment.passed_on", anna, "")
    assert (opened.action, opened.actor, opened.after["number"]) == ("assignment.opened", anna, assignment.number.number)


def test_what_is_given_and_taken_is_written_down(numbers: Callable, make_person: Person) -> None:
    numbers(1)
    anna = make_person("anna")
    assignment, _ = assign_number(anna)
    assign_number(anna)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target_id) == ("assignment.opened", anna, str(assignment.pk))
    assert entry.after == {
        "user": "auth0|anna", "extension": f"{assignment.extension.number}@pbx.example.com", "number": assignment.number.number
    }  # fmt: skip


# -- what it costs ---------------------------------------------------------------------------------------------------------

FEW, MANY = 50, 3_000
LAST = 1000 + 2 * MANY


def held_extensions(count: int, numbers: Callable, extensions: Callable) -> None:
    numbers(10)
    extensions(range(1000, 1000 + count))


def rested_extensions(count: int, numbers: Callable, extensions: Callable) -> None:
    numbers(10)
    extensions(range(1000, LAST + 1 - count))
    extensions(range(LAST + 1 - count, LAST + 1), HoldingState.COOLING)


POOLS = {
    "free numbers": lambda count, numbers, extensions: numbers(count),
    "rested numbers": lambda count, numbers, extensions: numbers(count, HoldingState.COOLING),
    "held extensions": held_extensions,
    "rested extensions": rested_extensions,
}


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    """Count the steps of SQLite's machine, by tens: what a query costs is a number there, whatever else the machine does."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    connection.connection.set_progress_handler(count, 10)
    try:
        yield steps
    finally:
        connection.connection.set_progress_handler(None, 0)


def analyse() -> None:
    """Let the database know what is in its tables, as a server finds out by itself."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def choices_of(assign: Callable[[], Any]) -> list[str]:
    """Return the queries by which an assignment chose a number and an extension."""
    with CaptureQueriesContext(connection) as captured:
        assign()
    selects = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    chosen = [sql for sql in selects if re.search('FROM "telephony_(number|extension)"', sql)]
    assert len(chosen) >= 4
    return chosen


def parts_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from parts_of(part)


def explained(sql: str) -> list[dict[str, Any]]:
    """Return the parts of PostgreSQL's plan of a query, and what they did when it ran."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        return list(parts_of(cursor.fetchone()[0][0]["Plan"]))


def refuse_scans_and_sorts() -> None:
    """Let PostgreSQL scan and sort only where no index serves, also a table so small that scanning it is quicker."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")


def cost_of(assign: Callable[[], Any]) -> int:
    """Return what choosing costs: SQLite's steps in all, or the rows that PostgreSQL reads."""
    if connection.vendor == "sqlite":
        with counted_steps() as steps:
            assign()
        return steps[0]
    parts = [part for sql in choices_of(assign) for part in explained(sql)]
    return sum(
        int((part["Actual Rows"] + part.get("Rows Removed by Filter", 0)) * part["Actual Loops"]) for part in parts
    )  # fmt: skip


@pytest.mark.parametrize("area_code", ["", "703"])
@pytest.mark.parametrize("pool", POOLS)
def test_finding_costs_as_much_among_many_as_among_few(
    numbers: Callable, extensions: Callable, make_person: Person, settings: Any, pool: str, area_code: str
) -> None:
    settings.EXTENSION_RANGE = NumberRange(1000, LAST)
    costs = []
    for count in (FEW, MANY):
        for model in (Assignment, Number, Extension):
            model.objects.all().delete()
        POOLS[pool](count, numbers, extensions)
        analyse()
        person = make_person(f"of-{count}")
        costs.append(cost_of(lambda person=person: assign_number(person, area_code)))
    assert costs[1] <= max(costs[0] * 1.2, 150), "rows or steps; among many of them it would be thousands"


@pytest.mark.parametrize("is_analysed", [True, False])
@pytest.mark.parametrize("area_code", ["", "703"])
@pytest.mark.parametrize("pool", POOLS)
def test_every_choice_is_a_step_into_an_index(
    numbers: Callable, extensions: Callable, make_person: Person, settings: Any, pool: str, area_code: str, is_analysed: bool
) -> None:
    settings.EXTENSION_RANGE = NumberRange(1000, LAST)
    POOLS[pool](MANY, numbers, extensions)
    # PostgreSQL does it by itself, SQLite only when it is told to.
    if is_analysed or connection.vendor == "postgresql":
        analyse()
    for sql in choices_of(lambda: assign_number(make_person("anna"), area_code)):
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = [step for *_, step in cursor.fetchall()]
            # The one that scans goes back from the row that was made last, and stops after some.
            slow = [step for step in plan if "TEMP B-TREE" in step or ("SCAN" in step and '"id" DESC LIMIT' not in sql)]
        else:
            refuse_scans_and_sorts()
            slow = [part["Node Type"] for part in explained(sql) if part["Node Type"] in ("Seq Scan", "Sort")]
        assert not slow, sql
