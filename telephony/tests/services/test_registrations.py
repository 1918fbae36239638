"""Failed registrations: counted by address, banned where there are too many, refused by the directory and on the list of the switch."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, User
from demo.switch import commands
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Assignment, BannedAddress, Domain, FailedRegistration, Gateway
from telephony.services import bans, registrations
from telephony.services.call_links import listening
from telephony.services.credentials import renew_password
from telephony.switch.esl import Event, SwitchAddress
from telephony.tests.listener import listener, until

FROM = "203.0.113.9"


@pytest.fixture(autouse=True)
def limits(settings: Any) -> Iterator[None]:
    settings.BAN_AFTER_FAILURES, settings.BAN_WINDOW_MINUTES, settings.BAN_MINUTES = 3, 5, 60
    with mock.patch.object(registrations, "_paused", registrations._Paused()):
        yield


def failure(address: str = FROM, user: str = "1006", **more: str) -> Event:
    headers = {
        "Event-Subclass": "sofia::register_failure", "network-ip": address, "network-port": "5060", "to-user": user,
        "to-host": "pbx.example.com", "user-agent": "friendly-scanner", "registration-type": "REGISTER",
    }  # fmt: skip
    return Event("CUSTOM", headers | more)


pytestmark = pytest.mark.django_db


# -- counting -----------------------------------------------------------------------------------------------------------------


def test_failures_are_counted_by_address_and_one_too_many_is_banned() -> None:
    assert registrations.failed(failure()) is None
    assert registrations.failed(failure(user="1007")) is None
    assert registrations.failed(failure("203.0.113.10")) is None
    banned = registrations.failed(failure(user="1008"))
    assert banned is not None
    assert (banned.address, banned.failures, banned.last_user, banned.banned_by) == (FROM, 3, "1008", None)
    assert banned.reason == "3 wrong proofs within 5 minutes"
    assert banned.until is not None
    assert abs(banned.until - timezone.now() - timedelta(minutes=60)) < timedelta(minutes=1)
    counts = {row.address: (row.total, row.in_span, row.last_user) for row in FailedRegistration.objects.all()}
    assert counts == {FROM: (3, 3, "1008"), "203.0.113.10": (1, 1, "1006")}
    entry = AuditEntry.objects.get(action="ban.added")
    assert (entry.actor, entry.actor_label, entry.target_label) == (None, "portal", FROM)
    assert bans.is_banned(FROM)
    assert not bans.is_banned("203.0.113.10")


def test_what_is_spread_over_a_longer_time_is_not_too_much() -> None:
    for _ in range(5):
        registrations.failed(failure())
        registrations.failed(failure())
        FailedRegistration.objects.update(span_began_at=timezone.now() - timedelta(minutes=6))
    assert FailedRegistration.objects.get().total == 10
    assert not BannedAddress.objects.exists()


def test_of_who_is_banned_already_little_is_written() -> None:
    for _ in range(3):
        registrations.failed(failure())
    with mock.patch.object(registrations, "_count", wraps=registrations._count) as count:
        for _ in range(500):
            assert registrations.failed(failure()) is None
        assert count.call_count <= 5
    assert BannedAddress.objects.count() == 1
    with mock.patch.object(registrations.time, "monotonic", return_value=1e12):
        registrations.failed(failure())
    assert FailedRegistration.objects.get().total > 400, "what was passed over is counted with the next"


def test_a_ban_that_is_over_begins_anew() -> None:
    for _ in range(3):
        registrations.failed(failure())
    BannedAddress.objects.update(until=timezone.now())
    assert not bans.is_banned(FROM)
    with mock.patch.object(registrations.time, "monotonic", return_value=1e12):
        assert registrations.failed(failure()) is not None
    assert bans.is_banned(FROM)
    assert BannedAddress.objects.count() == 1


def test_neighbours_in_one_network_of_ipv6_are_one_party() -> None:
    for last in range(1, 4):
        registrations.failed(failure(f"2001:db8:1:2::{last}"))
    assert BannedAddress.objects.get().address == "2001:db8:1:2::/64"
    assert bans.is_banned("2001:db8:1:2:ffff::1")
    assert not bans.is_banned("2001:db8:1:3::1")


def test_an_address_of_ipv4_is_the_same_however_it_is_written() -> None:
    registrations.failed(failure("::ffff:203.0.113.9"))
    assert FailedRegistration.objects.get().address == FROM
    bans.ban(FROM, until=None, reason="")
    assert bans.is_banned("::ffff:203.0.113.9")


HOSTILE = ["", "x", "203.0.113.9/8 x", "203.0.113.9\n", "203.0.113.9;x", "${system id}", "999.1.1.1", "-", "\x00"]


@pytest.mark.parametrize("address", [*HOSTILE[:3], *HOSTILE[4:]])
def test_what_is_no_address_is_nobodys(address: str) -> None:
    assert registrations.failed(failure(address)) is None
    assert not FailedRegistration.objects.exists()
    assert not bans.is_banned(address)


@pytest.mark.parametrize("user", ["10$06", "a\n\napi shutdown", "\x00\x07", "x" * 5000, "<script>", "🙂", "1006 x"])
def test_whatever_a_phone_calls_itself_is_text_of_some_length(user: str) -> None:
    registrations.failed(failure(user=user, **{"user-agent": user}))
    row = FailedRegistration.objects.get()
    assert row.last_user.isprintable()
    assert len(row.last_user) <= 64
    assert len(row.last_agent) <= 100


@pytest.mark.parametrize(
    "event",
    [
        Event("CUSTOM", {"Event-Subclass": "sofia::register"}),
        Event("CUSTOM", {"Event-Subclass": "sofia::register_attempt"}),
        Event("CHANNEL_CREATE", {"Event-Subclass": "sofia::register_failure"}),
        Event("CUSTOM", {}),
    ],
)
def test_other_events_are_no_failures(event: Event) -> None:
    assert not registrations.is_failure(event)
    assert registrations.is_failure(failure())


@pytest.mark.django_db(transaction=True)
def test_two_listeners_count_together() -> None:
    barrier = threading.Barrier(4)

    def hear() -> None:
        try:
            barrier.wait(10)
            registrations.failed(failure())
        finally:
            connection.close()

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert FailedRegistration.objects.get().total == 4
    assert BannedAddress.objects.count() == 1


# -- who is never banned ------------------------------------------------------------------------------------------------------


def test_some_are_never_banned(settings: Any, domain: Domain) -> None:
    settings.BAN_NEVER_CIDRS = [ip_network("198.51.100.0/24")]
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.1/32")]
    settings.FREESWITCH_ALLOWED_CIDRS = [ip_network("192.0.2.2/32"), ip_network("2001:db8::/32")]
    Gateway.objects.update_or_create(name="carrier", defaults={"domain": domain, "networks": "203.0.113.64/26"})
    for address, why in (
        ("198.51.100.7", "BAN_NEVER_CIDRS"), ("192.0.2.1", "TRUSTED_PROXIES"), ("192.0.2.2", "FREESWITCH_ALLOWED_CIDRS"),
        ("2001:db8:5::1", "FREESWITCH_ALLOWED_CIDRS"), ("203.0.113.70", "carrier"), ("203.0.113.0/24", "carrier"),
    ):  # fmt: skip
        with pytest.raises(bans.NotBannableError, match=why):
            bans.ban(address, until=None, reason="")
    for _ in range(10):
        assert registrations.failed(failure("203.0.113.70")) is None
    assert not BannedAddress.objects.exists()
    assert FailedRegistration.objects.get().total >= 3, "it is counted all the same"


def test_by_default_this_machine_is_spared() -> None:
    assert ip_network("127.0.0.0/8") in django_settings.BAN_NEVER_CIDRS
    with pytest.raises(bans.NotBannableError):
        bans.ban("127.0.0.1", until=None, reason="")


def test_banning_again_moves_the_end(make_person: Callable[..., User]) -> None:
    first = bans.ban(FROM, until=None, reason="by hand", actor=make_person("sam"))
    again = bans.ban(FROM, until=bans.lasting(5), reason="again")
    assert first.pk == again.pk
    assert (again.reason, again.banned_by) == ("again", None)
    assert bans.lift(again)
    assert not bans.lift(again)
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["ban.added", "ban.added", "ban.lifted"]


# -- what the switch is told --------------------------------------------------------------------------------------------------


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    return hold(make_person("anna"), "1006", "17036879446")


def test_the_directory_refuses_who_is_banned_whatever_he_proves(ask: Callable, anna: Assignment, settings: Any) -> None:
    renew_password(anna.extension, actor=None)

    def answer(address: str, user: str = "1006") -> str:
        return ask(action="sip_auth", user=user, domain="pbx.example.com", ip=address).content.decode()

    assert "sip-forbid-register" not in answer(FROM)
    bans.ban("203.0.113.0/24", until=None, reason="")
    refused = answer(FROM)
    assert 'name="sip-forbid-register" value="true"' in refused
    assert refused != answer(FROM), "the hash is another one each time"
    assert "sip-forbid-register" not in answer("198.51.100.1")
    assert "sip-forbid-register" not in answer("")
    assert "sip-forbid-register" in answer("198.51.100.1", user="1099")
    # An address that a caller put where nothing is encoded counts for nothing.
    assert (
        "sip-forbid-register"
        in ask(
            action="sip_auth", user="1006", domain="pbx.example.com", ip=FROM, key_value="x&ip=198.51.100.1"
        ).content.decode()
    )


def test_who_is_banned_can_still_be_rung(ask: Callable, anna: Assignment) -> None:
    bans.ban(FROM, until=None, reason="")
    answer = ask(action="user_call", user="1006", domain="pbx.example.com", ip=FROM).content.decode()
    assert "dial-string" in answer


def test_the_list_has_who_is_banned_now(ask: Callable) -> None:
    bans.ban("2001:db8:1:2::5", until=None, reason="")
    bans.ban(FROM, until=bans.lasting(5), reason="")
    bans.ban("198.51.100.1", until=timezone.now(), reason="")
    answer = ask(section="configuration", key_value="acl.conf").content.decode()
    assert '<list name="phones" default="allow">' in answer
    assert answer.count('type="deny"') == 2
    assert '<node type="deny" cidr="203.0.113.9/32" />' in answer
    assert '<node type="deny" cidr="2001:db8:1:2::/64" />' in answer


# -- with a switch ------------------------------------------------------------------------------------------------------------


@contextmanager
def simulated(live_server: Any, settings: Any) -> Iterator[SimulatedSwitch]:
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with SimulatedSwitch(Settings(password="simulated", heartbeat=0.5, portal=portal)) as switch:
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
        yield switch


def ask_switch(switch: SimulatedSwitch, command: str) -> str:
    said: list[str] = []
    commands.run(switch.exchange, command, lambda answer, at: said.append(answer))
    return said[0]


@pytest.mark.django_db(transaction=True)
def test_who_guesses_is_banned_and_not_let_in_with_the_right_password(
    live_server: Any, settings: Any, make_person: Callable[..., User], hold: Callable[..., Assignment]
) -> None:
    held = hold(make_person("anna"), "1006")
    right = renew_password(held.extension, actor=None)
    with (
        mock.patch.object(listening, "SWEEP_EVERY_SECONDS", 0.05),
        simulated(live_server, settings) as switch,
        listener(),
    ):
        assert ask_switch(switch, f"simulator register 1006 {right} {FROM}") == "+OK 200 OK\n"
        for _ in range(3):
            assert ask_switch(switch, f"simulator register 1006 wrong {FROM}") == "-ERR 403 Forbidden\n"
        until(BannedAddress.objects.exists)
        assert ask_switch(switch, f"simulator register 1006 {right} {FROM}") == "-ERR 403 Forbidden\n"
        assert ask_switch(switch, f"simulator register 1006 {right} 198.51.100.1") == "+OK 200 OK\n"
        until(lambda: ask_switch(switch, f"acl {FROM} phones") == "false")
        assert ask_switch(switch, "acl 198.51.100.1 phones") == "true"
        bans.lift(BannedAddress.objects.get())
        until(lambda: ask_switch(switch, f"acl {FROM} phones") == "true")
        assert ask_switch(switch, f"simulator register 1006 {right} {FROM}") == "+OK 200 OK\n"
        loads = switch.exchange.access_lists.loads
        # It runs out: nobody has to do anything.
        BannedAddress.objects.create(network=f"{FROM}/32", until=timezone.now() + timedelta(seconds=0.3))
        until(lambda: switch.exchange.access_lists.loads >= loads + 2)
        assert ask_switch(switch, f"acl {FROM} phones") == "true"


@pytest.mark.django_db(transaction=True)
def test_what_is_published_is_loaded_and_a_switch_that_is_away_is_named(live_server: Any, settings: Any) -> None:
    with simulated(live_server, settings) as switch:
        assert bans.publish() == [bans.Reload(f"127.0.0.1:{switch.port}", "")]
        assert switch.exchange.access_lists.loads == 1
    ((name, problem),) = bans.publish()
    assert name == f"127.0.0.1:{switch.port}"
    assert "cannot be reached" in problem
    settings.FREESWITCH_ESL = None
    assert bans.publish() == []
