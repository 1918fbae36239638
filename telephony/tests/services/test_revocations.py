"""Revocations from end to end with the simulated switch: phones are forgotten, calls end, and what was done is kept as proof."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from demo.switch import commands
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Assignment, Domain, Extension, Revocation, RevocationErrand, RevocationReason
from telephony.models.holding import HoldingState
from telephony.models.revocations import ErrandState
from telephony.services.assignments import release
from telephony.services.call_links.placing import place
from telephony.services.credentials import renew_password
from telephony.services.extensions import close_extension, open_extension
from telephony.services.revocations import errands, telling
from telephony.services.revocations.asking import revoke, revoke_all, revoke_domain, revoke_holder
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener, until
from telephony.tests.scripted_switch import PASSWORD, ScriptedSwitch, answering, api_response, silent

pytestmark = pytest.mark.django_db(transaction=True)

Simulate = Callable[..., AbstractContextManager[SimulatedSwitch]]
NOWHERE = SwitchAddress("127.0.0.1", 1, "nobody-listens")


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    """Wait less for what does not come."""
    errands._away_since.clear()
    with (
        mock.patch("telephony.services.switchboard.CONNECT_SECONDS", 1.0),
        mock.patch.object(telling, "BETWEEN_LISTS_SECONDS", 0.02),
    ):
        yield
    errands._away_since.clear()


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    hold(make_person("ben"), "1005", "17036879445")
    return hold(make_person("anna"), "1006", "17036879446")


@pytest.fixture
def simulate(settings: Any, live_server: Any, tmp_path: Path) -> Simulate:
    """Make a switch that asks the running portal, to which the portal is led."""
    settings.PUBLIC_URL, settings.RECORDINGS_ROOT = live_server.url, tmp_path

    @contextmanager
    def make(**options: Any) -> Iterator[SimulatedSwitch]:
        portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
        values = {"password": "simulated", "pace": 0.05, "talk": 1000.0, "heartbeat": 0.5, "portal": portal} | options
        with SimulatedSwitch(Settings(**values)) as switch:
            settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
            yield switch
            # A record that is still on its way would come into the next test's database.
            assert switch.end_calls(10)

    return make


def registered(switch: SimulatedSwitch) -> set[str]:
    return {phone.user for phone in switch.exchange.registrar.registered()}


def knock(switch: SimulatedSwitch, user: str, password: str) -> bool:
    """Let a phone register; tell whether it may."""
    return "200" in _api(switch, f"simulator register {user} {password} 198.51.100.7")


def _api(switch: SimulatedSwitch, command: str) -> str:
    said: list[str] = []
    commands.run(switch.exchange, command, lambda answer, at: said.append(answer))
    return said[0]


def the_errand() -> RevocationErrand:
    return RevocationErrand.objects.get()


def talking(switch: SimulatedSwitch) -> None:
    until(lambda: len([leg for leg in switch.exchange.legs() if leg.times.bridged]) == 2)


# -- what takes the right away ------------------------------------------------------------------------------------------------


def test_a_closed_extension_is_forgotten_and_its_call_ends(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        password = renew_password(anna.extension, actor=None)
        assert knock(switch, "1006", password)
        place(anna.user, "1006", "2403019517")
        talking(switch)
        revocation = close_extension(anna.extension, actor=anna.user)
        assert revocation is not None
        assert registered(switch) == {"1005"}
        until(lambda: not switch.exchange.legs())
        errand = revocation.errands.get()
        assert (errand.state, errand.problem, errand.attempts) == (ErrandState.DONE, "", 1)
        assert [step["step"] for step in errand.steps] == ["cache", "registrations", "forgotten", "call", "ended"]
        by_name = {step["step"]: step for step in errand.steps}
        assert by_name["registrations"]["phones"][0]["place"].startswith("198.51.100.7:")
        assert by_name["registrations"]["command"] == "sofia profile internal flush_inbound_reg 1006@pbx.example.com"
        assert by_name["forgotten"]["answer"] == "0 registered"
        assert by_name["call"]["command"].endswith("MANAGER_REQUEST")
        assert by_name["ended"]["answer"] == "1 ended, 0 left"
        assert Revocation.objects.for_listing().get(pk=revocation.pk).is_done
        # The next REGISTER of the same phone, and the one after the extension was opened again.
        assert not knock(switch, "1006", password)
        assert open_extension(anna.extension)
        assert knock(switch, "1006", password)


def test_a_new_password_throws_out_whoever_has_the_old_one(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        old = renew_password(anna.extension, actor=None)
        assert knock(switch, "1006", old)
        new = renew_password(anna.extension, actor=anna.user)
        assert registered(switch) == {"1005"}
        assert not knock(switch, "1006", old)
        assert knock(switch, "1006", new)
        assert {each.reason for each in Revocation.objects.all()} == {RevocationReason.PASSWORD_CHANGED}


def test_who_gives_the_number_back_gives_the_phone_up(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        assert release(anna, actor=anna.user)
        assert registered(switch) == {"1005"}
        assert (the_errand().state, the_errand().revocation.reason) == (ErrandState.DONE, RevocationReason.RELEASED)
        assert not release(anna)
        assert RevocationErrand.objects.count() == 1


def test_all_that_a_deactivated_person_holds(anna: Assignment, simulate: Simulate, hold: Callable) -> None:
    hold(anna.user, "1016")
    User.objects.filter(pk=anna.user_id).update(is_active=False)
    with simulate(extensions=("1005", "1006", "1016")) as switch:
        revocations = revoke_holder(anna.user)
        assert [each.extension.number for each in revocations] == ["1006", "1016"]
        assert registered(switch) == {"1005"}


def test_a_domain_that_is_taken_out_of_use(anna: Assignment, simulate: Simulate) -> None:
    Domain.objects.update(is_active=False)
    with simulate() as switch:
        assert len(revoke_domain(anna.extension.domain)) == 2
        assert registered(switch) == set()
        # In one conversation.
        assert sum(command.startswith("auth ") for command in switch.commands) == 1


def test_only_the_leg_of_the_extension_is_ended(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        link, _ = place(anna.user, "1006", "1005")
        talking(switch)
        [of_ben] = [leg.uuid for leg in switch.exchange.legs() if leg.uuid != str(link.call_uuid)]
        ben = Extension.objects.get(number="1005")
        revoke(ben, RevocationReason.CLOSED)
        killed = [command for command in switch.commands if "uuid_kill" in command]
        assert killed == [f"api uuid_kill {of_ben} MANAGER_REQUEST"]
        assert registered(switch) == {"1006"}


def test_nothing_is_said_of_what_was_not_committed(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        with transaction.atomic():
            revoke(anna.extension, RevocationReason.CLOSED)
            assert switch.commands == []
            transaction.set_rollback(True)
        assert switch.commands == []
        assert not Revocation.objects.exists()


def test_closing_twice_asks_once(anna: Assignment, simulate: Simulate) -> None:
    with simulate():
        assert close_extension(anna.extension) is not None
        assert close_extension(anna.extension) is None
        assert Revocation.objects.count() == 1
        Extension.objects.filter(pk=anna.extension_id).update(state=HoldingState.FREE)
        assert not open_extension(anna.extension)


# -- a switch that is away ----------------------------------------------------------------------------------------------------


def test_where_no_switch_is_set_up_nothing_waits(anna: Assignment, settings: Any) -> None:
    settings.FREESWITCH_ESL = None
    revocation = revoke(anna.extension, RevocationReason.CLOSED)
    assert not RevocationErrand.objects.exists()
    assert Revocation.objects.for_listing().get(pk=revocation.pk).is_done
    assert not Revocation.objects.pending().exists()
    assert errands.repeat() == 0


def test_a_switch_that_is_away_is_told_when_it_is_back(anna: Assignment, simulate: Simulate, settings: Any) -> None:
    settings.FREESWITCH_ESL = NOWHERE
    revocation = close_extension(anna.extension)
    errand = the_errand()
    assert revocation is not None
    assert (errand.state, errand.attempts, errand.lease_until) == (ErrandState.PENDING, 1, None)
    assert "cannot be reached" in errand.problem
    assert errand.next_at > timezone.now()
    assert Revocation.objects.pending().get() == revocation
    assert errands.repeat() == 0, "it is not yet due"
    with simulate() as switch:
        RevocationErrand.objects.update(event_socket=f"127.0.0.1:{switch.port}")
        assert errands.repeat() == 0
        assert errands.repeat(settings.FREESWITCH_ESL, whenever=True) == 1
        assert registered(switch) == {"1005"}
        assert (the_errand().state, the_errand().attempts) == (ErrandState.DONE, 2)
        assert errands.repeat(settings.FREESWITCH_ESL, whenever=True) == 0


def test_the_listener_tells_it(anna: Assignment, simulate: Simulate, settings: Any) -> None:
    settings.FREESWITCH_ESL = NOWHERE
    close_extension(anna.extension)
    with simulate() as switch:
        RevocationErrand.objects.update(event_socket=f"127.0.0.1:{switch.port}")
        with listener():
            until(lambda: the_errand().state == ErrandState.DONE)
        assert registered(switch) == {"1005"}


def test_a_portal_that_died_after_the_commit_has_left_the_errand(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        with mock.patch.object(errands, "_run", side_effect=RuntimeError("killed")):
            # What fails after the commit is no failure of what was committed.
            assert close_extension(anna.extension) is not None
        assert (the_errand().state, the_errand().attempts) == (ErrandState.PENDING, 0)
        assert errands.repeat() == 1
        assert registered(switch) == {"1005"}


def test_one_that_died_in_the_middle_is_taken_over(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        with mock.patch.object(errands, "_run"):
            close_extension(anna.extension)
        mine = the_errand()
        assert mine.claim()
        assert not the_errand().claim(), "two are not about it at once"
        assert errands.repeat() == 0
        RevocationErrand.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert errands.repeat() == 1
        mine.keep(state=ErrandState.PENDING, done_at=None, problem="too late")
        assert (the_errand().state, the_errand().problem) == (ErrandState.DONE, "")
        assert registered(switch) == {"1005"}


def test_many_at_a_switch_that_is_away_wait_for_it_once(anna: Assignment, settings: Any) -> None:
    settings.FREESWITCH_ESL = NOWHERE
    with mock.patch.object(errands, "reach", wraps=errands.reach) as reach:
        for _ in range(5):
            revoke(anna.extension, RevocationReason.CLOSED)
        assert reach.call_count == 1
    assert RevocationErrand.objects.pending().count() == 5
    assert RevocationErrand.objects.filter(problem__contains="a moment ago").count() == 4


def test_a_switch_that_says_nothing_holds_nobody_up(anna: Assignment, settings: Any) -> None:
    with mock.patch.object(errands, "AT_ONCE_SECONDS", 0.3), ScriptedSwitch(silent) as switch:
        settings.FREESWITCH_ESL = switch.address
        began = time.monotonic()
        assert close_extension(anna.extension) is not None
        assert time.monotonic() - began < 10
        assert the_errand().problem == "The switch did not answer in time."
        assert the_errand().state == ErrandState.PENDING


def test_an_address_that_is_configured_no_more_is_said_to_be_so(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        with mock.patch.object(errands, "_run"):
            close_extension(anna.extension)
        RevocationErrand.objects.update(event_socket="192.0.2.1:8021")
        assert errands.repeat() == 0
        assert the_errand().problem == "No switch is configured at this address any more."
        assert switch.commands == []


# -- odd switches -------------------------------------------------------------------------------------------------------------


NONE_LEFT = api_response('{"row_count":0}\n')
PHONES = "<profile>\n<registrations>\n{}</registrations>\n</profile>\n"
ONE = "<registration><user>1006@pbx.example.com</user><network-ip>203.0.113.5</network-ip><network-port>5060</network-port></registration>"


def told_by(*answers: bytes, settings: Any, extension: Extension) -> RevocationErrand:
    with ScriptedSwitch(answering(*answers)) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.address.port, PASSWORD)
        close_extension(extension)
    return the_errand()


def test_a_phone_that_stays_registered_is_a_problem_unless_it_may(anna: Assignment, settings: Any) -> None:
    ok, phone = api_response("+OK\n"), api_response(PHONES.format(ONE))
    errand = told_by(ok, phone, ok, phone, NONE_LEFT, settings=settings, extension=anna.extension)
    assert (errand.state, errand.problem) == (ErrandState.PENDING, "The switch still has a phone registered.")
    assert errand.steps[2]["phones"] == [{"place": "203.0.113.5:5060", "agent": ""}]


def test_a_switch_without_the_profile_hangs_up_all_the_same(anna: Assignment, settings: Any) -> None:
    ok = api_response("+OK\n")
    errand = told_by(ok, api_response("Invalid Profile!\n"), NONE_LEFT, settings=settings, extension=anna.extension)
    assert [step["step"] for step in errand.steps] == ["cache", "ended"]
    assert errand.state == ErrandState.PENDING
    assert "no list of registrations" in errand.problem


def test_a_list_of_legs_that_is_none_is_a_problem(anna: Assignment, settings: Any) -> None:
    ok, nobody = api_response("+OK\n"), api_response(PHONES.format(""))
    errand = told_by(ok, nobody, ok, nobody, api_response("x"), settings=settings, extension=anna.extension)
    assert (errand.state, errand.problem) == (ErrandState.PENDING, "The switch's list is no JSON.")


HOSTILE_LEG = (
    '{"Unique-ID":"11111111-2222-4333-8444-55555555555a","Call-Direction":"inbound","variable_portal_extension_id":"%d",'
    '"variable_sip_from_user":"1006\\n\\napi shutdown\\u0007${system id}","variable_sip_req_user":"<script>x</script>"}'
)


def test_what_a_phone_sends_never_comes_into_a_command(anna: Assignment, settings: Any) -> None:
    ok, nobody = api_response("+OK\n"), api_response(PHONES.format(""))
    leg = "11111111-2222-4333-8444-55555555555a"
    listed = api_response(f'{{"row_count":2,"rows":[{{"uuid":"{leg}"}},{{"uuid":"x\\n\\napi shutdown"}}]}}')
    dumped = api_response(HOSTILE_LEG % anna.extension_id)
    answers = (ok, nobody, ok, nobody, listed, dumped, api_response("-ERR No such channel!\n"), NONE_LEFT)
    with ScriptedSwitch(answering(*answers)) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.address.port, PASSWORD)
        close_extension(anna.extension)
    assert switch.commands.decode().split("\n\n")[4:] == [
        "api show channels as json", f"api uuid_dump {leg} json", f"api uuid_kill {leg} MANAGER_REQUEST",
        "api show channels as json", "",
    ]  # fmt: skip
    call = next(step for step in the_errand().steps if step["step"] == "call")
    assert call["from"].isprintable()
    assert call["answer"] == "-ERR No such channel!"
    assert the_errand().state == ErrandState.DONE


def test_a_call_that_never_ends_is_a_problem(anna: Assignment, settings: Any) -> None:
    ok, nobody = api_response("+OK\n"), api_response(PHONES.format(""))
    leg = "11111111-2222-4333-8444-55555555555a"
    listed, dumped = (
        api_response(f'{{"row_count":1,"rows":[{{"uuid":"{leg}"}}]}}'),
        api_response(HOSTILE_LEG % anna.extension_id),
    )
    answers = (ok, nobody, ok, nobody, listed, dumped, ok, listed, dumped)
    # At the second look it is enough.
    with mock.patch.object(telling, "ENDED_WITHIN_SECONDS", 0.01), mock.patch.object(telling, "BETWEEN_LISTS_SECONDS", 0.05):
        errand = told_by(*answers, settings=settings, extension=anna.extension)
    assert (errand.state, errand.problem) == (ErrandState.PENDING, "The switch still has a call of this extension.")


def test_calls_of_who_was_let_in_since_are_left_alone(anna: Assignment, settings: Any) -> None:
    """The switch was away when the password changed; with the new one somebody calls when it is told at last."""
    settings.FREESWITCH_ESL = NOWHERE
    renew_password(anna.extension, actor=None)
    asked = timezone.now() - timedelta(minutes=10)
    Revocation.objects.update(created_at=asked)
    ok, nobody = api_response("+OK\n"), api_response(PHONES.format(""))
    before, since = "11111111-2222-4333-8444-55555555555a", "11111111-2222-4333-8444-55555555555b"
    rows = [(before, asked - timedelta(minutes=1)), (since, asked + timedelta(minutes=5))]
    listed = ",".join(f'{{"uuid":"{leg}","created_epoch":"{int(at.timestamp())}"}}' for leg, at in rows)
    dumped = api_response(HOSTILE_LEG % anna.extension_id)
    list_of = api_response(f'{{"row_count":2,"rows":[{listed}]}}')
    with ScriptedSwitch(answering(ok, nobody, ok, nobody, list_of, dumped, ok, NONE_LEFT)) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.address.port, PASSWORD)
        RevocationErrand.objects.update(event_socket=str(switch.address), next_at=timezone.now())
        assert errands.repeat() == 1
    assert since not in switch.commands.decode()
    assert f"uuid_kill {before}" in switch.commands.decode()


def test_several_at_once_are_several_rows(anna: Assignment, simulate: Simulate) -> None:
    with simulate() as switch:
        extensions = list(Extension.objects.select_related("domain"))
        assert len(revoke_all(extensions, RevocationReason.CLOSED)) == 2
        assert registered(switch) == set()
        assert revoke_all([], RevocationReason.CLOSED) == []
