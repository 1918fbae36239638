"""Programs are told of a call while it goes on, and of its end and its recording: each once, and signed."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.story import OUTSIDE, Story, talk
from webhooks.tests.receiver import Receiver, receiving

LIVE = ["call.started", "call.answered"]
AFTERWARDS = ["call.completed", "recording.ready"]


class Subscriber:
    """Somebody's program: where it is told, by which secret, and what it was told."""

    def __init__(self, exchange: Exchange, name: str, receiver: Receiver, *events: str) -> None:
        self.exchange, self.name, self.receiver, self.path = exchange, name, receiver, f"/{name}"
        body = {"url": f"http://127.0.0.1:{receiver.port}{self.path}", "events": events or [*LIVE, *AFTERWARDS]}
        made = exchange.ask("webhooks", "POST", body, by=name)
        self.id, self.secret = made["id"], made["secret"]

    def told(self) -> list[dict[str, Any]]:
        """Return what came, in order. The story fails where a signature is wrong."""
        mine = [message for message in list(self.receiver.messages) if message.path == self.path]
        assert len({message.id for message in mine}) == len(mine), "told twice"
        for message in mine:
            Webhook(self.secret).verify(message.body, message.headers)
        return [json.loads(message.body) for message in mine]

    def types(self) -> list[str]:
        return [event["type"] for event in self.told()]

    def until_told(self, *types: str) -> list[dict[str, Any]]:
        programs.until(lambda: len(self.types()) >= len(types), f"{', '.join(types)} at {self.name}'s")
        assert self.types() == list(types)
        return self.told()

    def deliveries(self) -> list[dict[str, Any]]:
        return list(self.exchange.ask(f"webhooks/{self.id}/deliveries", by=self.name))


@pytest.fixture
def receiver(exchange: Exchange) -> Iterator[Receiver]:
    """Where programs are told, with a worker that tells them; all webhooks are gone afterwards."""
    with exchange.working(), receiving() as receiver:
        yield receiver
        for webhook in exchange.ask("webhooks"):
            exchange.portal.ask(f"webhooks/{webhook['id']}", exchange.people["staff"].proof, "DELETE")


def test_a_call_as_it_goes_on(story: Story, receiver: Receiver) -> None:
    exchange = story.exchange
    anns, eves = Subscriber(exchange, "ann", receiver), Subscriber(exchange, "eve", receiver)
    ann, carrier = story.phone("ann", "ring"), story.carrier()
    call = carrier.call(exchange.people["ann"].number).until_ringing()
    ringing = ann.next_call()
    [started] = anns.until_told("call.started")
    assert (started["data"]["call_from"], started["data"]["call_to"]) == (OUTSIDE, "17036879448")
    assert (started["data"]["call_direction"], started["data"]["answered_at"]) == ("inbound", None)
    ringing.answer()
    with talk(call, 100) as clock:
        _, answered = anns.until_told(*LIVE)
        assert answered["data"]["answered_at"] is not None
        ringing.hang_up()
    found = story.only_call(answered=True, call_uuid=started["data"]["call_uuid"])
    programs.until(lambda: len(anns.types()) >= 4, "end of the call at Ann's")
    # The switch sends audio and record side by side: either may be there first.
    assert anns.types()[:2] == LIVE
    assert sorted(anns.types()[2:]) == AFTERWARDS
    told = {event["type"]: event for event in anns.told()}
    completed, ready = told["call.completed"]["data"], told["recording.ready"]["data"]
    assert completed["id"] == ready["call"]["id"] == found["id"]
    assert answered["data"]["call_uuid"] == completed["call_uuid"] == ready["call"]["call_uuid"] == found["call_uuid"]
    assert (completed["hangup_cause"], completed["outcome"], completed["answered"]) == ("NORMAL_CLEARING", "answered", True)
    assert abs(completed["bill_duration"] - clock["seconds"]) < 1.5
    assert ready["channels"] == 2
    assert abs(ready["duration_ms"] / 1000 - clock["seconds"]) < 1.5
    times = [datetime.fromisoformat(told[name]["timestamp"]) for name in (*LIVE, "call.completed")]
    assert times == sorted(times)
    assert eves.told() == [], "nobody is told of others' calls"
    assert eves.deliveries() == []


def test_a_call_inside_is_told_to_both(story: Story, receiver: Receiver) -> None:
    exchange = story.exchange
    subscribers = [Subscriber(exchange, name, receiver) for name in ("ann", "bob")]
    ann, bob = story.phone("ann"), story.phone("bob")
    with talk(ann.call("1005"), 100):
        bob.next_call().until_heard(50).hang_up()
    found = story.only_call(answered=True)
    for subscriber, direction in zip(subscribers, ("outbound", "inbound"), strict=True):
        programs.until(lambda each=subscriber: len(each.types()) >= 4, f"end of the call at {subscriber.name}'s")
        assert subscriber.types()[:2] == LIVE
        assert sorted(subscriber.types()[2:]) == AFTERWARDS
        completed = next(event["data"] for event in subscriber.told() if event["type"] == "call.completed")
        assert (completed["id"], completed["call_direction"]) == (found["id"], direction)
        assert [(each["state"], each["tries"]) for each in subscriber.deliveries()] == [("delivered", 1)] * 4


def test_nobody_answers(story: Story, receiver: Receiver) -> None:
    anns = Subscriber(story.exchange, "ann", receiver)
    _, carrier = story.phone("ann", 486), story.carrier()
    assert carrier.call(story.exchange.people["ann"].number).until_refused() == 486
    found = story.only_call(answered=False)
    _, completed = anns.until_told("call.started", "call.completed")
    assert (completed["data"]["id"], completed["data"]["hangup_cause"]) == (found["id"], "USER_BUSY")
    assert (completed["data"]["answered"], completed["data"]["recording"]) == (False, "")


def test_a_call_link_as_it_goes_on(story: Story, receiver: Receiver) -> None:
    anns = Subscriber(story.exchange, "ann", receiver, "call_link.changed")
    ann, carrier = story.phone("ann", "ring"), story.carrier("ring")

    def states() -> list[str]:
        return [event["data"]["status"] for event in anns.told()]

    link = story.link("ann", "1006", "12403019587")
    source = ann.next_call()
    programs.until(lambda: states()[-1:] == ["ringing_source"], "ringing source")
    source.answer()
    destination = carrier.next_call()
    programs.until(lambda: states()[-1:] == ["source_answered"], "answer of the source")
    destination.answer()
    programs.until(lambda: states()[-1:] == ["bridged"], "talk")
    source.until_heard(25).hang_up()
    link.ended("completed", "NORMAL_CLEARING")
    programs.until(lambda: states()[-1:] == ["completed"], "end of the link")
    assert states() == ["queued", "ringing_source", "source_answered", "bridged", "completed"]
    assert {(event["data"]["id"], event["data"]["call_uuid"]) for event in anns.told()} == {(link.id, link.call_uuid)}
    story.only_call(call_uuid=link.call_uuid, answered=True)
