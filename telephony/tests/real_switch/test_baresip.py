"""The same switch, with phones that others wrote."""

import time
from pathlib import Path

from telephony.tests.real_switch.baresip import baresip
from telephony.tests.real_switch.story import TONES, Story


def test_two_of_them_talk(story: Story, tmp_path: Path) -> None:
    with (
        baresip(story.exchange, "ann", TONES["ann"], tmp_path / "ann") as ann,
        baresip(story.exchange, "bob", TONES["bob"], tmp_path / "bob") as bob,
    ):
        ann.tell("dial", "1005")
        assert bob.until("CALL_INCOMING")["peeruri"] == "sip:1006@pbx.example.com"
        bob.tell("accept")
        ann.until("CALL_ESTABLISHED")
        ann.until("CALL_RTPESTAB")
        time.sleep(2)
        bob.tell("hangup")
        ann.until("CALL_CLOSED")
        call = story.only_call(call_from="1006", call_to="1005", hangup_cause="NORMAL_CLEARING", answered=True, local=True)
        sound = story.recording(call)
        assert sound.speaks(0, "ann")
        assert sound.speaks(1, "bob")
