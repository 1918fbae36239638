"""The page of what goes on: who sees what, how old it is, hanging up, and the alarms on every page of staff."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from telephony.models import Gateway, GatewayChange, GatewayStatus, LiveCall, Switch
from telephony.services import switchboard
from telephony.services.live.alarms import alarms
from telephony.tests.live_scene import gateway, listened_to, people, register, talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(make_person: Callable, hold: Callable, settings: Any) -> SimpleNamespace:
    held = people(make_person, hold)
    [switch] = listened_to(settings, "fs1")
    gateway(switch)
    return SimpleNamespace(switch=switch, **held)


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    with mock.patch.object(switchboard, "CONNECT_SECONDS", 0.3):
        yield


def page(client: Client, held: Any, path: str = "/live/") -> str:
    client.force_login(held.user)
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    # Templates break their lines anywhere.
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize("path", ["/live/", "/live/now"])
def test_staff_see_everything(client: Client, world: SimpleNamespace, path: str) -> None:
    talk(world.switch, world.anna, world.ben)
    talk(world.switch, None, world.eve, caller_name="<b>Mallory", state="ringing", answered_at=None)
    register(world.switch, world.anna)
    text = page(client, world.sam, path)
    for words in (
        "Talking", "Ringing", "anna", "ben", "1006", "+1 202-555-0123", "192.0.2.7:5060", "Desk 3000", "carrier", "Up", "fs1",
        '2 of <data class="figure" value="1000" data-digits="0">1,000</data> legs', "&lt;b&gt;Mallory", "Heard", "1:0",
    ):  # fmt: skip
        assert words in text, words
    assert "<b>Mallory" not in text
    assert "canary" not in text
    assert 'role="status"' not in text, "all is well"
    assert text.count("/hang-up") == 2


def test_others_see_their_own(client: Client, world: SimpleNamespace) -> None:
    talk(world.switch, world.anna, world.ben)
    talk(world.switch, world.eve, None)
    register(world.switch, world.anna)
    register(world.switch, world.eve, agent="Eve's phone")
    text = page(client, world.anna)
    assert "My calls now" in text
    assert ("1005" in text, "192.0.2.7:5060" in text) == (True, True)
    for secret in ("1007", "Eve", "fs1", "carrier", "Gateways", "Switches", "127.0.0.1:65000"):
        assert secret not in text, secret
    assert "nobody can ring you" in page(client, world.ben)


def test_a_switch_that_is_away_says_from_when_this_is(client: Client, world: SimpleNamespace) -> None:
    talk(world.switch, world.anna, world.ben)
    Switch.objects.update(last_heard_at=timezone.now() - timedelta(minutes=2, seconds=10), is_up=False)
    text = page(client, world.sam)
    seen_at = Switch.objects.get().last_heard_at
    assert seen_at
    assert "The switch fs1 has not been heard for 2 min: what you see is from <time" in text
    assert f"{seen_at:%H:%M:%S} UTC" in text
    assert "data-seconds" not in text, "nobody knows how long the call has gone on"
    assert "is-still" in text
    theirs = page(client, world.anna)
    assert "The switch has not been heard for 2 min: what you see is from" in theirs
    assert "fs1" not in theirs


@pytest.mark.parametrize("listened", [None, timedelta(minutes=5)])
def test_when_nobody_listens_it_says_so(client: Client, world: SimpleNamespace, listened: timedelta | None) -> None:
    Switch.objects.update(listened_at=None if listened is None else timezone.now() - listened)
    text = page(client, world.sam)
    assert "Nobody listens to the switch fs1 (<code>manage.py eventlistener</code>): what you see is from" in text
    assert "<code>manage.py eventlistener</code>, and look into its log" in text
    assert "The switch is not listened to at the moment: what you see is from" in page(client, world.anna)


def test_of_several_only_the_one_that_is_away(client: Client, world: SimpleNamespace, settings: Any) -> None:
    first, second = listened_to(settings, "fs1", "fs2")
    Switch.objects.filter(pk=second.pk).update(is_up=False)
    talk(first, world.anna, None)
    talk(second, world.ben, None)
    text = page(client, world.sam)
    assert "The switch fs2 has not been heard" in text
    assert "what you see of it is from" in text
    assert text.count("data-seconds") == 1


def test_without_a_switch(client: Client, world: SimpleNamespace, settings: Any) -> None:
    settings.FREESWITCH_ESL, settings.FREESWITCH_ESL_ALL = None, ()
    text = page(client, world.sam)
    assert "FREESWITCH_ESL_URL" in text
    assert "rail-alarm" not in text
    assert "Calls are not shown live here" in page(client, world.anna)


def test_nobody_comes_in_without_signing_in(client: Client) -> None:
    for path in ("/live/", "/live/now", "/live/calls/00000000-0000-4000-8000-000000000000/hang-up"):
        assert client.get(path)["Location"].startswith("/login")
    assert client.post("/live/").status_code == 302


def test_it_costs_the_same_for_one_and_for_twenty(client: Client, world: SimpleNamespace) -> None:
    def cost(path: str, held: Any) -> int:
        client.force_login(held.user)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    talk(world.switch, world.anna, world.ben)
    register(world.switch, world.anna)
    asked = [("/live/now", world.sam), ("/live/now", world.anna), ("/live/", world.sam)]
    one = [cost(*each) for each in asked]
    for number in range(19):
        talk(world.switch, world.anna, world.ben)
        register(world.switch, world.anna, f"c{number}")
        gateway(world.switch, f"g{number}", is_up=False)
        GatewayChange.objects.create(switch=world.switch, name="g", is_up=False, at=timezone.now())
    assert [cost(*each) for each in asked] == one


# -- hanging up ------------------------------------------------------------------------------------------------------------


def hang_up_path(call: LiveCall) -> str:
    return f"/live/calls/{call.call_uuid}/hang-up"


def test_it_asks_first_and_then_does_it(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben)
    with mock.patch("telephony.views.live.hang_up", return_value=True) as hung_up:
        text = page(client, world.ben, hang_up_path(call))
        assert "Hang up this call?" in text
        assert "anna to ben, talking since" in text
        assert not hung_up.called, "to look is not to do"
        response = client.post(hang_up_path(call), follow=True)
    assert hung_up.call_args.kwargs == {"actor": world.ben.user}
    assert "The call was hung up." in response.content.decode()


def test_a_call_that_has_ended_meanwhile(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben)
    client.force_login(world.anna.user)
    with mock.patch("telephony.views.live.hang_up", return_value=False):
        assert "has ended already" in client.post(hang_up_path(call), follow=True).content.decode()
    call.delete()
    for response in (client.get(hang_up_path(call)), client.post(hang_up_path(call))):
        assert (response.status_code, "no such call" in response.content.decode()) == (404, True)


def test_somebody_elses_is_not_there(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben)
    client.force_login(world.eve.user)
    with mock.patch("telephony.views.live.hang_up") as hung_up:
        assert client.get(hang_up_path(call)).status_code == 404
        assert client.post(hang_up_path(call)).status_code == 404
        assert not hung_up.called


def test_while_the_switch_is_away_nothing_is_done_and_it_says_so(client: Client, world: SimpleNamespace) -> None:
    call = talk(world.switch, world.anna, world.ben)
    client.force_login(world.sam.user)
    text = client.post(hang_up_path(call), follow=True).content.decode()
    assert "The switch fs1 cannot be reached at the moment: the call was not hung up." in text
    assert LiveCall.objects.exists()


# -- alarms ----------------------------------------------------------------------------------------------------------------


def codes() -> list[str]:
    return [alarm.code for alarm in alarms()]


def test_no_news_is_good_news(world: SimpleNamespace) -> None:
    assert codes() == []


def test_a_gateway_that_is_down_is_an_alarm_with_what_to_do_on_every_page_of_staff(
    client: Client, world: SimpleNamespace
) -> None:
    GatewayStatus.objects.update(is_up=False, state="FAIL_WAIT")
    [alarm] = alarms()
    assert (alarm.code, alarm.about) == ("gateway_down", "carrier on fs1")
    assert "sofia status gateway carrier" in alarm.do
    for path in ("/live/", "/", "/keys/"):
        text = page(client, world.sam, path) if path != "/" else client.get("/").content.decode()
        assert "rail-alarm" in text, path
        assert "The gateway carrier is down on the switch fs1 (FAIL_WAIT)" in text
    client.force_login(world.anna.user)
    assert "rail-alarm" not in client.get("/").content.decode()


@pytest.mark.parametrize("row", [{"is_up": False}, {"listened_at": None}])
def test_of_a_switch_that_is_not_heard_nothing_old_is_an_alarm(world: SimpleNamespace, row: dict[str, Any]) -> None:
    GatewayStatus.objects.update(is_up=False)
    Switch.objects.update(**row)
    assert codes() == ["switch_away" if "is_up" in row else "listener_not_running"]


def test_one_that_is_out_of_use_may_be_down(world: SimpleNamespace) -> None:
    GatewayStatus.objects.update(is_up=False)
    Gateway.objects.update(is_active=False)
    assert codes() == []


def test_one_that_the_switch_does_not_know(world: SimpleNamespace) -> None:
    Gateway.objects.create(name="second", domain=Gateway.objects.get().domain)
    [alarm] = alarms()
    assert (alarm.code, alarm.about) == ("gateway_unknown_to_switch", "second on fs1")
    assert "rescan" in alarm.do


def test_a_switch_that_is_nearly_full(world: SimpleNamespace) -> None:
    Switch.objects.update(sessions=899)
    assert codes() == []
    Switch.objects.update(sessions=900)
    assert codes() == ["switch_nearly_full"]


def test_of_several_one_that_was_never_heard(world: SimpleNamespace, settings: Any) -> None:
    listened_to(settings, "fs1", "fs2")
    Switch.objects.filter(name="fs2").delete()
    [alarm] = alarms()
    assert (alarm.code, alarm.about) == ("switch_never_heard", "127.0.0.1:65001")


def test_the_operator_sees_them_too(client: Client, world: SimpleNamespace, settings: Any) -> None:
    GatewayStatus.objects.update(is_up=False)
    status = client.get("/api/v2/maintenance/status", headers={"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}).json()
    assert [alarm["code"] for alarm in status["alarms"]] == ["gateway_down"]
    assert {"code", "about", "detail", "action", "since"} == set(status["alarms"][0])
    [shown] = status["gateways"]
    assert (shown["name"], shown["switch_name"], shown["is_up"]) == ("carrier", "fs1", False)
    assert status["switches"][0]["is_up"]
