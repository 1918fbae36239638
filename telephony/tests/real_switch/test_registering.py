"""Who may register: by the password that the portal showed once, and by nothing else."""

import pytest

from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.sip.phone import opened


def test_by_the_password_that_was_shown_once(exchange: Exchange) -> None:
    with opened(exchange.phone("ann")) as (phone,):
        assert phone.register() == 200


@pytest.mark.parametrize("password", ["", "1234", "wrong"])
def test_by_no_other_password(exchange: Exchange, password: str) -> None:
    with opened(exchange.phone("ann", password=password)) as (phone,):
        assert phone.register() == 403
