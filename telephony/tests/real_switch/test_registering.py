"""Who may register: by the password that the portal showed once, and by nothing else."""

import pytest

from telephony.tests.real_switch.exchange import DOMAIN, Exchange
from telephony.tests.real_switch.sip.phone import Phone, opened
from telephony.tests.real_switch.story import Story, talk


def test_by_the_password_that_was_shown_once(exchange: Exchange) -> None:
    with opened(exchange.phone("ann")) as (phone,):
        assert phone.register() == 200
        assert f"1006@{DOMAIN}" in exchange.switch.ask("sofia status profile internal reg")
        assert phone.register(0) == 200
        assert f"1006@{DOMAIN}" not in exchange.switch.ask("sofia status profile internal reg")


@pytest.mark.parametrize("password", ["", "1234", "wrong", "1006"])
def test_by_no_other_password(exchange: Exchange, password: str) -> None:
    with opened(exchange.phone("ann", password=password)) as (phone,):
        assert phone.register() == 403
        assert phone.call("1005").until_refused() == 403


@pytest.mark.parametrize("user", ["1000", "1019", "4444", "admin", "1006$", "${x}"])
@pytest.mark.parametrize("password", ["", "1234"])
def test_nobody_else(exchange: Exchange, user: str, password: str) -> None:
    """Among them are the users that come with the switch."""
    with opened(Phone(("127.0.0.1", exchange.switch.phone_port), user, DOMAIN, password)) as (phone,):
        assert phone.register() in (401, 403)
        assert phone.call("1005").until_refused() in (401, 403, 407)


def test_not_as_somebody_else(exchange: Exchange) -> None:
    with opened(exchange.phone("eve")) as (phone,):
        assert phone.register(as_user="1006") == 403
        assert "@127.0.0.1" not in exchange.switch.ask(f"sofia_contact internal/1006@{DOMAIN}")
        assert phone.register() == 200
        assert phone.register(0) == 200


def test_a_new_password_ends_the_old_one(exchange: Exchange) -> None:
    joe = exchange.people["joe"]
    old, joe.password = joe.password, exchange.new_password(joe.proof)
    with opened(exchange.phone("joe"), exchange.phone("joe", password=old)) as (phone, former):
        assert former.register() == 403
        assert phone.register() == 200
        assert phone.register(0) == 200


def test_a_desk_phone_and_a_softphone(story: Story) -> None:
    """Both ring, one answers, and it is one call."""
    ann, desk, soft = story.phone("ann"), story.phone("bob", "ring"), story.phone("bob", "ring")
    call = ann.call("1005")
    rings, answered = desk.next_call(), soft.next_call()
    answered.answer()
    rings.until_ended()
    with talk(call, 50):
        call.hang_up()
    story.only_call(call_from="1006", call_to="1005", answered=True, hangup_cause="NORMAL_CLEARING", local=True)
