"""A gateway that staff make, change and delete: the switch has it as it is in the portal, at once and without a restart."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import DOMAIN, Exchange
from telephony.tests.real_switch.sip.phone import Phone, opened
from telephony.tests.real_switch.sip.registrar import Registrar
from telephony.tests.real_switch.story import OUTSIDE, Story, talk
from telephony.tests.real_switch.test_doctor import doing

NAME = "third"
# Loopback has many addresses; the carriers of all stories are at one of them.
ELSEWHERE = "127.0.0.5"
UNKNOWN: dict[str, str] = {}


@dataclass
class Trunk:
    """A gateway as the portal keeps it, and as the switch has it."""

    exchange: Exchange
    id: int = 0

    def make(self, **values: Any) -> dict[str, Any]:
        answer = self.exchange.ask("gateways", "POST", {"name": NAME, "domain": DOMAIN, "priority": 0} | values)
        self.id = answer["id"]
        return dict(answer)

    def change(self, **values: Any) -> dict[str, Any]:
        return dict(self.exchange.ask(f"gateways/{self.id}", "PATCH", values))

    def load(self) -> dict[str, Any]:
        return dict(self.exchange.ask(f"gateways/{self.id}/load", "POST", {}))

    def delete(self) -> None:
        """Take it out of use, and delete it; a second time does nothing."""
        if self.id:
            self.change(is_active=False)
            self.exchange.ask(f"gateways/{self.id}", "DELETE")
            self.id = 0

    def at_the_switch(self, name: str = NAME) -> dict[str, str]:
        """Return what the switch says of it, `UNKNOWN` where it has none of that name."""
        answer = self.exchange.switch.ask(f"sofia status gateway {name}")
        if answer.startswith("Invalid Gateway!"):
            return UNKNOWN
        pairs = (line.partition("\t") for line in answer.splitlines() if "\t" in line)
        return {label.strip(): value.strip() for label, _, value in pairs}

    def until(self, state: str) -> dict[str, str]:
        """Wait until the switch has it in a state."""
        programs.until(lambda: self.at_the_switch().get("State") == state, f"gateway that is {state}")
        return self.at_the_switch()


@pytest.fixture
def trunk(exchange: Exchange) -> Iterator[Trunk]:
    """A gateway that is to be made, and is gone afterwards."""
    trunk = Trunk(exchange)
    yield trunk
    trunk.delete()
    assert trunk.at_the_switch() == UNKNOWN


@contextlib.contextmanager
def listening(story: Story, address: str = "127.0.0.1") -> Iterator[Phone]:
    """A carrier at a port of its own."""
    server = ("127.0.0.1", story.exchange.switch.carrier_port)
    with opened(Phone(server, OUTSIDE, "third.example.net", port=programs.free_port(), address=address, hertz=1300)) as (
        carrier,
    ):
        yield carrier


def proxy(carrier: Phone) -> str:
    return f"{carrier.address}:{carrier.port};transport=udp"


def taken(answer: dict[str, Any]) -> bool:
    """Tell whether the switch was told, and has it. The story fails where it could not take it."""
    problems = [switch["problem"] for switch in answer["switches"]]
    assert set(problems) <= {""}, problems
    return len(problems) == 1


def test_made_changed_and_deleted(story: Story, trunk: Trunk) -> None:
    exchange = story.exchange
    ann = story.phone("ann")
    assert trunk.at_the_switch() == UNKNOWN
    with listening(story) as first, listening(story) as second:
        made = trunk.make(proxy=proxy(first), username="acme", password="s3cret-of-acme", ping_seconds=0)
        assert taken(made)
        assert [(each["switch"], each["is_up"]) for each in made["statuses"]] == [("stories", True)]
        shown = trunk.at_the_switch()
        assert (shown["Proxy"], shown["Username"], shown["Password"]) == (f"sip:{proxy(first)}", "acme", "yes")
        assert (shown["Profile"], shown["State"]) == ("external", "NOREG")

        call = ann.call("12403019571")
        with talk(call, 25):
            first.next_call().until_heard(10).hang_up()

        changed = trunk.change(proxy=proxy(second), username="")
        assert taken(changed)
        shown = trunk.at_the_switch()
        assert shown["Proxy"] == f"sip:{proxy(second)}"
        assert shown["Username"] != "acme"
        with talk(ann.call("12403019572"), 25):
            second.next_call().until_heard(10).hang_up()
        assert first.incoming.empty(), "it is somewhere else now"

        assert trunk.change(priority=1, provider="")["switches"] == [], "what no switch knows, no switch is told"
        refused = exchange.portal.ask(f"gateways/{trunk.id}", exchange.people["staff"].proof, "DELETE")
        assert (refused[0], refused[1]["code"]) == (409, "in_use")
        assert trunk.at_the_switch()["Proxy"] == f"sip:{proxy(second)}"

        assert taken(trunk.change(is_active=False))
        assert trunk.at_the_switch() == UNKNOWN
        assert taken(trunk.change(is_active=True))
        assert trunk.at_the_switch()["Proxy"] == f"sip:{proxy(second)}"
        trunk.delete()
        assert trunk.at_the_switch() == UNKNOWN
        assert {each["name"] for each in exchange.ask("live/gateways")} == {"carrier", "spare"}
        carrier = story.carrier()
        with talk(ann.call("12403019573"), 25):
            carrier.next_call().until_heard(10).hang_up()
        assert second.incoming.empty(), "it is gone"
    assert sorted(call["call_to"] for call in story.new_calls() if call["answered"]) == [
        "12403019571",
        "12403019572",
        "12403019573",
    ]


def test_renamed(story: Story, trunk: Trunk) -> None:
    with listening(story) as carrier:
        trunk.make(proxy=proxy(carrier))
        assert taken(trunk.change(name="fourth"))
        assert trunk.at_the_switch() == UNKNOWN
        assert trunk.at_the_switch("fourth")["Proxy"] == f"sip:{proxy(carrier)}"
        with talk(story.phone("ann").call("12403019574"), 25):
            carrier.next_call().until_heard(10).hang_up()
        trunk.delete()
        assert trunk.at_the_switch("fourth") == UNKNOWN
    story.only_call(call_to="12403019574", answered=True)


def test_a_talk_goes_on_while_its_gateway_is_loaded_anew(story: Story, trunk: Trunk) -> None:
    ann = story.phone("ann")
    with listening(story) as carrier, listening(story) as other:
        trunk.make(proxy=proxy(carrier))
        call = ann.call("12403019575")
        with talk(call, 50) as clock:
            outside = carrier.next_call()
            assert taken(trunk.load())
            assert taken(trunk.change(proxy=proxy(other)))
            call.until_heard(50)
            outside.until_hears(ann.hertz)
            outside.hang_up()
        found = story.only_call(call_to="12403019575", answered=True, hangup_cause="NORMAL_CLEARING")
        assert abs(found["bill_duration"] - clock["seconds"]) < 1.5


def test_told_once_more(story: Story, trunk: Trunk) -> None:
    """Somebody killed it on the switch: the portal brings it back, and leaves the others alone."""
    with listening(story) as carrier:
        trunk.make(proxy=proxy(carrier))
        story.exchange.switch.ask(f"sofia profile external killgw {NAME}")
        programs.until(lambda: trunk.at_the_switch() == UNKNOWN, "end of the gateway")
        uptime = trunk.at_the_switch("carrier")["Uptime"]
        assert taken(trunk.load())
        assert trunk.at_the_switch()["Proxy"] == f"sip:{proxy(carrier)}"
        assert int(trunk.at_the_switch("carrier")["Uptime"].rstrip("s")) >= int(uptime.rstrip("s"))
    story.no_call()


def test_a_switch_whose_profile_is_down(story: Story, trunk: Trunk) -> None:
    """It says that it has no such profile, not that it failed; nobody may believe then that it has the gateway."""
    with doing(story.exchange, "sofia profile external stop", "sofia profile external start"):
        [told] = trunk.make(proxy="127.0.0.1:9;transport=udp")["switches"]
        assert f"has not taken {NAME}" in told["problem"]
    programs.until(lambda: trunk.at_the_switch() != UNKNOWN, "gateway")
    assert taken(trunk.load())


def test_two_change_it_at_a_time(story: Story, trunk: Trunk) -> None:
    """The switch has in the end what was written down last, and nobody is told of a fault that is none."""
    exchange = story.exchange
    trunk.make(proxy="127.0.0.1:9;transport=udp")
    ports = range(7001, 7007)
    with ThreadPoolExecutor(len(ports)) as pool:
        answers = list(pool.map(lambda port: trunk.change(proxy=f"127.0.0.1:{port};transport=udp"), ports))
    assert all(taken(answer) for answer in answers)
    assert trunk.at_the_switch()["Proxy"] == f"sip:{exchange.ask(f'gateways/{trunk.id}')['proxy']}"


def test_its_networks_are_let_in(story: Story, trunk: Trunk) -> None:
    """From nowhere else do calls come in, and from there no more when it is gone."""
    number = story.exchange.people["ann"].number
    ann = story.phone("ann")
    with listening(story, ELSEWHERE) as carrier:
        assert carrier.call(number).until_refused() == 403
        # It sends its calls from elsewhere than where it takes ours: its host would be let in anyway.
        assert taken(trunk.make(proxy="127.0.0.1:9;transport=udp", networks=f"{ELSEWHERE}/32"))
        with talk(carrier.call(number), 25):
            ann.next_call().until_heard(10).hang_up()
        assert taken(trunk.change(networks="127.0.0.6/32"))
        assert carrier.call(number).until_refused() == 403
        trunk.delete()
        assert carrier.call(number).until_refused() == 403
    story.only_call(call_to=number, call_direction="inbound", answered=True)


def test_registers_with_its_password(story: Story, trunk: Trunk) -> None:
    """The password that staff gave is what the carrier is shown; with another one it is down, and says so."""
    exchange, customer = story.exchange, ("acme-customer", "s3cret-of-acme")
    server = ("127.0.0.1", exchange.switch.carrier_port)

    def seen() -> tuple[str, bool]:
        [status] = exchange.ask(f"gateways/{trunk.id}")["statuses"]
        return status["state"], status["is_up"]

    registrar = Registrar(server, OUTSIDE, "third.example.net", port=programs.free_port(), customer=customer)
    with contextlib.closing(registrar) as carrier:
        assert taken(trunk.make(proxy=proxy(carrier), username=customer[0], password=customer[1], register=True))
        trunk.until("REGED")
        assert (carrier.registered, carrier.refused) == (1, 0)
        programs.until(lambda: seen() == ("REGED", True), "registration in the portal")
        assert taken(trunk.change(password="another-one"))
        programs.until(lambda: carrier.refused == 1, "refusal")
        programs.until(lambda: seen()[1] is False, "fault in the portal")
        assert trunk.at_the_switch()["Status"] == "DOWN"
        assert taken(trunk.change(password=customer[1]))
        trunk.until("REGED")
        programs.until(lambda: seen() == ("REGED", True), "registration in the portal")
