"""Call links from end to end with the simulated switch: every cause, every cut, with and without a listener."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.switch.exchange import Settings
from demo.switch.faults import FAULTS
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Assignment, Call, CallLink
from telephony.services.call_links import dialling, listening
from telephony.services.call_links.dialling import bring_up_to_date, cancel
from telephony.services.call_links.placing import place
from telephony.services.switchboard import SwitchAwayError, reach
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener, until

pytestmark = pytest.mark.django_db(transaction=True)

ANSWERS = "2403019517"


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    """Wait less for what does not come."""
    with (
        mock.patch("telephony.services.switchboard.CONNECT_SECONDS", 0.5),
        mock.patch.object(dialling, "COMMAND_SECONDS", 0.5),
        mock.patch.object(dialling, "BETWEEN_LOOKS_SECONDS", 0.05),
    ):
        yield


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> User:
    hold(make_person("anna"), "1006", "17036879447")
    for name, exten in (("busy", "1017"), ("silent", "1019"), ("rejects", "1021"), ("away", "1007")):
        hold(make_person(name), exten)
    return User.objects.get(username="anna")


@pytest.fixture
def simulate(settings: Any, live_server: Any, tmp_path: Path) -> Callable[..., Any]:
    """Make a switch that posts its records and recordings to the running portal, to which the portal is led."""
    settings.PUBLIC_URL = live_server.url
    settings.RECORDINGS_ROOT = tmp_path / "recordings"

    @contextmanager
    def make(**options: Any) -> Iterator[SimulatedSwitch]:
        portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
        fault = options.pop("fault", "")
        values = {"password": "simulated", "pace": 0.02, "talk": 4.0, "heartbeat": 0.5, "portal": portal} | options
        with SimulatedSwitch(Settings(**values), fault=fault) as switch:
            settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
            yield switch

    return make


def ended(link: CallLink) -> CallLink:
    until(lambda: not CallLink.objects.open().filter(pk=link.pk).exists())
    return CallLink.objects.get(pk=link.pk)


CAUSES = [
    ("1006", ANSWERS, "completed", "NORMAL_CLEARING"),
    ("2762087784", ANSWERS, "completed", "NORMAL_CLEARING"),
    ("1006", "2403010017", "failed", "USER_BUSY"),
    ("1006", "2403010019", "failed", "NO_ANSWER"),
    ("1006", "2403010021", "failed", "CALL_REJECTED"),
    ("1006", "2403010001", "failed", "UNALLOCATED_NUMBER"),
    ("1006", "1017", "failed", "USER_BUSY"),
    ("1006", "1007", "failed", "USER_NOT_REGISTERED"),
    ("2762080017", ANSWERS, "failed", "USER_BUSY"),
    ("2762080019", ANSWERS, "failed", "NO_ANSWER"),
    ("2762080021", ANSWERS, "failed", "CALL_REJECTED"),
    ("2762080038", ANSWERS, "failed", "NETWORK_OUT_OF_ORDER"),
]


@pytest.mark.parametrize(("source", "destination", "status", "cause"), CAUSES)
@pytest.mark.parametrize("listens", [True, False], ids=["with a listener", "by the record alone"])
def test_every_cause_ends_a_link(
    anna: User, simulate: Callable, source: str, destination: str, status: str, cause: str, listens: bool
) -> None:
    with simulate() as switch:
        if listens:
            with listener():
                link = ended(place(anna, source, destination)[0])
        else:
            with mock.patch.object(dialling, "WATCHED_SECONDS", 0.0):
                link = ended(place(anna, source, destination)[0])
        assert (link.status, link.hangup_cause, switch.originates) == (status, cause, 1)
        until(lambda: Call.objects.filter(call_link=link).exists())
        call = Call.objects.get(call_link=link)
        assert (call.answered, call.call_uuid) == (status == "completed", str(link.call_uuid))
        assert call.caller_user == anna, "the link is hers, whichever phone it rang first"


def test_who_watches_sees_each_state_and_then_the_recording(
    anna: User, simulate: Callable, settings: Any, key_of: Callable, tmp_path: Path
) -> None:
    settings.FREESWITCH_RECORDINGS_DIR = str(tmp_path / "switch")
    key = key_of(anna)
    seen = []
    with simulate(pace=0.2), listener():
        link = place(anna, "1006", ANSWERS)[0]

        def has_ended() -> bool:
            status = Client().get(f"/api/v2/call-link/{link.pk}", headers=key).json()["status"]
            if status not in seen:
                seen.append(status)
            return status == "completed"

        until(has_ended)
        assert ["queued", "ringing_source", "source_answered", "bridged", "completed"][-len(seen) :] == seen
        assert len(seen) >= 4
        until(lambda: Client().get("/api/v2/call-recording?has_recording=true", headers=key).json() != [])
    [call] = Client().get("/api/v2/call-recording", headers=key).json()
    assert (call["call_from"], call["call_to"], call["call_uuid"]) == ("1006", "12403019517", str(link.call_uuid))
    part = Client().get(f"/api/v2/call-recording/{call['id']}/audio", headers=key | {"range": "bytes=0-99"})
    assert (part.status_code, len(b"".join(part.streaming_content))) == (206, 100)


# -- cuts ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("listens", [True, False], ids=["with a listener", "without"])
def test_whatever_breaks_no_link_stays_open_and_none_is_dialled_twice(
    anna: User, simulate: Callable, fault: str, listens: bool
) -> None:
    with simulate() as switch:
        switch.faults.set(fault, times=1)
        said = "placed"
        try:
            link, _ = place(anna, "1006", ANSWERS)
        except SwitchAwayError:
            said = "away"
            link = CallLink.objects.get()
        switch.faults.set("")
        # What a client does that saw it fail, or saw nothing at all: it asks again.
        again, is_new = place(anna, "1006", ANSWERS)
        assert is_new == (said == "away" and link.sent_at is None)
        assert switch.originates <= 1
        if listens:
            with listener():
                final = ended(again)
        else:
            CallLink.objects.open().update(expires_at=timezone.now() + timedelta(seconds=1))
            until(lambda: not bring_up_to_date(CallLink.objects.get(pk=again.pk)).is_open)
            final = CallLink.objects.get(pk=again.pk)
        assert final.status in ("completed", "failed", "expired")
        assert not CallLink.objects.open().exists()
        assert switch.originates <= 1
        assert sum("originate" in command for command in switch.commands) <= 2


@pytest.mark.parametrize("fault", ["refuse-auth", "close-on-connect", "silent-on-connect", "garbage", "drop-after-auth"])
def test_while_nothing_was_sent_the_switch_counts_as_away(anna: User, simulate: Callable, fault: str) -> None:
    with simulate(fault=fault) as switch:
        with pytest.raises(SwitchAwayError):
            place(anna, "1006", ANSWERS)
        assert switch.originates == 0
    link = CallLink.objects.get()
    assert (link.status, link.hangup_cause, link.sent_at) == ("failed", "SWITCH_UNAVAILABLE", None)


def test_a_link_of_a_switch_that_restarted_ends(anna: User, simulate: Callable) -> None:
    with simulate(pace=1) as switch, mock.patch.object(listening, "YOUNG", timedelta(0)):
        link = place(anna, "1006", ANSWERS)[0]
        switch.restart()
        with listener():
            final = ended(link)
        assert (final.status, final.hangup_cause, switch.originates) == ("failed", "UNKNOWN", 1)


def test_the_listener_catches_up_on_what_it_missed(anna: User, simulate: Callable) -> None:
    with simulate(talk=200.0) as switch, mock.patch.object(listening, "YOUNG", timedelta(0)):
        link = place(anna, "1006", ANSWERS)[0]
        until(lambda: any(leg.times.bridged for leg in switch.exchange.legs()))
        with listener():
            until(lambda: CallLink.objects.get(pk=link.pk).status == "bridged")
            assert CallLink.objects.get(pk=link.pk).bridged_at is not None


def test_the_listener_says_when_the_switch_goes_and_comes_back(anna: User, simulate: Callable) -> None:
    with simulate() as switch, listener() as told:
        assert "connected" in told[0]
        switch.restart()
        until(lambda: len(told) >= 3 and "connected" in told[-1])
        assert any("away" in sentence for sentence in told)


# -- cancelled at every stage ----------------------------------------------------------------------------------------------

STAGES = {
    "before the channel is there": lambda legs: True,
    "while the source rings": lambda legs: any(leg.times.progress for leg in legs),
    "while the destination rings": lambda legs: len(legs) == 2,
    "while they talk": lambda legs: any(leg.times.bridged for leg in legs),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("listens", [True, False], ids=["with a listener", "without"])
def test_cancelled_at_every_stage(anna: User, simulate: Callable, stage: str, listens: bool) -> None:
    delay = 0.3 if stage == "before the channel is there" else 0.02
    with (
        simulate(pace=0.2, talk=100.0, create_delay=delay) as switch,
        mock.patch.object(dialling, "WATCHED_SECONDS", 0.05),
    ):
        link = place(anna, "1006", ANSWERS)[0]

        def hang_up() -> None:
            until(lambda: STAGES[stage](switch.exchange.legs()))
            if listens and stage == "while they talk":
                until(lambda: CallLink.objects.get(pk=link.pk).status == "bridged")
            cancel(CallLink.objects.get(pk=link.pk), actor=anna)
            until(lambda: switch.exchange.legs() == [])

        if listens:
            with listener():
                hang_up()
        else:
            hang_up()
        final = ended(link)
        until(lambda: Call.objects.filter(call_link=link, ended_at__isnull=False).exists())
        # The record has the last word, and says the same.
        until(lambda: CallLink.objects.get(pk=link.pk).hangup_cause == Call.objects.get(call_link=link).hangup_cause)
        final.refresh_from_db()
        talked = stage == "while they talk"
        assert final.status == ("completed" if talked else "cancelled")
        assert (final.bridged_at is not None) == talked
        assert switch.originates == 1


def test_a_leg_that_appears_after_its_link_was_given_up_is_hung_up(anna: User, simulate: Callable) -> None:
    with simulate(pace=1, create_delay=0.5) as switch, listener():
        link = place(anna, "1006", ANSWERS)[0]
        link.end("failed", "SWITCH_UNAVAILABLE")
        until(lambda: switch.originates == 1)
        until(lambda: any("uuid_kill" in command for command in switch.commands))
        until(lambda: switch.exchange.legs() == [])


def test_the_switch_is_reached_where_the_settings_say(simulate: Callable) -> None:
    with simulate() as switch, reach() as socket:
        assert socket is not None
        assert any("auth" in command for command in switch.commands)
