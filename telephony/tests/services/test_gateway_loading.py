"""The switches take a gateway as it is now, and what they could not be told is said."""

from typing import Any

import pytest
from django.conf import settings as django_settings

from demo.switch.commands import _PROFILE_ANSWERS
from demo.switch.portal import Portal
from telephony.models import Domain, Gateway, GatewayStatus
from telephony.services.gateway_loading import load
from telephony.switch.errors import UnsafeCommandError
from telephony.switch.esl import SwitchAddress
from telephony.switch.gateway_commands import KillGateway, RescanGateways
from telephony.tests.simulated_switch import simulated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portal(live_server: Any, settings: Any) -> Portal:
    settings.PUBLIC_URL = live_server.url
    return Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)


def told(commands: list[str]) -> list[str]:
    """What of the gateways a switch was told, without what it was asked."""
    return [text.removeprefix("api ") for text in commands if "killgw" in text or "rescan" in text or "reloadacl" in text]


def test_a_new_gateway_is_loaded_and_seen_at_once(settings: Any, domain: Domain, portal: Portal) -> None:
    Gateway.objects.create(name="backup", domain=domain, proxy="192.0.2.7")
    with simulated(settings, portal=portal) as switch:
        assert [each.problem for each in load(["backup"])] == [""]
        assert told(switch.commands) == ["sofia profile external rescan", "reloadacl"]
    assert {status.name: status.is_up for status in GatewayStatus.objects.all()} == {"backup": True, "carrier": True}
    assert GatewayStatus.objects.get(name="backup").gateway == Gateway.objects.get(name="backup")


def test_one_that_it_has_is_forgotten_first(settings: Any, domain: Domain, portal: Portal) -> None:
    with simulated(settings, portal=portal) as switch:
        assert [each.problem for each in load(["carrier"])] == [""]
        assert told(switch.commands) == [
            "sofia profile external killgw carrier", "sofia profile external rescan", "reloadacl",
        ]  # fmt: skip
        assert switch.exchange.trunks.names() == ["carrier"]


def test_one_that_is_out_of_use_is_not_there_any_more(settings: Any, domain: Domain, portal: Portal) -> None:
    Gateway.objects.filter(name="carrier").update(is_active=False)
    with simulated(settings, portal=portal) as switch:
        assert [each.problem for each in load(["carrier"])] == [""]
        assert switch.exchange.trunks.names() == []
    assert not GatewayStatus.objects.exists()


def test_a_switch_that_is_away_is_named(settings: Any, domain: Domain) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    (at_it,) = load(["carrier"])
    assert at_it.switch == "127.0.0.1:1"
    assert at_it.problem
    settings.FREESWITCH_ESL = None
    assert load(["carrier"]) == []


def test_a_switch_that_does_not_let_go_is_not_told_to_take_it(settings: Any, domain: Domain, monkeypatch: Any) -> None:
    monkeypatch.setattr("telephony.services.gateway_loading.ALL_SECONDS", 0.3)
    with simulated(settings) as switch:
        monkeypatch.setattr(switch.exchange.trunks, "kill", lambda name: True)
        (at_it,) = load(["carrier"])
        assert "has not let go of carrier yet" in at_it.problem
        assert "rescan" not in str(told(switch.commands))


def test_one_that_was_killed_a_moment_ago_is_loaded_all_the_same(
    settings: Any, domain: Domain, portal: Portal, monkeypatch: Any
) -> None:
    """The switch lists it until its thread has seen to it, and says already that there is no such gateway."""
    with simulated(settings, portal=portal) as switch:
        kill = switch.exchange.trunks.kill
        monkeypatch.setattr(switch.exchange.trunks, "kill", lambda name: kill(name) and False)
        assert [each.problem for each in load(["carrier"])] == [""]
        assert told(switch.commands)[-2:] == ["sofia profile external rescan", "reloadacl"]
        assert switch.exchange.trunks.names() == ["carrier"]


def test_one_that_somebody_else_has_loaded_meanwhile_is_killed_again(
    settings: Any, domain: Domain, portal: Portal, monkeypatch: Any
) -> None:
    """Two people change it at a time: what the switch has in the end is what it was changed to last."""
    with simulated(settings, portal=portal) as switch:
        trunks = switch.exchange.trunks
        kill, load_again = trunks.kill, [["carrier"], []]

        def killed(name: str) -> bool:
            done = kill(name)
            trunks.load(load_again.pop(0))
            return done

        monkeypatch.setattr(trunks, "kill", killed)
        assert [each.problem for each in load(["carrier"])] == [""]
        kill_it = "sofia profile external killgw carrier"
        assert told(switch.commands) == [kill_it, kill_it, "sofia profile external rescan", "reloadacl"]


def test_one_that_it_refuses_to_forget_is_said(settings: Any, domain: Domain, monkeypatch: Any) -> None:
    monkeypatch.setitem(_PROFILE_ANSWERS, "killgw", "-ERR not now.\n")
    with simulated(settings) as switch:
        (at_it,) = load(["carrier"])
        assert "-ERR not now." in at_it.problem
        assert "rescan" not in str(told(switch.commands))


def test_one_that_it_has_not_taken_is_said(settings: Any, domain: Domain, portal: Portal, monkeypatch: Any) -> None:
    """A switch whose profile is down, or that does not reach the portal, does not say so."""
    monkeypatch.setitem(_PROFILE_ANSWERS, "rescan", "Invalid Profile [external]")
    Gateway.objects.create(name="backup", domain=domain, proxy="192.0.2.7")
    with simulated(settings, portal=portal) as switch:
        monkeypatch.setattr(switch.exchange.trunks, "load", lambda names: None)
        (at_it,) = load(["backup"])
        assert at_it.problem == (
            "It was told, and has not taken backup: see whether its profile external runs, and whether it reaches the portal."
        )
    assert {status.name for status in GatewayStatus.objects.all()} == {"carrier"}


@pytest.mark.parametrize("name", ["", "a b", "a\nexit", "$${x}", "_all_", "a;b", "ä", "x" * 65, None, 7])
def test_no_other_name_makes_a_command(name: Any) -> None:
    with pytest.raises(UnsafeCommandError):
        KillGateway(name)


def test_the_commands() -> None:
    assert KillGateway("carrier-2.eu").text == "sofia profile external killgw carrier-2.eu"
    assert RescanGateways().text == "sofia profile external rescan"
