"""`call-link` sent again with its key, and while the portal only reads: nobody is rung twice, or at all."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from demo.switch.simulator import SimulatedSwitch
from telephony.models import CallLink
from telephony.tests.simulated_switch import originate_of, simulated
from web import read_only
from web.models import IdempotentRequest

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-link"
DOCUMENTED = f"{PATH}?source_number=2762087784&destination_number=2403019517"


@pytest.fixture
def switch(settings: Any) -> Iterator[SimulatedSwitch]:
    with simulated(settings) as switch:
        yield switch


@pytest.fixture
def anna(make_person: Callable, hold: Callable, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    person = make_person("anna")
    hold(person, "1006", "17036879447")
    return key_of(person)


def post(client: Client, headers: dict[str, str], destination: str = "2403019517") -> Any:
    body = {"source_number": "2762087784", "destination_number": destination}
    return client.post(PATH, body, content_type="application/json", headers=headers)


def test_a_repeat_with_its_key_dials_nobody_also_much_later(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str]
) -> None:
    once = anna | {"idempotency-key": "k"}
    first = post(client, once)
    CallLink.objects.update(created_at=timezone.now() - timedelta(hours=2))
    again = post(client, once)
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert post(client, once, "2403019518").json()["code"] == "idempotency_key_reused"
    originate_of(switch)


def test_whoever_takes_over_does_not_dial_again(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    once = anna | {"idempotency-key": "k"}
    # The server is killed when it has dialled and not yet answered.
    with monkeypatch.context() as patch:
        patch.setattr("telephony.api.call_links.CallLinkSerializer", die)
        with pytest.raises(KeyboardInterrupt):
            post(client, once)
    long_ago = timezone.now() - timedelta(minutes=2)
    CallLink.objects.update(created_at=long_ago)
    assert post(client, once).json()["code"] == "idempotency_in_progress"
    IdempotentRequest.objects.update(created_at=long_ago, lease_until=long_ago + timedelta(minutes=1))
    response = post(client, once)
    assert (response.status_code, response.json()["id"]) == (202, CallLink.objects.get().pk)
    originate_of(switch)


def test_a_limit_and_a_switch_that_is_away_are_not_kept(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], settings: Any
) -> None:
    once, there = anna | {"idempotency-key": "k"}, settings.FREESWITCH_ESL
    settings.FREESWITCH_ESL = None
    assert post(client, once).status_code == 503
    settings.FREESWITCH_ESL = there
    settings.CALL_LINKS_AN_HOUR = 0
    assert post(client, once).status_code == 429
    settings.CALL_LINKS_AN_HOUR = 9
    assert post(client, once).status_code == 202
    originate_of(switch)


def test_in_read_only_mode_nobody_is_called(client: Client, switch: SimulatedSwitch, anna: dict[str, str]) -> None:
    read_only.turn(on=True)
    for response in (client.get(DOCUMENTED, headers=anna), post(client, anna)):
        assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "read_only", "60")
    assert not CallLink.objects.exists()
    assert switch.commands == []


def test_in_read_only_mode_an_expiry_is_not_stored(client: Client, switch: SimulatedSwitch, anna: dict[str, str]) -> None:
    link = client.get(DOCUMENTED, headers=anna).json()
    switch.restart()
    long_ago = timezone.now() - timedelta(minutes=3)
    CallLink.objects.update(
        status="queued", ended_at=None, hangup_cause="", created_at=long_ago, expires_at=long_ago + timedelta(seconds=75)
    )
    read_only.turn(on=True)
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["status"] == "queued"
    assert CallLink.objects.get().is_open
    assert client.delete(f"{PATH}/{link['id']}", headers=anna).status_code == 503
    read_only.turn(on=False)
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["status"] == "expired"
