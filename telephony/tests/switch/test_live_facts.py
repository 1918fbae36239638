"""What events and lists say of legs, phones and gateways: as a real switch wrote them, and as somebody hostile might."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from telephony.switch import live_commands
from telephony.switch.errors import SwitchError, UnsafeCommandError
from telephony.switch.live_commands import DumpChannel, ShowGateways, ShowPhones, dumped, gateways, load_of, phones
from telephony.switch.live_facts import GatewayFacts, gateway_of, leg_of, phone_of
from telephony.tests.captures import DATA
from telephony.tests.live_captures import events, text

CALLER, CALLEE = "43c6d1ad-9495-4168-90fb-c53c48647ed9", "11f80b42-3d6d-4240-adcf-e109e9bba03b"


def test_the_legs_of_a_real_call() -> None:
    first, second, *_ = (leg_of(event.headers) for event in events("local-held") if event.name == "CHANNEL_CREATE")
    assert first is not None
    assert second is not None
    assert (first.uuid, first.originator_uuid, first.relatives) == (CALLER, "", frozenset())
    assert (first.user, first.user_domain, first.portal_extension_id) == ("1006", "pbx.example.com", 1)
    assert (first.caller_number, first.caller_name, first.destination) == ("1006", "", "1005")
    assert first.started_at == datetime(2026, 11, 25, 22, 4, 54, 697924, tzinfo=UTC)
    assert (first.answered_at, first.bridged_at, first.held_at) == (None, None, None)
    assert (second.uuid, second.originator_uuid, second.relatives) == (CALLEE, CALLER, frozenset({CALLER}))
    # Not the phone's contact, which means nothing to people.
    assert (second.user, second.destination, second.gateway) == ("1005", "1005", "")


def test_hold_and_its_end() -> None:
    states = [(event.name, leg_of(event.headers)) for event in events("local-held")]
    held = [leg.held_at is not None for name, leg in states if leg and name in ("CHANNEL_HOLD", "CHANNEL_UNHOLD")]
    assert held == [True, False, True, False]
    dump = leg_of(dumped(text("uuid-dump-a.json")))
    assert dump is not None
    assert (dump.uuid, dump.relatives, dump.bridged_at is not None) == (CALLER, frozenset({CALLEE}), True)
    other = leg_of(dumped(text("uuid-dump-b.json")))
    assert other is not None
    assert (other.uuid, other.originator_uuid) == (CALLEE, CALLER)


def test_a_call_outside_and_one_from_there() -> None:
    legs = [
        leg for event in events("outbound-then-inbound") if event.name == "CHANNEL_CREATE" and (leg := leg_of(event.headers))
    ]
    assert [(leg.direction, leg.context, leg.gateway, leg.user, leg.destination) for leg in legs] == [
        ("inbound", "internal", "", "1006", "2403019517"),
        ("outbound", "internal", "carrier", "", "12403019517"),
        ("inbound", "public", "", "", "17036879448"),
        ("outbound", "public", "", "1005", "1005"),
    ]


def test_what_a_caller_claims_is_no_proof() -> None:
    [headers, *_] = (
        dict(event.headers) for event in events("outbound-then-inbound") if event.get("Caller-Context") == "public"
    )
    forged = headers | {
        "Channel-Presence-ID": "1006@pbx.example.com",
        "variable_sip_from_user": "1006",
        "Caller-Username": "1006",
    }
    leg = leg_of(forged)
    assert leg is not None
    assert (leg.user, leg.user_domain) == ("", "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Unique-ID": CALLER},
        {"Unique-ID": "x" * 36, "Caller-Channel-Created-Time": "1795644294697924"},
        {"Unique-ID": CALLER.upper(), "Caller-Channel-Created-Time": "1795644294697924"},
        {"Unique-ID": f"{CALLER}\n", "Caller-Channel-Created-Time": "nan"},
        {"Unique-ID": CALLER, "Caller-Channel-Created-Time": "١٧٩٥٦٤٤٢٩٤٦٩٧٩٢٤"},
        {"Unique-ID": CALLER, "Caller-Channel-Created-Time": "9" * 40},
    ],
)
def test_an_event_of_no_leg_is_none(headers: dict[str, str]) -> None:
    assert leg_of(headers) is None


def test_whatever_a_caller_writes_is_one_line_that_can_be_stored() -> None:
    headers = dict(events("local-held")[0].headers) | {
        "Caller-Caller-ID-Name": "<b>\n\x00\u202e" + "x" * 1000, "Caller-Destination-Number": "9" * 5000,
        "variable_portal_extension_id": "9" * 5000, "variable_portal_call_link": "-1", "Other-Leg-Unique-ID": "${system id}",
        "Caller-Channel-Answered-Time": "9" * 30,
    }  # fmt: skip
    leg = leg_of(headers)
    assert leg is not None
    assert "\n" not in leg.caller_name
    assert "\x00" not in leg.caller_name
    assert (len(leg.caller_name), len(leg.destination)) == (128, 255)
    assert (leg.portal_extension_id, leg.portal_call_link, leg.relatives, leg.answered_at) == (None, None, frozenset(), None)


def test_phones_as_they_come_and_go() -> None:
    told = [event for event in events("phones-and-gateways") if event.get("Event-Subclass") != "sofia::gateway_state"]
    assert {event.get("Event-Subclass") for event in told} == {
        "sofia::register",
        "sofia::unregister",
        "sofia::register_failure",
    }
    came, went = (
        next(phone_of(each.headers) for each in told if each.get("Event-Subclass") == f"sofia::{what}")
        for what in ("register", "unregister")
    )
    assert came is not None
    assert went is not None
    assert (came.user, came.domain, came.network_ip, came.network_port) == ("1001", "pbx.example.com", "127.0.0.1", "24780")
    assert (came.agent, came.status, came.seconds) == ("baresip v1.0.0 (x86_64/linux)", "Registered(UDP)", 180)
    assert (went.user, went.domain, went.contact) == (came.user, came.domain, came.contact)
    # As the switch forgets one by itself: other headers. Source: sofia_reg.c.
    expired = phone_of({"user": "1001", "host": "pbx.example.com", "contact": came.contact, "expires": "10"})
    assert expired is not None
    assert (expired.user, expired.domain, expired.contact) == (came.user, came.domain, came.contact)
    for nameless in ({}, {"username": "1001"}, {"realm": "pbx.example.com"}, {"username": "\n", "realm": "\x00"}):
        assert phone_of(nameless) is None


def test_gateways_as_they_go_and_come() -> None:
    told = [gateway_of(event.headers) for event in events("phones-and-gateways") if event.get("Gateway")]
    assert told == [GatewayFacts("carrier", "NOREG", "DOWN"), GatewayFacts("carrier", "NOREG", "UP")]
    assert [gateway.is_up for gateway in told if gateway] == [False, True]
    assert gateway_of({"Gateway": "\n"}) is None


# -- lists -----------------------------------------------------------------------------------------------------------------


def test_the_list_of_phones() -> None:
    listed = phones((DATA / "event-socket" / "sofia-xmlstatus-reg.xml").read_text())
    assert [(phone.user, phone.domain, phone.network_port, phone.status, phone.seconds) for phone in listed] == [
        ("1005", "pbx.example.com", "5185", "Registered(UDP)", 169),
        ("1006", "pbx.example.com", "5176", "Registered(UDP)", 169),
    ]
    # As an event has it, so that the same phone is the same row.
    assert listed[0].contact == '"" <sip:1005-0x55b1abc2b680@127.0.0.1:5185>'


def test_an_agent_that_is_no_xml_costs_nobody_else() -> None:
    reply = (DATA / "event-socket" / "sofia-xmlstatus-reg.xml").read_text()
    hostile = reply.replace("baresip v1.0.0 (x86_64/linux)</agent>", "</agent><user>1005@evil</user>&lol;<x \x00</agent>", 1)
    assert [phone.user for phone in phones(hostile)] == ["1005", "1006"]
    assert [phone.domain for phone in phones(hostile)] == ["pbx.example.com"] * 2


def test_the_list_of_gateways() -> None:
    assert gateways(text("sofia-xmlstatus-gateway.xml")) == [GatewayFacts("carrier", "NOREG", "UP")]


@pytest.mark.parametrize("read", [phones, gateways])
@pytest.mark.parametrize("reply", ["", "Invalid Profile!\n", "-ERR x", "{}"])
def test_what_is_no_list_is_refused(read: object, reply: str) -> None:
    assert callable(read)
    with pytest.raises(SwitchError):
        read(reply)


@pytest.mark.parametrize("reply", ["", "nonsense", "[1]", "[" * 100_000])
def test_what_is_no_leg_is_refused(reply: str) -> None:
    with pytest.raises(SwitchError):
        dumped(reply)


def test_the_load_of_a_switch() -> None:
    load = load_of((DATA / "event-socket" / "status.txt").read_text())
    assert (load.up_seconds, load.version, load.sessions, load.max_sessions) == (380, "1.11.1-release", 2, 1000)
    assert load_of("nonsense").up_seconds is None


def test_the_commands() -> None:
    assert ShowPhones().text == "sofia xmlstatus profile internal reg"
    assert ShowGateways().text == "sofia xmlstatus gateway"
    assert DumpChannel(UUID(CALLER)).text == f"uuid_dump {CALLER} json"
    with pytest.raises(UnsafeCommandError):
        DumpChannel(f"{CALLER} json\napi system id")  # type: ignore[arg-type]
    public = {name: value for name, value in vars(live_commands).items() if name.isupper() and not name.startswith("_")}
    grammars = {value for value in public.values() if hasattr(value, "fullmatch")}
    assert grammars == {each.grammar for each in (ShowPhones, ShowGateways, DumpChannel)}
