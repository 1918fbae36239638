"""Taking in a record costs the same however many calls there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telephony.services.intake import Origin, Result, take_in
from telephony.tests.captures import posts_of

pytestmark = pytest.mark.django_db


def plan_of(statement: str) -> list[str]:
    """Return how the database finds the rows of a statement; on PostgreSQL as if its tables were large."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            return [row[3] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        return [row[0] for row in cursor.fetchall()]


def reads_all(step: str) -> bool:
    """Tell whether a step of a plan goes through a whole table or a whole index."""
    return step.startswith("SCAN telephony_") or "Seq Scan on telephony_" in step


def test_calls_and_legs_are_found_by_their_indexes() -> None:
    for post in posts_of("local-answered")[:2]:
        with CaptureQueriesContext(connection) as queries:
            assert take_in(post.body, Origin()).result is Result.STORED
    tables = ('FROM "telephony_call" ', 'FROM "telephony_leg" ', 'FROM "telephony_leglink" ')
    statements = [
        query["sql"] for query in queries if query["sql"].startswith("SELECT") and any(t in query["sql"] for t in tables)
    ]
    assert len(statements) >= 5
    assert [step for statement in statements for step in plan_of(statement) if reads_all(step)] == []
