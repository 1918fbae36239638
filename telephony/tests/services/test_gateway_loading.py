"""The switches take a gateway as it is now, and what they could not be told is said."""

from typing import Any

import pytest
from django.conf import settings as django_settings

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
        monkeypatch.setattr(switch.exchange.trunks, "kill", lambda name: None)
        (at_it,) = load(["carrier"])
        assert "has not let go of carrier yet" in at_it.problem
        assert "rescan" not in str(told(switch.commands))


@pytest.mark.parametrize("name", ["", "a b", "a\nexit", "$${x}", "_all_", "a;b", "ä", "x" * 65, None, 7])
def test_no_other_name_makes_a_command(name: Any) -> None:
    with pytest.raises(UnsafeCommandError):
        KillGateway(name)


def test_the_commands() -> None:
    assert KillGateway("carrier-2.eu").text == "sofia profile external killgw carrier-2.eu"
    assert RescanGateways().text == "sofia profile external rescan"
