"""Who may have silence recorded while a card number is read out, in which calls; and who may not."""

import time
from collections.abc import Callable, Iterator

import pytest

from telephony.tests.real_switch.sip.calls import Call
from telephony.tests.real_switch.sip.sound import loudness_of
from telephony.tests.real_switch.story import OUTSIDE, Sound, Story, talk


def silences(sound: Sound) -> list[float]:
    """Return how many seconds each silence of both channels lasts, those of a fifth of a second and more."""
    lengths, since = [], None
    loud = [left or right for left, right in zip(*sound.channels, strict=True)]
    for place, sample in enumerate([*loud, 1]):
        if not sample and since is None:
            since = place
        elif sample and since is not None:
            if place - since > sound.rate / 5:
                lengths.append((place - since) / sound.rate)
            since = None
    return lengths


def press(call: Call, keys: str) -> None:
    for key in keys:
        call.press(key)
        time.sleep(0.4)


@pytest.fixture
def rule(story: Story) -> Iterator[Callable[[str], None]]:
    """Change policies, and put them back afterwards."""

    def run(code: str) -> None:
        story.exchange.portal.manage("shell", "-v", "0", "-c", f"from telephony.models import *\n{code}")

    yield run
    run(
        "Domain.objects.update(recording='all', recording_notice=False)\n"
        "Extension.objects.update(recording='domain', recording_notice=False)\n"
        "Number.objects.update(recording='domain', recording_notice=False)"
    )


def test_a_party_pauses_over_the_api(story: Story) -> None:
    exchange = story.exchange
    ann, bob = story.phone("ann"), story.phone("bob")
    with talk(ann.call("1005"), 100) as clock:
        heard = bob.next_call()
        heard.until_heard(100)
        [live] = exchange.ask("call-recording/live", by="bob")
        assert exchange.ask("call-recording/live", by="ann") == [live]
        assert exchange.ask("call-recording/live", by="eve") == []
        assert (live["call_from"], live["call_to"], live["paused"]) == ("1006", "1005", False)
        path = f"call-recording/live/{live['uuid']}/pause"
        for method in ("PUT", "DELETE"):
            assert exchange.portal.ask(path, exchange.people["eve"].proof, method)[0] == 404
        assert exchange.ask(path, "PUT", by="bob") == {"uuid": live["uuid"], "paused": True}
        assert exchange.ask("call-recording/live", by="ann")[0]["paused"] is True
        time.sleep(2)
        assert exchange.portal.ask(path, exchange.people["staff"].proof, "DELETE")[0] == 204
        assert exchange.ask("call-recording/live", by="ann")[0]["paused"] is False
        time.sleep(1)
        heard.hang_up()
    call = story.only_call(answered=True)
    sound = story.recording(call)
    assert abs(sound.seconds - clock["seconds"]) < 1.5, "a pause leaves nothing out"
    [silence] = silences(sound)
    assert 1.8 < silence < 4
    [pause] = story.detail(call)["pauses"]
    assert pause["from"] < pause["to"]
    assert exchange.portal.ask(path, exchange.people["bob"].proof, "PUT")[0] == 404, "the talk is over"


def test_either_party_pauses_by_keys(story: Story) -> None:
    ann, bob = story.phone("ann"), story.phone("bob")
    with talk(ann.call("1005"), 100) as clock:
        heard = bob.next_call()
        heard.until_heard(100)
        [mine] = ann.calls.values()
        for call in (mine, heard):
            press(call, "*7")
            time.sleep(1)
            press(call, "*8")
            time.sleep(1)
        # What is no code goes on to the other side, and changes nothing.
        press(mine, "5*3")
        heard.hang_up()
    call = story.only_call(answered=True)
    sound = story.recording(call)
    assert abs(sound.seconds - clock["seconds"]) < 1.5
    assert len(silences(sound)) == 2
    assert len(story.detail(call)["pauses"]) == 2


def test_nobody_outside_pauses(story: Story) -> None:
    """The keys of who calls from outside, and of who is called there, are theirs alone."""
    ann, carrier = story.phone("ann"), story.carrier()
    with talk(ann.call(OUTSIDE), 100):
        heard = carrier.next_call()
        heard.until_heard(100)
        press(heard, "*7")
        time.sleep(1)
        heard.hang_up()
    call = story.only_call(answered=True)
    assert silences(story.recording(call)) == []
    assert story.detail(call)["pauses"] == []


def test_a_call_link_is_recorded_by_the_same_policies(story: Story, rule: Callable[[str], None]) -> None:
    """Its source is there before the destination: what records it begins with the talk all the same, and can be paused."""
    rule("Domain.objects.update(recording='outbound', recording_notice=True)")
    ann, carrier = story.phone("ann"), story.carrier()
    link = story.link("ann", "1006", "12403019590")
    source, destination = ann.next_call(), carrier.next_call()
    link.until("bridged")
    with talk(source, 200):
        [live] = story.exchange.ask("call-recording/live", by="ann")
        assert live["uuid"] == link.call_uuid
        press(source, "*7")
        time.sleep(1)
        press(source, "*8")
        time.sleep(1)
        destination.hang_up()
    call = story.only_call(answered=True, call_uuid=link.call_uuid)
    sound = story.recording(call)
    assert loudness_of(sound.channels[1][: sound.rate // 2], 1400, sound.rate) > 0.5
    assert len(silences(sound)) == len(story.detail(call)["pauses"]) == 1
    assert sound.speaks(0, "ann")
