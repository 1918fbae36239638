"""Several switches: which is tried first, which one a link belongs to, and that none is asked about another's calls."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from accounts.models import User
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Assignment, CallLink, Switch
from telephony.services import switchboard
from telephony.services.call_links import dialling, listening
from telephony.services.call_links.dialling import cancel, is_alive
from telephony.services.call_links.placing import place
from telephony.services.switchboard import SwitchAwayError, configured, identify, reach
from telephony.switch.commands import SwitchName
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener, until

pytestmark = pytest.mark.django_db(transaction=True)

ANSWERS = "2403019517"


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    with (
        mock.patch.object(switchboard, "CONNECT_SECONDS", 0.5),
        mock.patch.object(dialling, "COMMAND_SECONDS", 0.5),
        mock.patch.object(dialling, "BETWEEN_LOOKS_SECONDS", 0.05),
        mock.patch.object(dialling, "WATCHED_SECONDS", 0.05),
        mock.patch.object(listening, "YOUNG", timedelta(0)),
    ):
        yield


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> User:
    person = make_person("anna")
    hold(person, "1006", "17036879447")
    return person


@pytest.fixture
def two(settings: Any, live_server: Any) -> Callable[..., Any]:
    """Two switches, fs1 preferred; `faults` are what is wrong with each."""

    @contextmanager
    def make(*faults: str, **options: Any) -> Iterator[list[SimulatedSwitch]]:
        # The plan of a call link is the portal's.
        portal = Portal(live_server.url, settings.FREESWITCH_HTTP_USER, settings.FREESWITCH_HTTP_PASSWORD)
        values = {"password": "simulated", "pace": 1.0, "talk": 100.0, "portal": portal} | options
        with ExitStack() as stack:
            switches = [
                stack.enter_context(SimulatedSwitch(Settings(**values, name=name), fault=fault))
                for name, fault in zip(("fs1", "fs2"), (*faults, "", "")[:2], strict=True)
            ]
            settings.FREESWITCH_ESL_ALL = tuple(SwitchAddress("127.0.0.1", each.port, "simulated") for each in switches)
            settings.FREESWITCH_ESL = settings.FREESWITCH_ESL_ALL[0]
            yield switches

    return make


def test_the_preferred_switch_gets_the_call(anna: User, two: Callable) -> None:
    with two() as (first, second):
        link, _ = place(anna, "1006", ANSWERS)
        assert (link.switch.name, first.originates, second.originates) == ("fs1", 1, 0)
        assert second.commands == []


@pytest.mark.parametrize("fault", ["close-on-connect", "refuse-auth", "garbage", "drop-after-auth", "silent-on-connect"])
def test_nothing_is_sent_on_one_that_cannot_be_reached_and_the_next_gets_the_call(
    anna: User, two: Callable, fault: str
) -> None:
    with two(fault) as (first, second):
        link, _ = place(anna, "1006", ANSWERS)
        assert (link.switch.name, first.originates, second.originates) == ("fs2", 0, 1)
        assert not any("originate" in command for command in first.commands)


@pytest.mark.parametrize("fault", ["drop-before-command", "drop-before-reply", "drop-in-reply", "silent-after-command"])
def test_one_that_was_lost_with_the_command_is_the_last_that_is_asked(anna: User, two: Callable, fault: str) -> None:
    with two(fault) as (first, second):
        try:
            place(anna, "1006", ANSWERS)
        except SwitchAwayError:
            assert fault == "drop-before-command"
        assert (CallLink.objects.get().switch.name, second.originates, second.commands) == ("fs1", 0, [])
        assert first.originates <= 1


def test_where_none_can_be_reached_nobody_was_dialled(anna: User, two: Callable) -> None:
    with two("close-on-connect", "refuse-auth") as switches:
        with pytest.raises(SwitchAwayError, match=r"password"):
            place(anna, "1006", ANSWERS)
        assert [switch.originates for switch in switches] == [0, 0]
    assert (CallLink.objects.get().status, CallLink.objects.get().switch) == ("failed", None)


def test_one_that_the_listener_has_lost_is_tried_last(anna: User, two: Callable) -> None:
    with two() as (first, second):
        for address in switchboard.addresses():
            with reach(address) as socket:
                identify(socket, address)
        Switch.objects.filter(name="fs1").update(last_heard_at="2026-01-01T00:00:00Z", is_up=False)
        link, _ = place(anna, "1006", ANSWERS)
        assert (link.switch.name, first.originates, second.originates) == ("fs2", 0, 1)


def test_a_link_is_asked_after_and_hung_up_on_its_own_switch(anna: User, two: Callable) -> None:
    with two("close-on-connect") as (first, second):
        link, _ = place(anna, "1006", ANSWERS)
        first.faults.set("")
        before = list(first.commands)
        assert is_alive(link)
        cancel(link, actor=anna)
        until(lambda: second.exchange.legs() == [])
        assert CallLink.objects.get().status == "cancelled"
        assert first.commands == before


def test_the_listener_follows_both_and_mistakes_no_link_for_the_others(anna: User, two: Callable) -> None:
    with two("close-on-connect", pace=0.1) as (first, _second):
        link, _ = place(anna, "1006", ANSWERS)
        first.faults.set("")
        with listener() as told:
            until(lambda: sum("connected" in sentence for sentence in told) == 2)
            assert {sentence.split()[4] for sentence in told} == {"fs1", "fs2"}
            until(lambda: CallLink.objects.get(pk=link.pk).status == "bridged")
            first.restart()
            until(lambda: sum("connected" in sentence for sentence in told) == 3)
            assert CallLink.objects.get(pk=link.pk).status == "bridged"


def test_one_that_is_away_holds_up_no_other(anna: User, two: Callable) -> None:
    with two("silent-on-connect"), listener() as told:
        until(lambda: any("connected" in sentence and "fs2" in sentence for sentence in told))
        until(lambda: any("away" in sentence for sentence in told))


def test_a_switch_is_found_by_its_name_where_its_row_does_not_say_its_address(two: Callable) -> None:
    with two():
        known = Switch.objects.create(name="fs2")
        with reach(known) as socket:
            assert socket.api(SwitchName()) == "fs2"
        assert [place.switch for place in configured()] == [Switch.objects.get(name="fs1"), known]
        with pytest.raises(SwitchAwayError, match="fs3"), reach(Switch.objects.create(name="fs3")):
            pass


def test_a_switch_that_moved_takes_the_address_from_who_was_there(two: Callable) -> None:
    with two():
        address = switchboard.addresses()[0]
        former = Switch.objects.create(name="former", event_socket=str(address))
        with reach(address) as socket:
            assert identify(socket, address).name == "fs1"
        former.refresh_from_db()
        assert former.event_socket == ""


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "a\x00b"])
def test_a_name_that_is_none_makes_no_switch(two: Callable, name: str) -> None:
    with two() as (first, _):
        first.exchange.identity = mock.Mock(wraps=first.exchange.identity, core_uuid="c")
        first.exchange.identity.name = name
        address = switchboard.addresses()[0]
        with pytest.raises(switchboard.SwitchError), reach(address) as socket:
            identify(socket, address)
    assert not Switch.objects.exists()
