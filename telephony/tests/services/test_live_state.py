"""What is kept of calls that go on, phones and gateways, as the events of a real switch tell of them."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Gateway, GatewayChange, GatewayStatus, LiveCall, LiveChannel, Registration, Switch
from telephony.services.live import gateways, phones
from telephony.services.live.hearing import HANDLERS, hear
from telephony.services.live.phones import phones_of, switches_of
from telephony.switch.esl import Event
from telephony.switch.live_facts import GatewayFacts, PhoneFacts
from telephony.tests.live_captures import events

pytestmark = pytest.mark.django_db

CALLER, CALLEE = "43c6d1ad-9495-4168-90fb-c53c48647ed9", "11f80b42-3d6d-4240-adcf-e109e9bba03b"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def switch(db: None) -> Switch:
    return Switch.objects.create(name="fs1", core_uuid="993afded-19e3-4f1e-9511-62de2513b08c", event_socket="127.0.0.1:8021")


@pytest.fixture
def people(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> dict[str, Assignment]:
    """The people of the captured calls, with extensions whose ids are not those of the capture."""
    hold(make_person("nobody"), "2999")
    return {
        "anna": hold(make_person("anna"), "1006", "17036879447"),
        "ben": hold(make_person("ben"), "1005", "17036879448"),
        "sam": hold(make_person("sam"), "1001", "17036879449"),
    }


def told(switch: Switch, name: str, people: dict[str, Assignment]) -> Sequence[Event]:
    """Return the events of a capture with our own ids in the place of those that its portal had."""
    ids = {
        "variable_portal_extension_id": {"1": people["anna"].extension_id, "2": people["ben"].extension_id},
        "variable_portal_number_id": {"1": people["anna"].number_id, "2": people["ben"].number_id},
    }
    found = events(name)
    return [
        Event(
            event.name,
            dict(event.headers)
            | {variable: str(known[event.get(variable)]) for variable, known in ids.items() if event.get(variable)},
        )
        for event in found
    ]


def test_a_call_between_two_extensions_from_its_first_leg_to_its_last(switch: Switch, people: dict[str, Assignment]) -> None:
    seen = []
    for event in told(switch, "local-held", people):
        hear(switch, event)
        call = LiveCall.objects.first()
        shown = (call.state, call.channels.count(), str(call.caller_user), str(call.callee_user)) if call else None
        if not seen or seen[-1] != shown:
            seen.append(shown)
    assert seen == [
        ("ringing", 1, "anna", "None"),
        ("ringing", 2, "anna", "ben"),
        ("answered", 2, "anna", "ben"),
        ("held", 2, "anna", "ben"),
        ("answered", 2, "anna", "ben"),
        ("held", 2, "anna", "ben"),
        ("answered", 2, "anna", "ben"),
        ("answered", 1, "anna", "ben"),
        None,
    ]
    assert not LiveChannel.objects.exists()


def test_who_and_what_it_is_about(switch: Switch, people: dict[str, Assignment]) -> None:
    found = told(switch, "local-held", people)
    for event in found[: [event.name for event in found].index("CHANNEL_HOLD") + 1]:
        hear(switch, event)
    call = LiveCall.objects.get()
    assert (call.call_uuid, call.local, call.direction, str(call)) == (CALLER, True, "outbound", "1006 → 1005")
    assert (call.caller_extension, call.callee_extension) == (people["anna"].extension, people["ben"].extension)
    assert (call.number, call.domain_name, call.core_uuid) == (people["anna"].number, "pbx.example.com", switch.core_uuid)
    assert call.started_at == datetime(2026, 11, 25, 22, 4, 54, 697924, tzinfo=UTC)
    assert call.answered_at is not None
    assert call.held_at == datetime(2026, 11, 25, 22, 4, 58, 707354, tzinfo=UTC)
    assert call.since == call.held_at


def test_calls_outside_and_from_there_are_their_holders(switch: Switch, people: dict[str, Assignment]) -> None:
    seen = {}
    for event in told(switch, "outbound-then-inbound", people):
        hear(switch, event)
        for call in LiveCall.objects.filter(state="answered"):
            seen[call.call_uuid] = call
    outbound, inbound = seen.values()
    assert (outbound.direction, outbound.local, str(outbound)) == ("outbound", False, "1006 → 2403019517")
    assert (outbound.caller_user, outbound.callee_user, outbound.number) == (
        people["anna"].user, None, people["anna"].number,
    )  # fmt: skip
    assert (inbound.direction, inbound.caller_user, inbound.callee_user) == ("inbound", None, people["ben"].user)
    assert (inbound.callee_number, inbound.number) == ("17036879448", people["ben"].number)
    assert not LiveCall.objects.exists()
    assert Switch.objects.get().sessions == 2
    assert Switch.objects.get().max_sessions == 1000


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_order_and_however_often_events_come_legs_find_their_call(
    switch: Switch, people: dict[str, Assignment], seed: int
) -> None:
    found = [
        event
        for event in told(switch, "local-held", people)
        if event.name in ("CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_BRIDGE")
    ]
    mixed = found * 2
    random.Random(seed).shuffle(mixed)
    for event in mixed:
        hear(switch, event)
    call = LiveCall.objects.get()
    assert {channel.uuid for channel in call.channels.all()} == {CALLER, CALLEE}
    assert (call.call_uuid, call.state, call.caller_user, call.callee_user) == (
        CALLER, "answered", people["anna"].user, people["ben"].user,
    )  # fmt: skip


def test_two_calls_that_are_bridged_are_one(switch: Switch, people: dict[str, Assignment]) -> None:
    creates = [event for event in told(switch, "outbound-then-inbound", people) if event.name == "CHANNEL_CREATE"]
    for event in creates:
        hear(switch, event)
    assert LiveCall.objects.count() == 2
    first, second = (event.get("Unique-ID") for event in (creates[0], creates[2]))
    bridge = dict(creates[0].headers) | {"Bridge-A-Unique-ID": first, "Bridge-B-Unique-ID": second}
    hear(switch, Event("CHANNEL_BRIDGE", bridge))
    call = LiveCall.objects.get()
    assert (call.call_uuid, call.channels.count(), call.state) == (first, 4, "answered")


def test_each_switch_has_its_own_calls(switch: Switch, people: dict[str, Assignment]) -> None:
    other = Switch.objects.create(name="fs2")
    [create, *_] = told(switch, "local-held", people)
    hear(switch, create)
    hear(other, create)
    assert LiveCall.objects.count() == 2
    hear(other, Event("CHANNEL_HANGUP_COMPLETE", create.headers))
    assert LiveCall.objects.get().switch == switch


def test_an_event_without_news_writes_nothing_and_one_with_some_little(switch: Switch, people: dict[str, Assignment]) -> None:
    found = told(switch, "local-held", people)
    costs: dict[str, list[int]] = {}
    for event in found:
        with CaptureQueriesContext(connection) as queries:
            hear(switch, event)
        if event.name.startswith("CHANNEL_"):
            costs.setdefault(event.name, []).append(len(queries))
    hear(switch, found[0])
    with CaptureQueriesContext(connection) as queries:
        hear(switch, found[0])
    assert [query["sql"].split()[0] for query in queries if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")] == []
    # Savepoints included; on a call's course each leg costs its making once, and what changes afterwards little.
    assert max(costs["CHANNEL_CREATE"]) <= 22
    assert max(costs["CHANNEL_HOLD"] + costs["CHANNEL_UNHOLD"] + costs["CHANNEL_PROGRESS"]) <= 8
    assert max(costs["CHANNEL_HANGUP_COMPLETE"]) <= 12


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Unique-ID": "nonsense"},
        {"Unique-ID": CALLER, "Caller-Channel-Created-Time": "1795644294697924", "variable_portal_extension_id": "9223372036854775807"},
        {"Unique-ID": CALLER, "Caller-Channel-Created-Time": "1795644294697924", "Other-Leg-Unique-ID": CALLER, "Other-Type": "originator"},
        {"username": "x" * 9999, "realm": "y" * 9999, "contact": "z" * 9999, "expires": "9" * 99, "network-ip": "1" * 99, "status": ")(" * 99},
        {"username": "1006", "realm": "pbx.example.com", "expires": "-1", "Event-Date-Timestamp": "9" * 16},
        {"Gateway": "g" * 999, "State": "s" * 999, "Ping-Status": "UP" * 99},
        {"Uptime-msec": "9" * 99, "Session-Count": "-1", "Max-Sessions": "9" * 99, "FreeSWITCH-Version": "v" * 999},
        {"Unique-ID": CALLER, "Caller-Channel-Created-Time": "1795644294697924", "Caller-Caller-ID-Name": "\x00<script>\ud800", "Hangup-Cause": "'"},
    ],
)  # fmt: skip
def test_no_event_ends_the_listener(switch: Switch, name: str, headers: dict[str, str]) -> None:
    subclass = {"Event-Subclass": name} if name.startswith("sofia::") else {}
    hear(switch, Event("CUSTOM" if subclass else name, headers | subclass))
    assert Switch.objects.get().name == "fs1"


def test_a_heartbeat_is_the_switchs_row(switch: Switch) -> None:
    [beat, *_] = (event for event in events("local-held") if event.name == "HEARTBEAT")
    hear(switch, beat)
    switch.refresh_from_db()
    assert (switch.is_up, switch.sessions, switch.max_sessions, switch.version) == (True, 2, 1000, "1.11.1-release")
    assert switch.last_heard_at == switch.listened_at
    assert switch.last_heard_at is not None
    assert switch.started_at is not None
    assert (switch.last_heard_at - switch.started_at).total_seconds() == pytest.approx(100.044)
    hear(switch, Event("SHUTDOWN", {}))
    switch.refresh_from_db()
    assert not switch.is_up


# -- phones ----------------------------------------------------------------------------------------------------------------


def registrations() -> Sequence[Event]:
    wanted = ("sofia::register", "sofia::unregister")
    return [event for event in events("phones-and-gateways") if event.get("Event-Subclass") in wanted]


def test_a_phone_from_where_and_since_when(switch: Switch, people: dict[str, Assignment]) -> None:
    came, went, again, *_ = registrations()
    hear(switch, came)
    phone = Registration.objects.get()
    assert (phone.extension, phone.place, phone.transport) == (people["sam"].extension, "127.0.0.1:24780", "UDP")
    assert phone.since == datetime(2026, 11, 25, 22, 5, 30, 957945, tzinfo=UTC)
    assert phone.expires_at - phone.since == timedelta(seconds=180)
    hear(switch, went)
    assert not Registration.objects.exists()
    hear(switch, again)
    Registration.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert [str(each) for each in phones_of(people["sam"].extension)] == ["1001@pbx.example.com from 127.0.0.1:24780"]
    assert phones_of(people["anna"].extension) == []


def test_a_phone_that_registers_again_is_there_since_the_first_time(switch: Switch, people: dict[str, Assignment]) -> None:
    came, *_ = registrations()
    hear(switch, came)
    later = dict(came.headers) | {"Event-Date-Timestamp": "1795644390000000", "update-reg": "true"}
    with CaptureQueriesContext(connection) as queries:
        hear(switch, Event("CUSTOM", later))
    phone = Registration.objects.get()
    assert phone.since == datetime(2026, 11, 25, 22, 5, 30, 957945, tzinfo=UTC)
    assert phone.expires_at == datetime(2026, 11, 25, 22, 9, 30, tzinfo=UTC)
    assert len(queries) == 1


def test_the_list_of_a_switch_brings_what_was_missed_and_knows_not_since_when(
    switch: Switch, people: dict[str, Assignment]
) -> None:
    came, *_ = registrations()
    hear(switch, came)
    other = Switch.objects.create(name="fs2")
    phones.registered(other, PhoneFacts(user="1005", domain="pbx.example.com", contact="b"), NOON)
    desk = PhoneFacts(
        user="1006", domain="pbx.example.com", contact="<sip:desk>", network_ip="::1", network_port="5060", seconds=60
    )
    soft = PhoneFacts(user="1006", domain="pbx.example.com", contact="<sip:soft>", seconds=60)
    stranger = PhoneFacts(user="x", domain="elsewhere.example", contact="c", seconds=60)
    phones.replace(switch, [desk, soft, stranger], NOON)
    phones.replace(switch, [desk, soft, stranger], NOON + timedelta(seconds=30))
    rows = Registration.objects.filter(switch=switch)
    assert {(row.contact, row.extension_id, row.since, row.since_is_known) for row in rows} == {
        ("<sip:desk>", people["anna"].extension_id, NOON, False),
        ("<sip:soft>", people["anna"].extension_id, NOON, False),
        ("c", None, NOON, False),
    }
    assert {row.expires_at for row in rows} == {NOON + timedelta(seconds=90)}
    assert rows.get(contact="<sip:desk>").place == "[::1]:5060"
    assert Registration.objects.filter(switch=other).count() == 1, "it is not the other's list"


def test_one_whose_time_is_up_is_not_there(switch: Switch, people: dict[str, Assignment]) -> None:
    now = timezone.now()
    gone = PhoneFacts(user="1006", domain="pbx.example.com", contact="a", seconds=60)
    phones.registered(switch, gone, now - timedelta(hours=1))
    assert phones_of(people["anna"].extension) == []
    assert switches_of("1006", "pbx.example.com") == []
    hear(switch, Event("HEARTBEAT", {}))
    assert not Registration.objects.exists()


def test_a_switch_that_names_no_contact_forgets_all_of_the_extension(switch: Switch) -> None:
    for contact in ("a", "b"):
        phones.registered(switch, PhoneFacts(user="1006", domain="pbx.example.com", contact=contact, seconds=60), NOON)
    phones.unregistered(switch, PhoneFacts(user="1006", domain="pbx.example.com"))
    assert not Registration.objects.exists()


# -- gateways --------------------------------------------------------------------------------------------------------------


def test_a_gateway_goes_down_and_comes_up_and_that_is_kept(switch: Switch) -> None:
    known = Gateway.objects.get(name="carrier")
    gateways.replace(switch, [GatewayFacts("carrier", "NOREG", "UP"), GatewayFacts("own", "REGED", "UP")], NOON)
    assert not GatewayChange.objects.exists(), "that it is up is no news"
    for event in events("phones-and-gateways"):
        hear(switch, event)
    status = GatewayStatus.objects.get(name="carrier")
    assert (status.gateway, status.is_up, status.since) == (known, True, datetime(2026, 11, 25, 22, 21, 40, 797932, tzinfo=UTC))
    assert [str(change) for change in GatewayChange.objects.all()] == ["carrier on fs1 came up", "carrier on fs1 went down"]


def test_its_state_alone_is_no_change(switch: Switch) -> None:
    for state in ("TRYING", "REGED", "REGED"):
        gateways.take(switch, GatewayFacts("own", state, "UP"), NOON)
    status = GatewayStatus.objects.get()
    assert (status.state, status.since, status.gateway) == ("REGED", NOON, None)
    assert not GatewayChange.objects.exists()


def test_one_that_the_switch_does_not_have_any_more_is_forgotten(switch: Switch) -> None:
    gateways.replace(switch, [GatewayFacts("a", "NOREG", "UP"), GatewayFacts("b", "FAIL_WAIT", "DOWN")], NOON)
    gateways.replace(switch, [GatewayFacts("b", "FAIL_WAIT", "DOWN")], NOON + timedelta(hours=1))
    assert (GatewayStatus.objects.get().name, GatewayStatus.objects.get().since) == ("b", NOON)
    assert [str(change) for change in GatewayChange.objects.all()] == ["b on fs1 went down"], "found down, once"


def test_old_changes_are_swept(switch: Switch) -> None:
    for days in (1, 100, 200):
        GatewayChange.objects.create(switch=switch, name="a", is_up=True, at=timezone.now() - timedelta(days=days))
    before = timezone.now() - gateways.CHANGES_KEPT
    assert [gateways.sweep_changes(before, 1) for _ in range(3)] == [1, 1, 0]
    assert GatewayChange.objects.count() == 1
