"""`call-link` where it must not dial: through a trunk out of use, past what one may have at once, by a command that cannot be made."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.switch.simulator import SimulatedSwitch
from telephony.models import CallLink, Domain, Gateway
from telephony.tests.simulated_switch import originate_of, simulated

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-link"
ALIVE = "telephony.services.call_links.dialling.is_alive"


@pytest.fixture
def switch(settings: Any) -> Iterator[SimulatedSwitch]:
    """A switch that answers at once, to which the portal is led."""
    with simulated(settings) as switch:
        yield switch


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    person = make_person("anna")
    hold(person, "1006", "17036879447")
    hold(make_person("ben"), "1005", "17036879448")
    return key_of(person)


def place(client: Client, key: dict[str, str], source: str, destination: str) -> HttpResponse:
    body = {"source_number": source, "destination_number": destination}
    return client.post(PATH, body, content_type="application/json", headers=key)


def refused(response: HttpResponse, switch: SimulatedSwitch) -> bool:
    assert (response.status_code, response.json()["code"]) == (503, "switch_unavailable")
    return not any("originate" in command for command in switch.commands)


@pytest.mark.parametrize("numbers", [("2762087784", "1005"), ("1006", "2403019517"), ("2762087784", "2403019517")])
def test_nothing_goes_through_a_trunk_out_of_use(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], numbers: tuple[str, str]
) -> None:
    Gateway.objects.update(is_active=False)
    assert refused(place(client, anna, *numbers), switch)
    assert not CallLink.objects.exists()


@pytest.mark.parametrize("numbers", [("1006", "1005"), ("17036879447", "17036879448")])
def test_who_is_inside_needs_no_trunk(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], numbers: tuple[str, str]
) -> None:
    Gateway.objects.update(is_active=False)
    assert place(client, anna, *numbers).status_code == 202
    assert "gateway" not in originate_of(switch)


def test_the_next_trunk_is_taken_and_that_of_another_domain_is_not(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], domain: Domain
) -> None:
    Gateway.objects.update(is_active=False)
    Gateway.objects.create(name="foreign", domain=Domain.objects.create(name="other.example.com"))
    assert refused(place(client, anna, "1006", "2403019517"), switch)
    Gateway.objects.create(name="second", domain=domain)
    assert place(client, anna, "2403019517", "1006").status_code == 202
    assert "}sofia/gateway/second/12403019517 link" in originate_of(switch)


def test_a_call_that_goes_on_counts_though_no_event_told_of_it(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str]
) -> None:
    for last in range(2):
        assert place(client, anna, "2762087784", f"240301951{last}").status_code == 202
    long_ago = timezone.now() - timedelta(minutes=10)
    past = {
        "status": "source_answered",
        "ended_at": None,
        "created_at": long_ago,
        "expires_at": long_ago + timedelta(seconds=75),
    }
    CallLink.objects.update(**past)
    with mock.patch(ALIVE, return_value=True):
        third = place(client, anna, "2762087784", "2403019515")
    assert (third.status_code, third.json()["code"]) == (429, "call_limit_reached")
    assert CallLink.objects.open().filter(expires_at__gt=timezone.now()).count() == 2
    CallLink.objects.update(**past)
    with mock.patch(ALIVE, return_value=False):
        assert place(client, anna, "2762087784", "2403019515").status_code == 202
    assert CallLink.objects.filter(status="expired").count() == 2


def test_a_command_that_cannot_be_made_leaves_no_link_behind(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with mock.patch("telephony.services.call_links.dialling.RING_SECONDS", 0):
        assert refused(place(client, anna, "1006", "2403019517"), switch)
    link = CallLink.objects.get()
    assert (link.status, link.sent_at, link.is_open) == ("failed", None, False)
    assert "cannot be put into a command: The time to ring must be" in caplog.text


def test_what_rang_nobody_is_not_counted(client: Client, anna: dict[str, str], settings: Any) -> None:
    settings.FREESWITCH_ESL, settings.CALL_LINKS_AN_HOUR = None, 1
    assert [place(client, anna, "1006", "2403019517").status_code for _ in range(3)] == [503] * 3
    with simulated(settings):
        assert place(client, anna, "1006", "2403019517").status_code == 202
        assert place(client, anna, "1006", "2403019518").status_code == 429
