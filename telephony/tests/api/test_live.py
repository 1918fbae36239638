"""`live/…`: who sees which calls and phones, hangs up what, and how old it is."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from telephony.models import GatewayStatus, LiveCall, Registration, Switch
from telephony.services import switchboard
from telephony.tests.live_scene import gateway, listened_to, people, register, talk

pytestmark = pytest.mark.django_db

CALLS, PHONES, GATEWAYS, SWITCHES = (f"/api/v2/live/{name}" for name in ("calls", "registrations", "gateways", "switches"))
CALL_FIELDS = {
    "call_uuid", "state", "call_direction", "call_from", "call_to", "local", "started_at", "answered_at", "held_at", "extension",
    "didnumber", "domain", "call_link", "switch", "current", "seen_at",
}  # fmt: skip


@pytest.fixture
def world(make_person: Callable, hold: Callable, key_of: Callable, settings: Any) -> SimpleNamespace:
    held = people(make_person, hold)
    [switch] = listened_to(settings, "fs1")
    return SimpleNamespace(switch=switch, keys={name: key_of(each.user) for name, each in held.items()}, **held)


@pytest.fixture(autouse=True)
def impatience() -> Any:
    with mock.patch.object(switchboard, "CONNECT_SECONDS", 0.3):
        yield


def test_staff_see_all_and_others_their_own(client: Client, world: SimpleNamespace) -> None:
    local, outside = talk(world.switch, world.anna, world.ben), talk(world.switch, world.eve, None)

    def seen(who: str) -> set[str]:
        return {call["call_uuid"] for call in client.get(CALLS, headers=world.keys[who]).json()}

    assert seen("sam") == {local.call_uuid, outside.call_uuid}
    assert seen("anna") == seen("ben") == {local.call_uuid}
    assert seen("eve") == {outside.call_uuid}


def test_a_call_as_its_two_sides_see_it(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben, state="held", held_at=timezone.now())
    [hers] = client.get(CALLS, headers=world.keys["anna"]).json()
    [his] = client.get(CALLS, headers=world.keys["ben"]).json()
    assert set(hers) == CALL_FIELDS
    assert (hers["call_direction"], hers["extension"]) == ("outbound", world.anna.extension_id)
    assert (his["call_direction"], his["extension"]) == ("inbound", world.ben.extension_id)
    assert (hers["call_from"], hers["call_to"], hers["state"], hers["local"]) == ("1006", "1005", "held", True)
    assert (hers["switch"], hers["current"], hers["call_link"], hers["didnumber"]) == ("fs1", True, None, 0)
    assert hers["started_at"].endswith("Z")
    assert (hers["held_at"] is not None, hers["seen_at"] is not None) == (True, True)
    assert call.call_uuid == hers["call_uuid"]


@pytest.mark.parametrize(
    ("row", "current"),
    [
        ({}, True),
        ({"is_up": False}, False),
        ({"last_heard_at": timezone.now() - timedelta(minutes=2)}, False),
        ({"listened_at": None}, False),
        ({"listened_at": timezone.now() - timedelta(minutes=5)}, False),
    ],
    ids=["heard", "away", "silent", "the listener was stopped", "the listener is gone"],
)
def test_what_is_old_says_so(client: Client, world: SimpleNamespace, row: dict[str, Any], current: bool) -> None:
    talk(world.switch, world.anna, world.ben)
    register(world.switch, world.anna)
    gateway(world.switch)
    Switch.objects.update(**row)
    for path in (CALLS, PHONES, GATEWAYS, SWITCHES):
        [shown] = client.get(path, headers=world.keys["sam"]).json()
        assert shown["current"] == current
        assert shown["seen_at"]


def test_pages(client: Client, world: SimpleNamespace) -> None:
    for _ in range(5):
        talk(world.switch, world.anna, None)
    first = client.get(f"{CALLS}?limit=3", headers=world.keys["anna"])
    assert (len(first.json()), first["X-Page-Size"]) == (3, "3")
    following = first["Link"].partition("<")[2].partition(">")[0]
    second = client.get(following, headers=world.keys["anna"])
    assert len({call["call_uuid"] for call in first.json() + second.json()}) == 5


@pytest.mark.parametrize("path", [CALLS, PHONES, GATEWAYS])
@pytest.mark.parametrize("query", ["x=1", "limit=0", "limit=201", "limit=x", "cursor=x", "limit=1&limit=2"])
def test_bad_input(client: Client, world: SimpleNamespace, path: str, query: str) -> None:
    assert client.get(f"{path}?{query}", headers=world.keys["sam"]).status_code == 400


@pytest.mark.parametrize("path", [CALLS, PHONES, GATEWAYS, SWITCHES])
def test_other_verbs_and_nobody(client: Client, world: SimpleNamespace, path: str) -> None:
    for verb in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.generic(verb, path, headers=world.keys["sam"]).status_code == 405
    assert client.get(path).status_code == 401


def test_a_list_costs_the_same_for_one_and_for_twenty(client: Client, world: SimpleNamespace) -> None:
    paths = (CALLS, PHONES, GATEWAYS, SWITCHES)

    def costs() -> list[int]:
        counted = []
        for path in paths:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path, headers=world.keys["sam"]).status_code == 200
            counted.append(len(queries))
        return counted

    talk(world.switch, world.anna, world.ben)
    register(world.switch, world.anna)
    gateway(world.switch)
    costs()
    one = costs()
    for number in range(19):
        talk(world.switch, world.anna, world.ben)
        register(world.switch, world.ben, f"c{number}")
        gateway(world.switch, f"g{number}")
    assert costs() == one


# -- hanging up ------------------------------------------------------------------------------------------------------------


def test_whom_a_call_is_none_of_finds_none(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben)
    path = f"{CALLS}/{call.call_uuid}"
    assert client.delete(path, headers=world.keys["eve"]).status_code == 404
    assert client.delete(path).status_code == 401
    for verb in ("GET", "HEAD", "POST", "PUT", "PATCH"):
        assert client.generic(verb, path, headers=world.keys["anna"]).status_code == 405
    assert client.delete(f"{path}?x=1", headers=world.keys["anna"]).status_code == 400
    assert not AuditEntry.objects.filter(action="call.hung_up").exists()


def test_a_key_that_only_reads_hangs_nothing_up(client: Client, world: SimpleNamespace, key_of: Callable) -> None:
    call = talk(world.switch, world.anna, world.ben)
    key = key_of(world.anna.user, scopes=["calls:read"])
    assert client.delete(f"{CALLS}/{call.call_uuid}", headers=key).status_code == 403
    assert client.get(CALLS, headers=key).status_code == 200


@pytest.mark.parametrize(
    "uuid", ["nonsense", "1", "48477F79-6C92-4AC6-A3F4-B0D2B790EF64", "00000000-0000-4000-8000-000000000000"]
)
def test_what_is_no_call(client: Client, world: SimpleNamespace, uuid: str) -> None:
    assert client.delete(f"{CALLS}/{uuid}", headers=world.keys["sam"]).status_code == 404


def test_while_the_switch_is_away(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben)
    response = client.delete(f"{CALLS}/{call.call_uuid}", headers=world.keys["anna"])
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "switch_unavailable", "10")
    assert LiveCall.objects.exists()
    assert not AuditEntry.objects.filter(action="call.hung_up").exists()


@pytest.mark.parametrize(("ended", "status"), [(True, 204), (False, 404)])
def test_what_the_switch_says_of_it(client: Client, world: SimpleNamespace, ended: bool, status: int) -> None:
    call = talk(world.switch, world.anna, world.ben)
    with mock.patch("telephony.api.live.hang_up", return_value=ended) as hung_up:
        assert client.delete(f"{CALLS}/{call.call_uuid}", headers=world.keys["ben"]).status_code == status
    assert (hung_up.call_args.args, hung_up.call_args.kwargs) == ((call,), {"actor": world.ben.user})


# -- phones, gateways, switches --------------------------------------------------------------------------------------------


def test_phones_of_ones_own_and_of_everybody(client: Client, world: SimpleNamespace) -> None:
    register(world.switch, world.anna)
    register(world.switch, world.ben, since_is_known=False)
    register(world.switch, world.eve, expires_at=timezone.now())
    register(world.switch, None, "stranger's")
    [hers] = client.get(PHONES, headers=world.keys["anna"]).json()
    assert (hers["user"], hers["extension"], hers["network_ip"], hers["agent"]) == (
        "1006", world.anna.extension_id, "192.0.2.7", "Desk 3000",
    )  # fmt: skip
    assert (hers["since"] is not None, hers["since_before"]) == (True, None)
    [his] = client.get(PHONES, headers=world.keys["ben"]).json()
    assert (his["since"], his["since_before"] is not None) == (None, True)
    assert client.get(PHONES, headers=world.keys["eve"]).json() == [], "its time is up"
    assert {phone["user"] for phone in client.get(PHONES, headers=world.keys["sam"]).json()} == {"1006", "1005", "x"}


def test_who_gave_an_extension_back_sees_its_phone_no_more(client: Client, world: SimpleNamespace) -> None:
    register(world.switch, world.anna)
    world.anna.ends_at = timezone.now()
    world.anna.save()
    assert client.get(PHONES, headers=world.keys["anna"]).json() == []


def test_gateways_and_switches_are_for_staff(client: Client, world: SimpleNamespace) -> None:
    gateway(world.switch, is_up=False)
    gateway(world.switch, "own")
    for path in (GATEWAYS, SWITCHES):
        assert client.get(path, headers=world.keys["anna"]).status_code == 403
    ours, own = client.get(GATEWAYS, headers=world.keys["sam"]).json()
    assert (ours["name"], ours["is_up"], ours["active"], ours["gateway"] > 0) == ("carrier", False, True, True)
    assert (own["name"], own["is_up"], own["active"], own["gateway"]) == ("own", True, False, 0)
    assert GatewayStatus.objects.count() == 2


def test_each_configured_switch_also_one_that_was_never_heard(client: Client, world: SimpleNamespace, settings: Any) -> None:
    listened_to(settings, "fs1", "fs2")
    Switch.objects.filter(name="fs2").delete()
    Switch.objects.create(name="retired")
    answer = client.get(SWITCHES, headers=world.keys["sam"])
    first, second = answer.json()
    assert (first["name"], first["hearing"], first["sessions"], first["max_sessions"]) == ("fs1", "heard", 2, 1000)
    assert (second["name"], second["event_socket"], second["hearing"], second["seen_at"]) == (
        "", "127.0.0.1:65001", "unlistened", None,
    )  # fmt: skip
    assert "canary" not in answer.content.decode()


def test_without_a_switch_in_the_settings(client: Client, world: SimpleNamespace, settings: Any) -> None:
    settings.FREESWITCH_ESL, settings.FREESWITCH_ESL_ALL = None, ()
    talk(world.switch, world.anna, world.ben)
    assert client.get(SWITCHES, headers=world.keys["sam"]).json() == []
    [call] = client.get(CALLS, headers=world.keys["sam"]).json()
    assert not call["current"]
    assert not Registration.objects.exists()
