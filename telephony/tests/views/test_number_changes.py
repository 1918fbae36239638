"""One thing done to many numbers: asked first, with how many; then told what was done, and what was refused and why."""

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
from web.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


@pytest.fixture
def numbers(make_person: Callable, hold: Callable) -> list[Number]:
    """One that anna holds, two that are free, one that rests, one of another country."""
    hold(make_person("anna"), "1006", "17036879447")
    acme = Provider.objects.get()
    rest = {"state": HoldingState.COOLING, "cooling_until": timezone.now() + timedelta(days=1)}
    made = [Number.objects.create(number=digits, provider=acme) for digits in ("12762087784", "17036879448")]
    made.append(Number.objects.create(number="17036879449", provider=acme, **rest))
    made.append(Number.objects.create(number="442079460018", provider=acme, country="GB"))
    return [Number.objects.get(number="17036879447"), *made]


def choose(client: Client, action: str, numbers: list[Number], **fields: str) -> Any:
    body = {"action": action, "number": [number.pk for number in numbers], "query": ""} | fields
    return client.post("/numbers/changes", body, follow=True)


def outcome(change: NumberChange) -> tuple[int, int, int]:
    change.refresh_from_db()
    return change.changed, change.unchanged, change.refused


def test_nothing_is_done_before_yes_is_said(client: Client, sam: User, numbers: list[Number]) -> None:
    response = choose(client, "disable", numbers)
    text = response.content.decode()
    assert "Take these numbers out of use?" in text
    assert "5 numbers" in text
    assert not Number.objects.filter(state="disabled").exists()
    done = client.post(response.request["PATH_INFO"], follow=True).content.decode()
    assert "is held by anna" in done
    assert "rests until" in done
    assert outcome(NumberChange.objects.get()) == (3, 0, 2)
    assert set(AuditEntry.objects.filter(action="number.disabled").values_list("target_label", flat=True)) == {
        "+1 276-208-7784", "+1 703-687-9448", "+44 20 7946 0018",
    }  # fmt: skip
    assert "begun before" in client.post(response.request["PATH_INFO"], follow=True).content.decode()
    assert AuditEntry.objects.filter(action="number.disabled").count() == 3


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        ("release", {}, (1, 4, 0)), ("enable", {}, (0, 5, 0)), ("provider", {"provider": "New"}, (5, 0, 0)),
        ("provider", {"provider": "Acme Carrier"}, (0, 5, 0)), ("country", {"country": "us"}, (4, 0, 1)),
        ("country", {"country": ""}, (1, 4, 0)),
    ],
)  # fmt: skip
def test_each_thing_is_done_to_each(
    client: Client, sam: User, numbers: list[Number], action: str, fields: dict[str, str], expected: tuple[int, int, int]
) -> None:
    client.post(choose(client, action, numbers, **fields).request["PATH_INFO"])
    assert outcome(NumberChange.objects.get()) == expected
    assert Assignment.objects.open().exists() == (action != "release")
    assert AuditEntry.objects.filter(actor=sam, action__in=("number.changed", "assignment.released")).count() == expected[0]


def test_all_that_the_filter_finds_are_fixed_when_it_is_asked(client: Client, sam: User, numbers: list[Number]) -> None:
    response = choose(client, "disable", [], everything="1", query="state=free&q=703")
    assert "1 number</p>" in response.content.decode()
    Number.objects.create(number="17036879500", provider=Provider.objects.get())
    client.post(response.request["PATH_INFO"])
    assert list(Number.objects.filter(state="disabled").values_list("number", flat=True)) == ["17036879448"]


@pytest.mark.parametrize("query", ["q=1", "state=nonsense", "country=usa"])
def test_a_wrong_filter_finds_none(client: Client, sam: User, numbers: list[Number], query: str) -> None:
    assert "No number was chosen" in choose(client, "disable", [], everything="1", query=query).content.decode()
    assert not NumberChange.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": []}, "No number was chosen"), ({"number": ["999999"]}, "No number was chosen"),
        ({"number": ["x", "1 OR 1=1"]}, "valid choice"), ({"action": "delete"}, "valid choice"),
        ({"action": "provider"}, "Name the provider"), ({"action": "country", "country": "1x"}, "two letters"),
        ({"action": "provider", "provider": "a\u0007"}, "printable"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_asked(
    client: Client, sam: User, numbers: list[Number], fields: dict[str, Any], said: str
) -> None:
    body = {"action": "disable", "number": [numbers[1].pk], "query": "state=free"} | fields
    response = client.post("/numbers/changes", body, follow=True)
    assert response.redirect_chain == [("/numbers/?state=free", 302)]
    assert said in response.content.decode()
    assert not NumberChange.objects.exists()


def test_it_is_the_business_of_whoever_set_about_it(
    client: Client, sam: User, numbers: list[Number], make_person: Callable
) -> None:
    path = choose(client, "disable", numbers).request["PATH_INFO"]
    client.force_login(make_person("ada", Role.ADMIN))
    assert client.get(path).status_code == client.post(path).status_code == 404
    assert not Number.objects.filter(state="disabled").exists()


def test_many_are_left_to_a_worker(client: Client, sam: User, numbers: list[Number], monkeypatch: pytest.MonkeyPatch) -> None:
    load_tasks()
    monkeypatch.setattr(number_changes, "AT_ONCE", 2)
    path = choose(client, "disable", numbers).request["PATH_INFO"]
    text = client.post(path, follow=True).content.decode()
    assert f'hx-get="{path}" hx-trigger="every 1s"' in text
    assert "0 of 5 numbers" in text
    assert work_one()
    assert outcome(NumberChange.objects.get()) == (3, 0, 2)
    assert "every 1s" not in client.get(path).content.decode()


def test_a_killed_change_goes_on_where_it_stands(
    client: Client, sam: User, numbers: list[Number], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_changes, "AT_ONCE", 0)
    monkeypatch.setattr(number_changes, "NOTED_EVERY", 2)
    client.post(choose(client, "provider", numbers, provider="New").request["PATH_INFO"])
    change, calls, deed = NumberChange.objects.get(), [], number_changes.DEEDS["provider"]

    def die_at_the_fourth(*args: Any) -> bool:
        calls.append(args)
        if len(calls) == 4:
            raise SystemExit
        return deed(*args)

    monkeypatch.setattr(number_changes, "DEEDS", {"provider": die_at_the_fourth})
    with pytest.raises(SystemExit):
        number_changes.carry_out_change(change.pk)
    change.refresh_from_db()
    assert (change.position, change.state) == (2, "working")
    number_changes.carry_out_change(change.pk)
    # The third was done before, and is so already.
    assert outcome(change) == (4, 1, 0)
    assert change.state == "done"
    assert AuditEntry.objects.filter(action="number.changed").count() == 5


def test_a_long_change_is_handed_on_from_job_to_job(
    client: Client, sam: User, numbers: list[Number], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_tasks()
    monkeypatch.setattr(number_changes, "AT_ONCE", 0)
    monkeypatch.setattr(number_changes, "NOTED_EVERY", 2)
    monkeypatch.setattr(number_changes, "SPELL", -1.0)
    client.post(choose(client, "provider", numbers, provider="New").request["PATH_INFO"])
    runs = 0
    while work_one():
        runs += 1
    assert (runs, outcome(NumberChange.objects.get())) == (3, (5, 0, 0))
    assert not Job.objects.exists()


def test_a_number_that_went_meanwhile_is_told(client: Client, sam: User, numbers: list[Number]) -> None:
    path = choose(client, "disable", numbers[1:3]).request["PATH_INFO"]
    numbers[1].delete()
    assert "The number is gone" in client.post(path, follow=True).content.decode()


def test_too_many_are_refused(client: Client, sam: User, numbers: list[Number], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_changes, "MOST_NUMBERS", 4)
    assert "More than 4 numbers match" in choose(client, "disable", [], everything="1").content.decode()
