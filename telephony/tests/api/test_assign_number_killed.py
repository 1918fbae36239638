"""`assign-number` in a process that is killed in the middle: all of it is given, or nothing."""

import signal
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState
from telephony.tests import processes

PATH = "/api/v2/assign-number"

# Answers one request, and is killed without warning where it is told to be.
DOOMED = """
import os, signal, sys
import django
django.setup()
from django.db import connection
from django.test import Client
from accounts.models import AuditEntryManager
from telephony.models import Assignment
from telephony.services import assignments

point, method, key = sys.argv[1:]
reached = []

def reach(name):
    # A request commits more than once: what counts here is the commit that follows the log.
    if "commit" in name and "log written" not in reached:
        return
    reached.append(name)
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)

def marked(call, before, after):
    def wrapper(*args, **kwargs):
        reach(before(*args))
        result = call(*args, **kwargs)
        reach(after(*args))
        return result
    return wrapper

def called(name):
    return lambda *args: name

assignments._claim = marked(
    assignments._claim, lambda thing, now: f"before the {thing._meta.model_name}", lambda thing, now: f"{thing._meta.model_name} claimed"
)
Assignment.objects.create = marked(Assignment.objects.create, called("before the assignment"), called("assignment written"))
AuditEntryManager.record = marked(AuditEntryManager.record, called("before the log"), called("log written"))
connection.commit = marked(connection.commit, called("before the commit"), called("committed"))
status = Client().generic(method, "/api/v2/assign-number", headers={"x-mediamagic-key": key}).status_code
print(status, *reached, sep="|")
"""

POINTS = (
    "before the extension",
    "extension claimed",
    "before the number",
    "number claimed",
    "before the assignment",
    "assignment written",
    "before the log",
    "log written",
    "before the commit",
)


@pytest.fixture
def key(domain: Domain, make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> str:
    """Return the key of somebody who has nothing yet; there are two numbers."""
    provider = Provider.objects.create(name="Acme")
    for last in range(2):
        Number.objects.create(number=f"1703687944{last}", provider=provider)
    return key_of(make_person("anna"))["x-mediamagic-key"]


def given() -> tuple[set[str], int, list[str]]:
    """Return what is not free, how many hold something, and what the log tells."""
    taken = {
        thing.number
        for model in (Number, Extension)
        for thing in model.objects.exclude(state=HoldingState.FREE)
    }  # fmt: skip
    return taken, Assignment.objects.open().count(), list(AuditEntry.objects.values_list("action", flat=True))


@pytest.mark.django_db(transaction=True)
def test_each_point_is_passed_once(key: str) -> None:
    done = processes.run("-c", DOOMED, "nowhere", "GET", key)
    assert done.stdout.strip() == "|".join(("200", *POINTS, "committed")), done.stderr


@pytest.mark.django_db(transaction=True)
# Of two points with nothing between them one is enough.
@pytest.mark.parametrize("point", [POINTS[0], *POINTS[1::2], POINTS[-1]])
def test_killed_before_the_commit_nothing_is_given(key: str, client: Client, point: str) -> None:
    assert processes.run("-c", DOOMED, point, "GET", key).returncode == -signal.SIGKILL
    assert given() == (set(), 0, [])
    assert not Extension.objects.exists(), "not even one that is free"
    # And nothing stands in the way of the same person's next try, nor of anybody's.
    answer = client.get(PATH, headers={"x-mediamagic-key": key})
    assert answer.status_code == 200
    assert given() == ({answer.json()["phone_number"], answer.json()["extension"]}, 1, ["assignment.opened"])
    assert (answer.json()["phone_number"], answer.json()["extension"]) == ("17036879440", "1000")


@pytest.mark.django_db(transaction=True)
def test_killed_after_the_commit_all_is_given(key: str, client: Client) -> None:
    assert processes.run("-c", DOOMED, "committed", "GET", key).returncode == -signal.SIGKILL
    before = given()
    assert before == ({"17036879440", "1000"}, 1, ["assignment.opened"])
    answer = client.get(PATH, headers={"x-mediamagic-key": key}).json()
    assert {answer["phone_number"], answer["extension"]} == {"17036879440", "1000"}
    assert given() == before, "the same one, and not written down a second time"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["before the log", "before the commit"])
def test_killed_while_it_gives_back_it_holds_on_to_all(key: str, client: Client, point: str) -> None:
    client.get(PATH, headers={"x-mediamagic-key": key})
    before = given()
    assert processes.run("-c", DOOMED, point, "DELETE", key).returncode == -signal.SIGKILL
    assert given() == before
    assert client.delete(PATH, headers={"x-mediamagic-key": key}).status_code == 204
    assert Assignment.objects.open().count() == 0
