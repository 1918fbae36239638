"""`assign-number` when everybody asks at once: what is left is given once, and whoever comes too late is told."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import ApiKey, AuditEntry, User
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services import pool
from telephony.services.assignments import NotClaimableError, open_assignment

PATH = "/api/v2/assign-number"
ASKING, LEFT = 200, 100


@pytest.fixture
def people(domain: Domain) -> list[dict[str, str]]:
    """Return the proofs of 200 people; before them others have taken all numbers but 100."""
    provider = Provider.objects.create(name="Acme")
    Number.objects.bulk_create(
        Number(number=f"1703{2_000_000 + n}", provider=provider, state=state)
        for n, state in enumerate([HoldingState.ASSIGNED] * 50 + [HoldingState.FREE] * LEFT + [HoldingState.DISABLED] * 50)
    )
    users = User.objects.bulk_create(User(username=f"person-{n}", subject=f"auth0|{n}", issuer="x") for n in range(ASKING))
    return [{"x-mediamagic-key": ApiKey.objects.issue(user, "test")[1]} for user in users]


def ask_at_once(proofs: list[dict[str, str]]) -> list[tuple[int, Any]]:
    """Ask for all of them at the same moment, each in a thread with a connection of its own; return what each was answered."""
    gate = threading.Barrier(len(proofs))

    def ask(proof: dict[str, str]) -> tuple[int, Any]:
        gate.wait(60)
        try:
            response = Client().get(PATH, headers=proof)
            return response.status_code, response.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(proofs)) as threads:
        return list(threads.map(ask, proofs))


@pytest.mark.django_db(transaction=True)
def test_two_hundred_ask_for_the_last_hundred(people: list[dict[str, str]]) -> None:
    answers = ask_at_once(people)
    given = [answer for status, answer in answers if status == 200]
    assert Counter((status, answer.get("code")) for status, answer in answers) == {
        (200, None): LEFT, (409, "number_pool_empty"): ASKING - LEFT
    }  # fmt: skip
    assert {answer["phone_number"] for answer in given} == {f"1703{2_000_000 + n}" for n in range(50, 150)}
    assert {answer["extension"] for answer in given} == {str(1000 + n) for n in range(LEFT)}
    assert len({answer["auth0_id"] for answer in given}) == LEFT
    # And so it stands in the database: nothing half-given to those who got nothing.
    assert Assignment.objects.count() == Extension.objects.count() == LEFT
    assert AuditEntry.objects.filter(action="assignment.opened").count() == LEFT
    assert not Number.objects.filter(state=HoldingState.FREE).exists()
    assert not Extension.objects.exclude(state=HoldingState.ASSIGNED).exists()


@pytest.mark.django_db(transaction=True)
def test_one_person_who_asks_many_times_at_once_gets_one(people: list[dict[str, str]]) -> None:
    answers = ask_at_once(people[:1] * 20)
    assert {status for status, _ in answers} == {200}
    assert len({(answer["phone_number"], answer["extension"], answer["created_at"]) for _, answer in answers}) == 1
    assert Assignment.objects.count() == Extension.objects.count() == 1
    assert Number.objects.filter(state=HoldingState.FREE).count() == LEFT - 1


@pytest.mark.django_db(transaction=True)
def test_nobody_takes_what_was_chosen_from_under_whom_it_is_for(
    people: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = pool.next_number
    elsewhere = Domain.objects.create(name="elsewhere.example.com")
    extension = Extension.objects.create(domain=elsewhere, number="7000")
    outcomes: list[str] = []

    def take(number: Number) -> None:
        """Give somebody else the number by hand, as staff do."""
        try:
            open_assignment(User.objects.order_by("-pk")[0], extension, number)
            outcomes.append("taken")
        except NotClaimableError as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    def choose_slowly(*wanted: Any) -> Number | None:
        number = choose(*wanted)
        staff = threading.Thread(target=take, args=[number])
        staff.start()
        # Long enough for whoever does not wait.
        staff.join(1)
        waiting.append(staff)
        return number

    waiting: list[threading.Thread] = []
    monkeypatch.setattr(pool, "next_number", choose_slowly)
    answer = Client().get(PATH, headers=people[0])
    waiting[0].join(30)
    assert (answer.status_code, answer.json()["phone_number"]) == (200, "17032000050")
    assert outcomes == ["+1 703-200-0050 is not free: somebody holds it."]
    assert Assignment.objects.count() == 1
