"""The listener and the simulated switch: what is kept follows the switch, through gaps and restarts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from accounts.models import AuditEntry, User
from demo.switch.dial_strings import Endpoint
from demo.switch.exchange import Settings
from demo.switch.placed import PlacedCall
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import (
    Assignment,
    Call,
    CallLink,
    Gateway,
    GatewayStatus,
    LiveCall,
    LiveChannel,
    Registration,
    Switch,
)
from telephony.services.call_links import dialling, listening
from telephony.services.call_links.placing import place
from telephony.services.live.alarms import alarms
from telephony.services.live.condition import Hearing, conditions
from telephony.services.live.hanging_up import hang_up
from telephony.services.switchboard import SwitchAwayError
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener, until

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "pbx.example.com"


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    with (
        mock.patch("telephony.services.switchboard.CONNECT_SECONDS", 0.5),
        mock.patch.object(dialling, "WATCHED_SECONDS", 0.05),
        mock.patch.object(listening, "YOUNG", timedelta(0)),
    ):
        yield


@pytest.fixture
def people(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> dict[str, User]:
    people = {name: make_person(name) for name in ("anna", "ben")} | {"staff": make_person("staff", "staff")}
    hold(people["anna"], "1006", "17036879447")
    hold(people["ben"], "1005", "17036879448")
    # A test with transactions of its own leaves none of those that a migration made.
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": Assignment.objects.all()[0].extension.domain})
    return people


@pytest.fixture
def simulate(settings: Any, live_server: Any, tmp_path: Path) -> Callable[..., Any]:
    settings.PUBLIC_URL, settings.RECORDINGS_ROOT = live_server.url, tmp_path

    @contextmanager
    def make(**options: Any) -> Iterator[SimulatedSwitch]:
        portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
        values = {"password": "simulated", "pace": 0.05, "talk": 2000.0, "heartbeat": 0.2, "portal": portal} | options
        with SimulatedSwitch(Settings(**values)) as switch:
            settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
            yield switch

    return make


def call(switch: SimulatedSwitch, dialled: str, caller: str = "1006") -> str:
    placed = PlacedCall(switch.exchange, Endpoint(caller, domain=DOMAIN), dialled)
    placed.start()
    return placed.uuid


def state() -> str:
    live = LiveCall.objects.first()
    return live.state if live else ""


def kill(switch: SimulatedSwitch, uuid: str) -> None:
    found = switch.exchange.find(uuid)
    assert found
    found[1].kill(found[0], "NORMAL_CLEARING")


def test_a_call_is_seen_from_its_ringing_to_its_end(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch, listener():
        uuid = call(switch, "1005")
        until(lambda: state() == "ringing")
        until(lambda: state() == "answered")
        live = LiveCall.objects.get()
        assert (live.call_uuid, live.caller_user, live.callee_user, live.switch.name) == (
            uuid, people["anna"], people["ben"], "fs1",
        )  # fmt: skip
        leg = switch.exchange.find(uuid)
        assert leg
        switch.exchange.hold(leg[0], held=True)
        until(lambda: state() == "held")
        switch.exchange.hold(leg[0], held=False)
        until(lambda: state() == "answered")
        kill(switch, uuid)
        until(lambda: not LiveChannel.objects.exists())
        assert not LiveCall.objects.exists()
        until(lambda: Call.objects.filter(call_uuid=uuid).exists())


def test_what_was_missed_is_caught_up_on(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch:
        gone = call(switch, "1005")
        with listener():
            until(lambda: state() == "answered")
        kill(switch, gone)
        until(lambda: switch.exchange.legs() == [])
        stays = call(switch, "2403019517")
        until(lambda: any(leg.times.bridged for leg in switch.exchange.legs()))
        leg = switch.exchange.find(stays)
        assert leg
        switch.exchange.hold(leg[0], held=True)
        with listener():
            until(lambda: LiveCall.objects.filter(call_uuid=stays, state="held").exists())
            assert LiveCall.objects.get().channels.count() == 2
            assert LiveCall.objects.get().answered_at is not None
        assert Call.objects.get().hangup_cause == "NORMAL_CLEARING", "its record told, not the gap"


def test_a_state_that_changed_in_a_gap_is_seen(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch:
        uuid = call(switch, "1005")
        with listener():
            until(lambda: state() == "answered")
        leg = switch.exchange.find(uuid)
        assert leg
        switch.exchange.hold(leg[0], held=True)
        with listener():
            until(lambda: state() == "held")


def test_calls_of_a_switch_that_restarted_are_unknown(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch, listener() as told:
        uuid = call(switch, "1005")
        until(lambda: state() == "answered")
        before = Switch.objects.get().core_uuid
        switch.restart()
        until(Call.objects.exists)
        lost = Call.objects.get()
        assert (lost.call_uuid, lost.outcome, lost.hangup_cause, lost.answered) == (uuid, "unknown", "UNKNOWN", True)
        assert not LiveCall.objects.exists()
        until(lambda: sum("connected" in sentence for sentence in told) == 2)
        assert Switch.objects.get().core_uuid not in ("", before)


def test_a_connection_that_breaks_alone_loses_no_call(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch, listener() as told:
        call(switch, "1005")
        until(lambda: state() == "answered")
        row = LiveCall.objects.get().pk
        switch._server.close_all()
        until(lambda: sum("connected" in sentence for sentence in told) == 2)
        assert LiveCall.objects.get().pk == row
        assert not Call.objects.exists()


def test_a_lost_event_is_made_up_for(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch, mock.patch.object(listening, "LOOK_FIRST_SECONDS", 0.3), mock.patch.object(
        listening, "LOOK_EVERY_SECONDS", 0.3
    ), listener():  # fmt: skip
        call(switch, "1005")
        until(lambda: state() == "answered")
        LiveCall.objects.all().delete()
        Registration.objects.all().delete()
        until(lambda: state() == "answered")
        until(lambda: Registration.objects.count() == 2)


def test_phones_and_gateways(people: dict[str, User], simulate: Callable) -> None:
    with simulate(gateways=("carrier", "second")) as switch, listener():
        until(lambda: Switch.objects.filter(is_up=True, max_sessions=1000).exists())
        assert {(phone.user, phone.holder_name) for phone in _phones()} == {("1005", "ben"), ("1006", "anna")}
        assert not any(phone.since_is_known for phone in _phones())
        assert set(GatewayStatus.objects.values_list("name", "is_up")) == {("carrier", True), ("second", True)}
        switch.exchange.trunks.turn("carrier", "DOWN")
        until(lambda: GatewayStatus.objects.filter(name="carrier", is_up=False).exists())
        assert [alarm.code for alarm in alarms()] == ["gateway_down"]
        switch.exchange.trunks.turn("carrier", "UP")
        until(lambda: alarms() == [])


def _phones() -> list[Any]:
    found = list(Registration.objects.for_listing())
    for phone in found:
        phone.holder_name = phone.holder.name if phone.holder else ""
    return found


def test_a_call_through_a_gateway_that_is_down_fails_at_once(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch:
        switch.exchange.trunks.turn("carrier", "DOWN")
        uuid = call(switch, "2403019517")
        until(lambda: Call.objects.filter(call_uuid=uuid).exists())
        assert Call.objects.get().hangup_cause == "GATEWAY_DOWN"


def test_the_switch_is_heard_then_away_then_nobody_listens(people: dict[str, User], simulate: Callable) -> None:
    def hearing() -> str:
        return conditions()[0].hearing

    with simulate() as switch:
        assert hearing() == Hearing.UNLISTENED
        assert [alarm.code for alarm in alarms()] == ["listener_not_running"]
        with listener():
            until(lambda: hearing() == Hearing.HEARD)
            assert alarms() == []
            switch.stop()
            until(lambda: hearing() == Hearing.AWAY)
            assert [alarm.code for alarm in alarms()] == ["switch_away"]
        assert hearing() == Hearing.UNLISTENED


def test_whoever_hangs_up_ends_it_for_everybody_and_it_is_written_down(people: dict[str, User], simulate: Callable) -> None:
    causes = {"staff": "MANAGER_REQUEST", "anna": "NORMAL_CLEARING", "ben": "NORMAL_CLEARING"}
    with simulate() as switch, listener():
        for name, cause in causes.items():
            uuid = call(switch, "1005")
            until(lambda: state() == "answered")
            assert hang_up(LiveCall.objects.get(), actor=people[name])
            until(lambda: switch.exchange.legs() == [] and not LiveCall.objects.exists())
            until(lambda uuid=uuid: Call.objects.filter(call_uuid=uuid, ended_at__isnull=False).exists())
            assert Call.objects.get(call_uuid=uuid).hangup_cause == cause
            entry = AuditEntry.objects.filter(action="call.hung_up").first()
            assert entry
            assert (entry.actor, entry.before["call_uuid"]) == (people[name], uuid)


def test_one_that_only_rings_is_cancelled(
    people: dict[str, User], simulate: Callable, make_person: Callable, hold: Callable
) -> None:
    hold(make_person("silent"), "1019")
    with simulate() as switch, listener():
        uuid = call(switch, "1019")
        until(lambda: LiveCall.objects.filter(channels__uuid=uuid).exists() and len(switch.exchange.legs()) == 2)
        assert hang_up(LiveCall.objects.get(), actor=people["anna"])
        until(lambda: Call.objects.filter(call_uuid=uuid).exists())
        assert Call.objects.get().hangup_cause == "ORIGINATOR_CANCEL"


def test_a_call_link_that_is_hung_up_live_is_cancelled(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch, listener():
        link, _ = place(people["anna"], "1006", "2403019517")
        until(lambda: LiveCall.objects.filter(call_link=link, state="answered").exists())
        assert hang_up(LiveCall.objects.for_listing().get(), actor=people["anna"])
        until(lambda: switch.exchange.legs() == [])
        link.refresh_from_db()
        assert link.cancel_requested_at is not None
        assert link.status == CallLink.Status.COMPLETED


def test_a_call_that_the_switch_does_not_know_any_more_goes(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch:
        uuid = call(switch, "1005")
        with listener():
            until(lambda: state() == "answered")
        kill(switch, uuid)
        until(lambda: switch.exchange.legs() == [])
        assert not hang_up(LiveCall.objects.get(), actor=people["staff"])
        assert not LiveCall.objects.exists()
        assert not AuditEntry.objects.filter(action="call.hung_up").exists()


def test_while_the_switch_is_away_nothing_is_hung_up(people: dict[str, User], simulate: Callable) -> None:
    with simulate() as switch:
        call(switch, "1005")
        with listener():
            until(lambda: state() == "answered")
    with pytest.raises(SwitchAwayError):
        hang_up(LiveCall.objects.get(), actor=people["staff"])
    assert LiveCall.objects.exists()
    assert not AuditEntry.objects.filter(action="call.hung_up").exists()


def test_a_link_is_placed_where_the_phone_is_registered(people: dict[str, User], simulate: Callable, settings: Any) -> None:
    with (
        override_settings(CALL_LINKS_AT_ONCE=9),
        simulate(extensions=("1005",)) as first,
        SimulatedSwitch(
            Settings(password="simulated", pace=1.0, talk=100, heartbeat=0.2, name="fs2", extensions=("1006",))
        ) as second,
    ):
        settings.FREESWITCH_ESL_ALL = tuple(SwitchAddress("127.0.0.1", each.port, "simulated") for each in (first, second))
        with listener():
            until(lambda: Registration.objects.count() == 2)
            link, _ = place(people["anna"], "1006", "2403019517")
            assert (link.switch.name, first.originates, second.originates) == ("fs2", 0, 1)
            # From outside either will do: the preferred one is taken.
            link, _ = place(people["anna"], "2762087784", "2403019517")
            assert link.switch.name == "fs1"
            second.stop()
            until(lambda: Switch.objects.filter(name="fs2", is_up=False).exists())
            link, _ = place(people["anna"], "1006", "2403019518")
            assert link.switch.name == "fs1", "better one that can be reached than the right one that cannot"
