"""What is taken from an extension is taken at once: its phone is thrown out, refused, and its call ends."""

from collections.abc import Iterator

import pytest

from telephony.tests.real_switch import programs
from telephony.tests.real_switch.exchange import DOMAIN, Exchange
from telephony.tests.real_switch.sip.phone import opened
from telephony.tests.real_switch.story import Story

GUESSER = "127.0.0.3"


def extension_id(exchange: Exchange, number: str) -> int:
    [found] = exchange.ask(f"extensions?number={number}")
    return int(found["id"])


def is_registered(exchange: Exchange, number: str) -> bool:
    return f"{number}@{DOMAIN}" in exchange.switch.ask("sofia status profile internal reg")


@pytest.fixture
def joes(exchange: Exchange) -> Iterator[int]:
    """The id of Joe's extension, which is open again afterwards."""
    found = extension_id(exchange, "1008")
    yield found
    exchange.ask(f"extensions/{found}/open", "POST")


def test_a_closed_extension(story: Story, joes: int) -> None:
    exchange = story.exchange
    joe, bob = story.phone("joe"), story.phone("bob")
    call = joe.call("1005").until_answered().until_heard(50)
    at_bobs = bob.next_call()
    answer = exchange.ask(f"extensions/{joes}/close", "POST")
    assert answer["revocation"]["state"] == "done", answer["revocation"]
    call.until_ended()
    at_bobs.until_ended()
    assert not is_registered(exchange, "1008")
    assert joe.register() == 403
    assert joe.call("1005").until_refused() == 403
    assert bob.call("1008").until_refused() >= 400
    talks = [found for found in story.new_calls() if found["answered"]]
    assert [(talk["call_from"], talk["call_to"]) for talk in talks] == [("1008", "1005")]
    assert talks[0]["bill_duration"] > 0
    exchange.ask(f"extensions/{joes}/open", "POST")
    assert joe.register() == 200


def test_closed_while_called(story: Story, joes: int) -> None:
    """The call of a carrier to the extension ends as well."""
    joe, carrier = story.phone("joe"), story.carrier()
    call = carrier.call(story.exchange.people["joe"].number).until_answered().until_heard(50)
    joe.next_call()
    story.exchange.ask(f"extensions/{joes}/close", "POST")
    call.until_ended()
    story.only_call(answered=True, call_direction="inbound")


def test_a_new_password_throws_out_who_has_the_old_one(story: Story) -> None:
    exchange = story.exchange
    joe, person = story.phone("joe"), exchange.people["joe"]
    call = joe.call("1010")
    call.until_refused()
    person.password = exchange.new_password(person.proof)
    programs.until(lambda: not is_registered(exchange, "1008"), "end of the registration")
    assert joe.register() == 403
    joe.password = person.password
    assert joe.register() == 200


def test_given_back(story: Story) -> None:
    exchange = story.exchange
    tom, bob = exchange.phone("tom"), story.phone("bob")
    with opened(tom):
        assert tom.register() == 200
        call = tom.call("1005").until_answered().until_heard(50)
        bob.next_call()
        exchange.ask("assign-number", "DELETE", by="tom")
        call.until_ended()
        programs.until(lambda: not is_registered(exchange, "1009"), "end of the registration")
        assert tom.register() == 403


def test_who_guesses_passwords_is_banned(exchange: Exchange) -> None:
    with opened(exchange.phone("ann", address=GUESSER), exchange.phone("ann")) as (guesser, ann):
        password, guesser.password = guesser.password, "guessed"
        for _ in range(5):
            assert guesser.register() == 403
        [ban] = programs.until(lambda: exchange.ask("bans"), "ban")
        assert ban["address"] == GUESSER
        guesser.password = password
        assert guesser.register() == 403, "the right one, too late"
        assert ann.register() == 200, "from elsewhere"
        exchange.ask(f"bans/{ban['id']}", "DELETE")
        assert guesser.register() == 200
        for phone in (guesser, ann):
            assert phone.register(0) == 200
