"""The portal is stopped during calls: records and recordings are swept in afterwards, none lost, none doubled."""

import re

from telephony.tests.real_switch.story import OUTSIDE, Story


def test_what_happened_meanwhile_is_swept_in(story: Story) -> None:
    exchange, switch = story.exchange, story.exchange.switch
    ann, bob, eve, carrier = story.phone("ann"), story.phone("bob"), story.phone("eve"), story.carrier()
    inside = ann.call("1005").until_answered().until_heard(50)
    inbound = carrier.call("17036879449").until_answered()
    bob.next_call(), eve.next_call()
    inbound.until_heard(50)
    with exchange.portal_away():
        inside.until_heard(25).hang_up()
        inbound.until_heard(25).hang_up()
        # Nobody decides meanwhile, so nobody is let through, and no route of the switch's own takes over.
        assert ann.call("1005").until_refused() >= 400
        assert carrier.call("17036879449").until_refused() >= 400
        assert carrier.call("12403019518").until_refused() >= 400
        assert ann.register() >= 400
        switch.until_idle()
        assert bob.incoming.empty()
        assert eve.incoming.empty()
        spilled = list(switch.spool.glob("*.cdr.json"))
        assert len(spilled) >= 4, "two legs of each call"
    assert story.new_calls() == []
    swept = exchange.portal.manage("importcdrs", str(switch.spool), "--min-age", "0", "--half-written", "0")
    assert f"{len(spilled)} taken" in swept
    recordings = exchange.portal.manage("importrecordings", str(switch.recordings), "--min-age", "0", "--unfinished", "0")
    assert re.search(r"\b2 taken", recordings), recordings
    told = story.new_calls()
    talks = {call["call_from"]: call for call in told if call["answered"]}
    assert sorted(talks) == ["1006", OUTSIDE]
    assert sum(call["answered"] for call in told) == 2
    assert (talks["1006"]["call_direction"], talks[OUTSIDE]["call_direction"]) == ("outbound", "inbound")
    for call in talks.values():
        assert call["hangup_cause"] == "NORMAL_CLEARING"
        assert story.recording(call).seconds > 0.5
    again = exchange.portal.manage("importcdrs", str(switch.spool), "--min-age", "0", "--half-written", "0")
    assert "0 taken" in again
    exchange.portal.manage("importrecordings", str(switch.recordings), "--min-age", "0", "--unfinished", "0")
    assert [call["id"] for call in story.new_calls()] == [call["id"] for call in told]
    assert list(switch.recordings.glob("*.wav")) == []
