"""Which talks are recorded, with what notice, and silence while a card number is read out."""

import contextlib
from collections.abc import Iterator

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.sip.calls import Call
from telephony.tests.real_switch.story import OUTSIDE, TONES, Sound, Story

NOTICE_HERTZ = 1400
# Packets of a bridge before the switch begins what is to be heard first; ten, and some that were on their way.
LET_THROUGH = 20


POLICY = "UPDATE telephony_extension SET recording = ?, recording_notice = ? WHERE number = ?"


@contextlib.contextmanager
def policy(exchange: Exchange, number: str, recording: str = "domain", *, notice: bool = False) -> Iterator[None]:
    """An extension's own policy for as long as the story lasts."""
    exchange.portal.change(POLICY, recording, notice, number)
    yield
    exchange.portal.change(POLICY, "domain", 0, number)


def talked(call: Call, other: Call, packets: int = 50) -> None:
    call.until_answered().until_hears(other.phone.hertz, packets)
    call.hang_up()


def test_off(story: Story) -> None:
    ann, bob = story.phone("ann"), story.phone("bob")
    with policy(story.exchange, "1006", recording="off"):
        call = ann.call("1005")
        talked(call, bob.next_call())
        found = story.only_call(answered=True)
    assert not list(story.exchange.switch.recordings.glob(f"{found['call_uuid']}*"))
    assert found["recording"] == ""


def test_inbound_only(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    with policy(story.exchange, "1006", recording="inbound"):
        out = ann.call(OUTSIDE)
        talked(out, carrier.next_call())
        incoming = carrier.call("17036879448")
        talked(incoming, ann.next_call())
        calls = {call["call_direction"]: call for call in story.new_calls()}
    assert story.recording(calls["inbound"]).speaks(1, "ann")
    assert story.seen_by("staff", calls["outbound"])["recording"] == ""


def test_both_hear_the_notice(story: Story) -> None:
    """The switch lets a fifth of a second through before it, which is no talk."""
    ann, bob = story.phone("ann"), story.phone("bob")
    with policy(story.exchange, "1006", notice=True):
        call = ann.call("1005").until_answered()
        at_bobs = bob.next_call()
        talked(call, at_bobs)
        for end, other in ((call, "bob"), (at_bobs, "ann")):
            notice, talk = end.stream.heard(NOTICE_HERTZ), end.stream.heard(TONES[other])
            assert len(notice) > 25
            assert len([place for place in talk if place < notice[-1]]) < LET_THROUGH, "they talked before they were told"
        found = story.only_call(answered=True)
    sound = story.recording(found)
    assert sound.speaks(0, "ann")
    assert sound.share(1, NOTICE_HERTZ) > 0.2, "that she was told is in the recording, too"
    assert sound.share(1, TONES["bob"]) > 0.2


def silent_seconds(sound: Sound) -> float:
    """Return for how long Ann is not heard, who never stops."""
    return sound.seconds * (1 - sound.share(0, TONES["ann"]))


def test_paused_by_the_portal(story: Story) -> None:
    exchange = story.exchange
    ann, _ = story.phone("ann"), story.phone("bob")
    call = ann.call("1005").until_answered().until_heard(75)
    [recorded] = programs.until(lambda: exchange.ask("call-recording/live", by="ann"), "recording")
    assert exchange.ask("call-recording/live", by="eve") == []
    exchange.ask(f"call-recording/live/{recorded['uuid']}/pause", "PUT", by="ann")
    call.until_heard(100)
    exchange.ask(f"call-recording/live/{recorded['uuid']}/pause", "DELETE", by="ann")
    call.until_heard(75).hang_up()
    found = story.only_call(answered=True)
    assert 1.5 < silent_seconds(story.recording(found)) < 4
    [pause] = story.detail(found)["pauses"]
    assert pause["from"] < pause["to"]


def test_paused_by_keys(story: Story) -> None:
    ann, _ = story.phone("ann"), story.phone("bob")
    call = ann.call("1005").until_answered().until_heard(75)
    for keys in ("*7", "*8"):
        for key in keys:
            call.press(key)
            call.until_heard(15)
        call.until_heard(75)
    call.hang_up()
    found = story.only_call(answered=True)
    assert 1 < silent_seconds(story.recording(found)) < 4
