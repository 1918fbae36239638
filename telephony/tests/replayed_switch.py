"""The switch of a recorded conversation, which says to the client what a real one said."""

from uuid import UUID

from telephony.switch.errors import SwitchLostError
from telephony.switch.esl import Event, EventSocket
from telephony.tests.event_socket_captures import Cut, turns_of
from telephony.tests.scripted_switch import Caller, Said, ScriptedSwitch

JOB = UUID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")


class Replayed(ScriptedSwitch):
    """Plays the switch of a recorded conversation, and notes the commands that it got for those recorded."""

    def __init__(self, conversation: str, cut: Cut) -> None:
        super().__init__(self._replay, log_in=False)
        self.turns = turns_of(conversation)
        self.recorded = [turn.data for turn in self.turns if turn.by_client]
        self.said: list[bytes] = []
        self._cut = cut

    def _replay(self, caller: Caller) -> None:
        for turn in self.turns:
            if turn.by_client:
                self.said.append(caller.read_command())
            else:
                for piece in self._cut(turn.data):
                    caller.send(piece)


def events_until_the_end(client: EventSocket) -> list[Event]:
    events = []
    while not client.closed:
        try:
            event = client.next_event(timeout=20)
        except SwitchLostError:
            break
        assert event is not None, "the switch neither spoke nor left"
        events.append(event)
    assert client.closed
    return events


def replay(conversation: str, cut: Cut) -> list[Event]:
    """Say to the switch what was said to it, and return the events that followed."""
    with Replayed(conversation, cut) as switch:
        with switch.connect() as client:
            for said in switch.recorded[1:]:
                words = said.decode().split()
                if words[0] == "event":
                    client.subscribe(words[2:], timeout=20)
                else:
                    line = said.decode().partition("\n")[0].removeprefix("bgapi ")
                    client.bgapi(Said(line), JOB, timeout=20)
            events = events_until_the_end(client)
        assert client.skipped == 0
    assert switch.said == switch.recorded
    return events
