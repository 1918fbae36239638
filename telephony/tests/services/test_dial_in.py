"""Call links of mode `dial_in`, from end to end with the simulated switch: dialled once, and by nobody else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from accounts.models import User
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Assignment, Call, CallLink
from telephony.services.call_links.dialling import cancel
from telephony.services.call_links.placing import await_call
from telephony.services.cell_phones import register_cell_phone
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener, until

pytestmark = pytest.mark.django_db(transaction=True)

CELL, OWN, ANSWERS, BUSY = "12762087784", "17036879447", "12403019517", "12403010017"


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> User:
    person = make_person("anna")
    hold(person, "1006", OWN)
    register_cell_phone(person, CELL)
    return person


@pytest.fixture
def simulate(settings: Any, live_server: Any, tmp_path: Path) -> Callable[..., Any]:
    """Make a switch that asks the running portal, to which the portal is led."""
    settings.PUBLIC_URL = live_server.url
    settings.RECORDINGS_ROOT = tmp_path / "recordings"
    settings.FREESWITCH_RECORDINGS_DIR = str(tmp_path / "switch")

    @contextmanager
    def make(**options: Any) -> Iterator[SimulatedSwitch]:
        portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
        values = {"password": "simulated", "pace": 0.02, "talk": 4.0, "heartbeat": 0.5, "portal": portal} | options
        with SimulatedSwitch(Settings(**values)) as switch:
            settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
            yield switch

    return make


def wait_for(user: User, destination: str = ANSWERS) -> CallLink:
    return await_call(user, destination, minutes=5)[0]


def ended(link: CallLink) -> CallLink:
    until(lambda: not CallLink.objects.open().filter(pk=link.pk).exists())
    return CallLink.objects.get(pk=link.pk)


def recorded(leg_uuid: str) -> Call:
    until(lambda: Call.objects.filter(call_uuid=leg_uuid, ended_at__isnull=False).exists())
    return Call.objects.get(call_uuid=leg_uuid)


@pytest.mark.parametrize("listens", [True, False], ids=["with a listener", "by the record alone"])
@pytest.mark.parametrize(
    ("destination", "status", "cause"),
    [(ANSWERS, "completed", "NORMAL_CLEARING"), (BUSY, "failed", "USER_BUSY"), ("12403010019", "failed", "NO_ANSWER")],
)
def test_whoever_dials_in_is_connected(
    anna: User, simulate: Callable, listens: bool, destination: str, status: str, cause: str
) -> None:
    with simulate() as switch, listener() if listens else nullcontext():
        link = wait_for(anna, destination)
        assert (link.status, link.mode, switch.bytes_received if not listens else 0) == ("queued", "dial_in", 0)
        leg = switch.call_in(CELL, OWN)
        final, call = ended(link), recorded(leg)
        final.refresh_from_db()
        assert (final.status, final.hangup_cause, str(final.call_uuid)) == (status, cause, leg)
        assert final.source_answered_at is not None
        assert (call.call_link, call.caller_user, call.answered) == (link, anna, status == "completed")
        assert (call.caller_number, call.callee_number, call.direction) == (CELL, destination, "outbound")
        assert call.number is not None
        assert call.number.number == OWN
        until(lambda: Call.objects.filter(recordings__isnull=False).exists() == call.answered)


def test_a_second_call_is_an_ordinary_one(anna: User, simulate: Callable) -> None:
    with simulate() as switch:
        link = wait_for(anna)
        first = switch.call_in(CELL, OWN)
        ended(link)
        second = switch.call_in(CELL, OWN)
        assert (recorded(first).callee_number, recorded(second).callee_number) == (ANSWERS, OWN)
        assert (recorded(second).direction, recorded(second).call_link) == ("inbound", None)


def test_of_two_who_call_at_once_one_is_connected(anna: User, simulate: Callable) -> None:
    with simulate() as switch:
        for _ in range(3):
            link = wait_for(anna)
            legs = [switch.call_in(CELL, OWN), switch.call_in(CELL, OWN)]
            calls = [recorded(leg) for leg in legs]
            assert sorted((call.direction, call.callee_number) for call in calls) == [("inbound", OWN), ("outbound", ANSWERS)]
            [connected] = [call for call in calls if call.call_link is not None]
            assert (connected.call_link, ended(link).status) == (link, "completed")


@pytest.mark.parametrize(
    "caller", ["12762087785", "1006", "anonymous", OWN, "", "12762087784,x=y"], ids=lambda caller: caller or "nobody"
)
def test_whoever_calls_from_elsewhere_reaches_the_phone(anna: User, simulate: Callable, caller: str) -> None:
    with simulate() as switch:
        link = wait_for(anna)
        call = recorded(switch.call_in(caller, OWN))
        assert (call.direction, call.callee_number, call.call_link) == ("inbound", OWN, None)
        link.refresh_from_db()
        assert link.status == "queued"


@pytest.mark.parametrize("caller", [CELL, "+12762087784", "2762087784"])
def test_carriers_write_numbers_as_they_like(anna: User, simulate: Callable, caller: str) -> None:
    with simulate() as switch:
        link = wait_for(anna)
        assert recorded(switch.call_in(caller, "+17036879447")).call_link == link


def test_another_ones_number_is_no_way_in(
    anna: User, make_person: Callable, hold: Callable[..., Assignment], simulate: Callable
) -> None:
    ben = make_person("ben")
    hold(ben, "1005", "17036879448")
    register_cell_phone(ben, CELL)
    with simulate() as switch:
        link = wait_for(anna)
        assert recorded(switch.call_in(CELL, "17036879448")).call_link is None
        assert recorded(switch.call_in(CELL, OWN)).call_link == link


def test_a_colleague_can_be_dialled_in_to(
    anna: User, make_person: Callable, hold: Callable[..., Assignment], simulate: Callable
) -> None:
    hold(make_person("ben"), "1005", "17036879448")
    with simulate() as switch:
        link = wait_for(anna, "1005")
        assert recorded(switch.call_in(CELL, OWN)).callee_number == "1005"
        assert ended(link).status == "completed"


def test_it_is_hung_up_at_every_stage(anna: User, simulate: Callable) -> None:
    with simulate(pace=0.2, talk=100.0) as switch, listener():
        link = wait_for(anna)
        cancel(link, actor=anna)
        assert (ended(link).status, switch.exchange.legs()) == ("cancelled", [])
        assert recorded(switch.call_in(CELL, "+17036879449")).hangup_cause == "UNALLOCATED_NUMBER"

        for stage, status in (("source_answered", "cancelled"), ("bridged", "completed")):
            link = wait_for(anna)
            leg = switch.call_in(CELL, OWN)
            until(lambda link=link, stage=stage: CallLink.objects.get(pk=link.pk).status == stage)
            cancel(CallLink.objects.get(pk=link.pk), actor=anna)
            assert ended(link).status == status
            until(lambda: switch.exchange.legs() == [])
            assert recorded(leg).call_link == link
            link.refresh_from_db()
            assert link.status == status, "the record has the last word, and says the same"


def test_twenty_who_ask_at_once_have_one_link_that_waits(anna: User) -> None:
    def ask(last: int) -> None:
        try:
            await_call(User.objects.get(pk=anna.pk), f"24030195{last:02d}", minutes=5)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(ask, range(20)))
    assert CallLink.objects.awaiting_a_call().count() == 1
    assert CallLink.objects.filter(status="cancelled").count() == 19
