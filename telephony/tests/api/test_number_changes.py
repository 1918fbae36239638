"""`numbers/changes`: one thing done to many numbers, and what was refused and why; to nothing but what was clearly named."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Number, NumberChange, Provider
from telephony.models.holding import HoldingState
from telephony.services import number_changes
from web.jobs import load_tasks, work_one
from web.models import ReadOnlyMode

pytestmark = pytest.mark.django_db

PATH = "/api/v2/numbers/changes"


@pytest.fixture
def sam(make_person: Callable[..., User]) -> User:
    return make_person("sam", Role.STAFF)


@pytest.fixture
def staff(sam: User, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(sam)


@pytest.fixture
def numbers(make_person: Callable, hold: Callable) -> dict[str, int]:
    """One that anna holds, two that are free, one that rests, one of another country."""
    hold(make_person("anna"), "1006", "17036879447")
    acme = Provider.objects.get()
    rest = {"state": HoldingState.COOLING, "cooling_until": timezone.now() + timedelta(days=1)}
    for digits in ("12762087784", "17036879448"):
        Number.objects.create(number=digits, provider=acme, country="US")
    Number.objects.create(number="17036879449", provider=acme, **rest)
    Number.objects.create(number="442079460018", provider=Provider.objects.create(name="Other Carrier"), country="GB")
    return dict(Number.objects.values_list("number", "pk"))


def post(client: Client, headers: dict[str, str], body: Any, **extra: str) -> Any:
    return client.generic("POST", PATH, json.dumps(body), content_type="application/json", headers=headers | extra)


def counted(answer: Any) -> tuple[int, int, int]:
    return tuple(answer.json()[name] for name in ("changed", "unchanged", "refused"))


def test_named_numbers_are_changed_and_the_refused_are_told_with_their_reasons(
    client: Client, staff: dict[str, str], numbers: dict[str, int]
) -> None:
    named = [numbers["17036879447"], numbers["12762087784"], numbers["17036879449"], numbers["12762087784"]]
    answer = post(client, staff, {"action": "disable", "numbers": named})
    said = answer.json()
    assert (answer.status_code, said["state"], said["total"], said["position"], said["stalled"]) == (201, "done", 3, 3, False)
    assert counted(answer) == (1, 0, 2)
    assert [(each["id"], each["number"]) for each in said["refusals"]] == [
        (numbers["17036879447"], "17036879447"), (numbers["17036879449"], "17036879449"),
    ]  # fmt: skip
    assert "is held by anna" in said["refusals"][0]["reason"]
    assert "rests until" in said["refusals"][1]["reason"]
    assert set(Number.objects.filter(state="disabled").values_list("number", flat=True)) == {"12762087784"}
    assert AuditEntry.objects.get(action="number.disabled").actor_label == "sam"
    assert client.get(f"{PATH}/{said['id']}", headers=staff).json() == said


@pytest.mark.parametrize(
    ("action", "more", "expected"),
    [
        ("release", {}, (1, 2, 0)), ("enable", {}, (0, 3, 0)), ("disable", {}, (1, 0, 2)), ("provider", {"provider": "New"}, (3, 0, 0)),
        ("provider", {"provider": "Acme Carrier"}, (0, 3, 0)), ("country", {"country": "us"}, (2, 1, 0)),
        ("country", {"country": "GB"}, (0, 0, 3)), ("country", {"country": ""}, (1, 2, 0)),
    ],
)  # fmt: skip
def test_each_thing_is_done_to_each_of_a_filter_and_to_no_other(
    client: Client, staff: dict[str, str], numbers: dict[str, int], action: str, more: dict[str, str], expected: tuple[int, ...]
) -> None:
    others = Number.objects.exclude(number__contains="687944").order_by("pk")
    before = list(others.values())
    answer = post(client, staff, {"action": action, "filter": {"number": "687-944", "provider": "acme carrier"}, **more})
    assert (answer.status_code, counted(answer)) == (201, expected)
    assert answer.json()["value"] == more.get(action, "").replace("us", "US")
    assert Assignment.objects.open().exists() == (action != "release")
    assert list(others.values()) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "disable"}, "numbers"),
        ({"action": "disable", "numbers": []}, "numbers"),
        ({"action": "disable", "numbers": [0]}, "numbers"),
        ({"action": "disable", "numbers": [10**30]}, "numbers"),
        ({"action": "disable", "numbers": [2**63 - 1]}, "numbers"),
        ({"action": "disable", "numbers": ["1"]}, "numbers"),
        ({"action": "disable", "numbers": [True]}, "numbers"),
        ({"action": "disable", "numbers": "all"}, "numbers"),
        ({"action": "disable", "numbers": list(range(1, 1002))}, "numbers"),
        ({"action": "disable", "numbers": None}, "numbers"),
        ({"action": "disable", "filter": {}}, "filter"),
        ({"action": "disable", "filter": {"state": ""}}, "filter"),
        ({"action": "disable", "filter": {"state": " "}}, "filter"),
        ({"action": "disable", "filter": {"state": None}}, "filter"),
        ({"action": "disable", "filter": {"state": "gone"}}, "filter"),
        ({"action": "disable", "filter": {"number": "12"}}, "filter"),
        ({"action": "disable", "filter": {"country": "USA"}}, "filter"),
        ({"action": "disable", "filter": {"q": "703"}}, "filter"),
        ({"action": "disable", "filter": {"limit": "50", "state": "free"}}, "filter"),
        ({"action": "disable", "filter": {"state": ["free"]}}, "filter"),
        ({"action": "disable", "filter": {"holder": "nobody"}}, "filter"),
        ({"action": "disable", "filter": {"holder": "a" * 256}}, "filter"),
        ({"action": "disable", "filter": "state=free"}, "filter"),
        ({"action": "disable", "filter": None}, "filter"),
        ({"action": "delete", "filter": {"state": "free"}}, "action"),
        ({"filter": {"state": "free"}}, "action"),
        ({"action": "provider", "filter": {"state": "free"}}, "provider"),
        ({"action": "provider", "filter": {"state": "free"}, "provider": ""}, "provider"),
        ({"action": "provider", "filter": {"state": "free"}, "provider": "a" * 101}, "provider"),
        ({"action": "provider", "filter": {"state": "free"}, "provider": "a\nb"}, "provider"),
        ({"action": "provider", "filter": {"state": "free"}, "provider": "A", "country": "US"}, "country"),
        ({"action": "country", "filter": {"state": "free"}}, "country"),
        ({"action": "country", "filter": {"state": "free"}, "country": "USA"}, "country"),
        ({"action": "release", "filter": {"state": "free"}, "provider": "A"}, "provider"),
        ({"action": "release", "filter": {"state": "free"}, "everything": True}, "everything"),
    ],
)
def test_what_is_not_clearly_said_is_refused_and_nothing_is_done(
    client: Client, staff: dict[str, str], numbers: dict[str, int], body: dict[str, Any], field: str
) -> None:
    before = list(Number.objects.order_by("pk").values())
    answer = post(client, staff, body)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid_input", [field])
    assert not NumberChange.objects.exists()
    assert list(Number.objects.order_by("pk").values()) == before


def test_an_empty_filter_is_told_what_it_would_be(client: Client, staff: dict[str, str], numbers: dict[str, int]) -> None:
    errors = post(client, staff, {"action": "disable", "filter": {}}).json()["errors"]
    assert errors == {"filter": ["Name at least one filter: without any it would be every number there is."]}


def test_numbers_and_a_filter_together_are_refused(client: Client, staff: dict[str, str], numbers: dict[str, int]) -> None:
    answer = post(client, staff, {"action": "disable", "numbers": [*numbers.values()], "filter": {"state": "free"}})
    assert answer.status_code == 400
    assert not Number.objects.filter(state="disabled").exists()


def test_an_id_of_no_number_is_named_and_the_others_are_left(
    client: Client, staff: dict[str, str], numbers: dict[str, int]
) -> None:
    answer = post(client, staff, {"action": "disable", "numbers": [numbers["12762087784"], 10**9]})
    assert answer.json()["errors"] == {"numbers": ["There is no number with the id 1000000000."]}
    assert not Number.objects.filter(state="disabled").exists()


def test_more_than_fifty_are_left_to_a_worker(client: Client, staff: dict[str, str]) -> None:
    acme = Provider.objects.create(name="Acme Carrier")
    Number.objects.bulk_create(
        Number(number=str(17036879000 + place), provider=acme) for place in range(number_changes.AT_ONCE + 1)
    )
    answer = post(client, staff, {"action": "disable", "filter": {"state": "free"}})
    assert (answer.status_code, answer.json()["state"], answer.json()["position"], answer.json()["total"]) == (
        202,
        "working",
        0,
        51,
    )
    assert not Number.objects.filter(state="disabled").exists()
    # It joins the pool too late to be meant.
    Number.objects.create(number="12762087784", provider=acme)
    load_tasks()
    assert work_one()
    done = client.get(f"{PATH}/{answer.json()['id']}", headers=staff)
    assert (done.json()["state"], done.json()["position"], counted(done)) == ("done", 51, (51, 0, 0))
    assert Number.objects.get(number="12762087784").state == HoldingState.FREE


def test_a_worker_that_does_not_come_is_told(client: Client, staff: dict[str, str]) -> None:
    acme = Provider.objects.create(name="Acme Carrier")
    Number.objects.bulk_create(
        Number(number=str(17036879000 + place), provider=acme) for place in range(number_changes.AT_ONCE + 1)
    )
    change = post(client, staff, {"action": "disable", "filter": {"state": "free"}}).json()
    assert not client.get(f"{PATH}/{change['id']}", headers=staff).json()["stalled"]
    NumberChange.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert client.get(f"{PATH}/{change['id']}", headers=staff).json()["stalled"]


def test_too_many_are_refused(
    client: Client, staff: dict[str, str], numbers: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_changes, "MOST_NUMBERS", 1)
    answer = post(client, staff, {"action": "disable", "filter": {"state": "free"}})
    assert answer.json()["errors"] == {"filter": ["More than 1 numbers match: narrow the list down."]}


def test_sent_again_it_is_done_once(client: Client, staff: dict[str, str], numbers: dict[str, int]) -> None:
    body = {"action": "disable", "filter": {"state": "free"}}
    first = post(client, staff, body, **{"Idempotency-Key": "k"})
    Number.objects.create(number="12403019517", provider=Provider.objects.get(name="Acme Carrier"))
    again = post(client, staff, body, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, first.json(), "true")
    assert Number.objects.get(number="12403019517").state == HoldingState.FREE
    assert post(client, staff, body | {"action": "enable"}, **{"Idempotency-Key": "k"}).status_code == 422
    assert NumberChange.objects.count() == 1


def test_a_change_is_nobody_elses(
    client: Client, staff: dict[str, str], numbers: dict[str, int], make_person: Callable, key_of: Callable
) -> None:
    change = post(client, staff, {"action": "disable", "filter": {"state": "free"}}).json()
    for name, role in (("ada", Role.ADMIN), ("tom", Role.STAFF)):
        assert client.get(f"{PATH}/{change['id']}", headers=key_of(make_person(name, role))).status_code == 404


def test_one_that_was_begun_on_the_console_can_be_followed(
    client: Client, sam: User, staff: dict[str, str], numbers: dict[str, int]
) -> None:
    change = number_changes.propose(sam, Number.objects.all(), "release")
    assert client.get(f"{PATH}/{change.pk}", headers=staff).json()["state"] == "asked"


def test_people_who_are_no_staff_change_nothing(
    client: Client, numbers: dict[str, int], make_person: Callable, key_of: Callable
) -> None:
    eve = key_of(make_person("eve"))
    assert post(client, eve, {"action": "disable", "filter": {"state": "free"}}).status_code == 403
    assert post(client, {}, {"action": "disable", "filter": {"state": "free"}}).status_code == 401
    assert not NumberChange.objects.exists()


def test_other_verbs_are_refused(client: Client, staff: dict[str, str], numbers: dict[str, int]) -> None:
    change = post(client, staff, {"action": "disable", "filter": {"state": "free"}}).json()
    assert client.get(PATH, headers=staff).status_code == 405
    assert client.delete(f"{PATH}/{change['id']}", headers=staff).status_code == 405


def test_nothing_is_done_while_the_portal_only_reads(client: Client, staff: dict[str, str], numbers: dict[str, int]) -> None:
    ReadOnlyMode.objects.create(is_on=True)
    assert post(client, staff, {"action": "disable", "filter": {"state": "free"}}).json()["code"] == "read_only"
    assert not NumberChange.objects.exists()
