"""Commands about who may use the switch: one line each, of fitting values only; and their replies, whatever phones put into them."""

import json
from typing import Any
from uuid import UUID

import pytest

from telephony.switch.access_commands import (
    CheckAcl,
    Extension,
    FlushRegistrations,
    FlushUser,
    ReloadAcl,
    ShowPhonesOf,
    live_leg,
    place_of,
)
from telephony.switch.errors import UnsafeCommandError
from telephony.switch.live_commands import dumped, phones
from telephony.switch.live_facts import PhoneFacts

LEG = UUID("11111111-2222-4333-8444-55555555555a")
ANNA = Extension("1006", "pbx.example.com")
# As FreeSWITCH 1.11.1 answered `sofia xmlstatus profile internal user 1006@pbx.example.com`.
REPLY = """<?xml version="1.0" encoding="ISO-8859-1"?>
<profile>
  <registrations>
    <registration>
        <call-id>0e11878f720bd4f4</call-id>
        <user>1006@pbx.example.com</user>
        <contact>&quot;&quot; &lt;sip:1006-0x55d26404d3d0@127.0.0.1:25106&gt;</contact>
        <agent>baresip v1.0.0 (x86_64/linux)</agent>
        <status>Registered(UDP)(unknown) exp(2026-11-25 21:53:51) expsecs(103)</status>
        <ping-status>Reachable</ping-status>
        <ping-time>0.00</ping-time>
        <host>fs1</host>
        <network-ip>127.0.0.1</network-ip>
        <network-port>25106</network-port>
        <sip-auth-user>1006</sip-auth-user>
        <sip-auth-realm>pbx.example.com</sip-auth-realm>
        <mwi-account>1006@pbx.example.com</mwi-account>
    </registration>
  </registrations>
</profile>
"""
NOBODY = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<profile>\n  <registrations>\n  </registrations>\n</profile>\n'

TEXTS = [
    (FlushUser(ANNA), "xml_flush_cache id 1006 pbx.example.com"),
    (FlushRegistrations(ANNA), "sofia profile internal flush_inbound_reg 1006@pbx.example.com"),
    (ShowPhonesOf(ANNA), "sofia xmlstatus profile internal user 1006@pbx.example.com"),
    (ReloadAcl(), "reloadacl"),
    (CheckAcl("203.0.113.9"), "acl 203.0.113.9 phones"),
    (CheckAcl("2001:DB8::0:1"), "acl 2001:db8::1 phones"),
]


@pytest.mark.parametrize(("command", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_each_is_one_fixed_line(command: Any, text: str) -> None:
    assert command.text == text
    assert command.grammar.fullmatch(text)


HOSTILE = [
    "1006 x", "1006\n", "1006\r\nuuid_kill", "", "1", "12345678", "${system id}", "$${x}", "1006;x", "١٠٠٦", "1006@x", "*", "%",
    "1006 pbx.example.com\n\napi shutdown", "100\x006", None, 1006, b"1006",
]  # fmt: skip


@pytest.mark.parametrize("number", HOSTILE, ids=repr)
def test_no_hostile_extension_becomes_a_command(number: Any) -> None:
    with pytest.raises(UnsafeCommandError):
        Extension(number, "pbx.example.com")


@pytest.mark.parametrize(
    "domain", ["", "a b", "a\n", "A.example", "-a", "a-", "${x}", "a;b", "a@b", "x" * 254, None, "ä.example"]
)
def test_no_hostile_domain_becomes_a_command(domain: Any) -> None:
    with pytest.raises(UnsafeCommandError):
        Extension("1006", domain)


@pytest.mark.parametrize("kind", [FlushUser, FlushRegistrations, ShowPhonesOf])
@pytest.mark.parametrize("extension", ["1006@pbx.example.com", None, ("1006", "a")])
def test_a_text_is_no_extension(kind: Any, extension: Any) -> None:
    with pytest.raises(UnsafeCommandError):
        kind(extension)


def test_one_forced_open_is_looked_at_again() -> None:
    extension = Extension("1006", "pbx.example.com")
    object.__setattr__(extension, "number", "1006 x")
    for kind in (FlushUser, FlushRegistrations, ShowPhonesOf):
        with pytest.raises(UnsafeCommandError):
            kind(extension)


@pytest.mark.parametrize("address", ["", "1.2.3.4 x", "1.2.3.4\n", "1.2.3.4/8", "fe80::1%eth0", "host", "${x}", None, 7.5])
def test_only_an_address_is_looked_up(address: Any) -> None:
    with pytest.raises(UnsafeCommandError):
        CheckAcl(address)


# -- who is registered ------------------------------------------------------------------------------------------------------


def test_who_is_registered_from_where() -> None:
    (phone,) = phones(REPLY)
    assert (phone.agent, phone.seconds) == ("baresip v1.0.0 (x86_64/linux)", 103)
    assert place_of(phone) == "127.0.0.1:25106"
    assert phones(NOBODY) == []


def test_a_place_is_written_so_that_its_port_can_be_told() -> None:
    assert place_of(PhoneFacts(user="1006", domain="a", network_ip="2001:db8::1", network_port="5060")) == "[2001:db8::1]:5060"
    assert place_of(PhoneFacts(user="1006", domain="a", network_ip="192.0.2.1")) == "192.0.2.1"


@pytest.mark.parametrize("agent", ["x\x01\x00y", "a & b", "\xff", "<b>", "]]>", "$${x}", "x" * 5000])
def test_whatever_a_phone_calls_itself_it_is_counted(agent: str) -> None:
    (phone,) = phones(REPLY.replace("baresip v1.0.0 (x86_64/linux)", agent))
    assert phone.network_ip == "127.0.0.1"
    assert phone.agent.isprintable()


# -- whose leg it is --------------------------------------------------------------------------------------------------------


def dump(direction: str = "inbound", **variables: str) -> str:
    return json.dumps({"Unique-ID": str(LEG), "Call-Direction": direction} | {f"variable_{k}": v for k, v in variables.items()})


PROVED = {"user_name": "1006", "domain_name": "pbx.example.com"}
OURS = [
    ("inbound", PROVED),
    ("inbound", {"user_name": "1006", "domain_name": "PBX.example.com"}),
    ("inbound", {"portal_extension_id": "7"}),
    ("outbound", {"portal_extension_id": "7"}),
    ("outbound", {"presence_id": "1006@pbx.example.com"}),
]
NOT_OURS = [
    ("inbound", {}),
    # What it dials is no part of who it is.
    (
        "inbound",
        {"user_name": "1007", "domain_name": "pbx.example.com", "dialed_user": "1006", "dialed_domain": "pbx.example.com"},
    ),
    # What it claims in From is nobody's proof.
    ("inbound", {"sip_from_user": "1006", "sip_from_host": "pbx.example.com", "presence_id": "1006@pbx.example.com"}),
    ("inbound", PROVED | {"domain_name": "other.example.com"}),
    ("inbound", {"user_name": "11006", "domain_name": "pbx.example.com"}),
    ("outbound", PROVED),
    ("outbound", {"presence_id": "1006@pbx.example.com.evil"}),
    ("outbound", {"portal_extension_id": "77"}),
    ("outbound", {"portal_extension_id": ""}),
]


@pytest.mark.parametrize(("direction", "variables"), OURS)
def test_a_leg_of_the_extension(direction: str, variables: dict[str, str]) -> None:
    assert live_leg(LEG, dumped(dump(direction, **variables))).is_of(ANNA, 7)


@pytest.mark.parametrize(("direction", "variables"), NOT_OURS)
def test_a_leg_of_somebody_else(direction: str, variables: dict[str, str]) -> None:
    assert not live_leg(LEG, dumped(dump(direction, **variables))).is_of(ANNA, 7)


def test_odd_values_of_a_leg_are_passed_over() -> None:
    reply = (
        '{"Unique-ID":"u","Call-Direction":"inbound","variable_mos":NaN,"variable_x":[1],"variable_y":"a\nb","variable_z":7}'
    )
    assert live_leg(LEG, dumped(reply)).variables == {"mos": "NaN", "y": "a\nb", "z": "7"}
