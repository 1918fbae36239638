"""`bans`: staff ban and lift; odd addresses, and those of carriers, are refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import BannedAddress, FailedRegistration
from telephony.switch.esl import SwitchAddress
from telephony.tests.simulated_switch import simulated

pytestmark = pytest.mark.django_db

PATH = "/api/v2/bans"


@pytest.fixture
def staff(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(make_person("sam", Role.STAFF))


def post(client: Client, headers: dict[str, str], body: Any) -> Any:
    return client.post(PATH, body, content_type="application/json", headers=headers)


def test_staff_ban_and_lift(client: Client, staff: dict[str, str]) -> None:
    made = post(client, staff, {"address": "203.0.113.9", "minutes": 60, "reason": "guesses"})
    assert made.status_code == 201
    told = made.json()
    assert (told["address"], told["reason"], told["failures"], told["switches"]) == ("203.0.113.9", "guesses", 0, [])
    assert told["banned_by"] == {"auth0_id": "auth0|sam", "name": "sam"}
    assert told["until"] > told["since"]
    assert [row["id"] for row in client.get(PATH, headers=staff).json()] == [told["id"]]
    assert client.get(f"{PATH}/{told['id']}", headers=staff).json() == {k: v for k, v in told.items() if k != "switches"}
    assert client.delete(f"{PATH}/{told['id']}", headers=staff).status_code == 204
    assert client.delete(f"{PATH}/{told['id']}", headers=staff).status_code == 404
    assert client.get(PATH, headers=staff).json() == []
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["ban.added", "ban.lifted"]


def test_without_minutes_it_is_until_somebody_lifts_it(client: Client, staff: dict[str, str]) -> None:
    for body in ({"address": "203.0.113.9"}, {"address": "203.0.113.10", "minutes": None}):
        assert post(client, staff, body).json()["until"] is None


def test_networks_are_written_as_they_are_kept(client: Client, staff: dict[str, str]) -> None:
    wanted = {"203.0.113.77/24": "203.0.113.0/24", "2001:db8::7": "2001:db8::/64", "::ffff:198.51.100.7": "198.51.100.7"}
    assert {text: post(client, staff, {"address": text}).json()["address"] for text in wanted} == wanted


BAD = [
    {}, {"address": ""}, {"address": "x"}, {"address": "203.0.113.9\n\napi shutdown"}, {"address": "203.0.113.9 x"},
    {"address": "0.0.0.0/0"}, {"address": "10.0.0.0/8"}, {"address": "::/0"}, {"address": "2001:db8::/31"}, {"address": 7},
    {"address": None}, {"address": ["203.0.113.9"]}, {"address": "٢٠٣.0.113.9"}, {"address": "203.0.113.9/33"}, {"address": "1" * 65},
    {"address": "203.0.113.9", "minutes": 0}, {"address": "203.0.113.9", "minutes": -1},
    {"address": "203.0.113.9", "minutes": "60"}, {"address": "203.0.113.9", "minutes": True},
    {"address": "203.0.113.9", "minutes": 1e400}, {"address": "203.0.113.9", "minutes": 10**30},
    {"address": "203.0.113.9", "minutes": 1.5}, {"address": "203.0.113.9", "reason": "a\nb"},
    {"address": "203.0.113.9", "reason": "x" * 201}, {"address": "203.0.113.9", "reason": 7},
    {"address": "203.0.113.9", "until": "2030-01-01"}, [], "x",
]  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=lambda body: str(body)[:60])
def test_what_does_not_fit_is_refused(client: Client, staff: dict[str, str], body: Any) -> None:
    assert post(client, staff, body).status_code == 400
    assert not BannedAddress.objects.exists()


def test_who_is_never_banned_is_said_to_be_so(client: Client, staff: dict[str, str]) -> None:
    answer = post(client, staff, {"address": "127.0.0.1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_bannable")
    assert "BAN_NEVER_CIDRS" in answer.json()["detail"]


def test_a_ban_that_is_over_is_not_there(client: Client, staff: dict[str, str]) -> None:
    over = BannedAddress.objects.create(network="203.0.113.9/32", until=timezone.now())
    assert client.get(PATH, headers=staff).json() == []
    assert client.get(f"{PATH}/{over.pk}", headers=staff).status_code == 404


def test_the_latest_comes_first(client: Client, staff: dict[str, str]) -> None:
    for last in range(3):
        BannedAddress.objects.create(network=f"203.0.113.{last}/32")
    first = client.get(f"{PATH}?limit=2", headers=staff)
    assert [row["address"] for row in first.json()] == ["203.0.113.2", "203.0.113.1"]
    assert 'rel="next"' in first["Link"]
    assert client.get(f"{PATH}?q=1", headers=staff).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_switches_load_their_lists(client: Client, staff: dict[str, str], settings: Any) -> None:
    with simulated(settings) as switch:
        made = post(client, staff, {"address": "203.0.113.9"}).json()
        assert made["switches"] == [{"switch": f"127.0.0.1:{switch.port}", "problem": ""}]
        client.delete(f"{PATH}/{made['id']}", headers=staff)
        assert [command for command in switch.commands if "acl" in command] == ["api reloadacl"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_switch_that_is_away_is_named(client: Client, staff: dict[str, str], settings: Any) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    made = post(client, staff, {"address": "203.0.113.9"})
    assert made.status_code == 201
    assert "cannot be reached" in made.json()["switches"][0]["problem"]
    assert "nobody-listens" not in made.content.decode()


def test_who_fails_is_counted(client: Client, staff: dict[str, str]) -> None:
    now = timezone.now()
    for last, ago in ((1, 2), (2, 1)):
        at = now - timedelta(minutes=ago)
        FailedRegistration.objects.create(
            network=f"203.0.113.{last}/32", first_at=at, last_at=at, span_began_at=at, in_span=4, total=9, last_user="1006"
        )
    rows = client.get(f"{PATH}/failed-registrations", headers=staff).json()
    assert [row["address"] for row in rows] == ["203.0.113.2", "203.0.113.1"]
    assert (rows[0]["total"], rows[0]["lately"], rows[0]["last_user"]) == (9, 4, "1006")
