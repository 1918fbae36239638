"""What the portal shows of this moment, and that it hangs up."""

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.story import OUTSIDE, Story


def test_a_call_from_ringing_to_its_end(story: Story) -> None:
    exchange = story.exchange
    ann, bob = story.phone("ann"), story.phone("bob", "ring")
    call = ann.call("1005").until_ringing()
    at_bobs = bob.next_call()
    shown = programs.until(lambda: exchange.ask("live/calls"), "live call")[0]
    assert (shown["call_from"], shown["call_to"], shown["local"], shown["current"]) == ("1006", "1005", True, True)
    assert shown["answered_at"] is None
    at_bobs.answer()
    call.until_answered()
    programs.until(lambda: exchange.ask("live/calls")[0]["answered_at"], "answer")
    call.until_heard(25).hold()
    programs.until(lambda: exchange.ask("live/calls")[0]["held_at"], "hold")
    call.resume()
    programs.until(lambda: not exchange.ask("live/calls")[0]["held_at"], "end of the hold")
    assert [each["call_uuid"] for each in exchange.ask("live/calls", by="bob")] == [shown["call_uuid"]]
    assert exchange.ask("live/calls", by="eve") == []
    call.hang_up()
    programs.until(lambda: exchange.ask("live/calls") == [], "end of the live call")
    story.only_call(call_uuid=shown["call_uuid"], answered=True)


def test_hung_up_by_the_portal(story: Story) -> None:
    ann, carrier = story.phone("ann"), story.carrier()
    call = ann.call(OUTSIDE).until_answered().until_heard(25)
    outside = carrier.next_call()
    shown = programs.until(lambda: story.exchange.ask("live/calls"), "live call")[0]
    story.exchange.ask(f"live/calls/{shown['call_uuid']}", "DELETE")
    call.until_ended()
    outside.until_ended()
    story.only_call(call_to=OUTSIDE, answered=True, call_uuid=shown["call_uuid"])


def test_phones_gateways_and_switches(story: Story) -> None:
    exchange = story.exchange
    ann = story.phone("ann")

    def phones() -> list[str]:
        return [phone["user"] for phone in exchange.ask("live/registrations")]

    programs.until(lambda: phones() == ["1006"], "phone")
    [mine] = exchange.ask("live/registrations", by="ann")
    assert (mine["network_ip"], int(mine["network_port"])) == ("127.0.0.1", ann.port)
    assert exchange.ask("live/registrations", by="eve") == []
    ann.register(0)
    programs.until(lambda: phones() == [], "end of the registration")
    [switch] = exchange.ask("live/switches")
    assert (switch["name"], switch["current"]) == ("stories", True)
    assert {gateway["name"] for gateway in exchange.ask("live/gateways")} == {"carrier", "spare"}


def test_the_switch_dies_during_a_call(story: Story) -> None:
    """Nobody tells how such a call ended: the listener closes it when the switch is back; its recording is cut."""
    exchange = story.exchange
    ann, bob = story.phone("ann"), story.phone("bob")
    ann.call("1005").until_answered().until_heard(50)
    bob.next_call()
    shown = programs.until(lambda: exchange.ask("live/calls"), "live call")[0]
    exchange.switch.killed()
    programs.until(lambda: exchange.ask("live/calls") == [], "end of the live call", 60)
    found = story.only_call(call_uuid=shown["call_uuid"], call_from="1006", call_to="1005")
    assert found["ended_at"] is not None
    assert found["hangup_cause"] == "UNKNOWN"
    swept = exchange.portal.tried("importrecordings", str(exchange.switch.recordings), "--min-age", "0", "--unfinished", "0")
    assert "1 set aside" in swept.stdout
    assert f"{found['call_uuid']}.wav: The recording was never finished" in swept.stderr
