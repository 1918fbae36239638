"""`/freeswitch/xml`, section channels: no phone has the switch call an address of its own choice by handing a call over."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from demo.switch.simulator import SimulatedSwitch
from telephony.switch.channels import is_contained
from telephony.tests.captures import question_of, questions
from telephony.tests.simulated_switch import simulated
from telephony.tests.xml_answers import read, values

pytestmark = pytest.mark.django_db

Asker = Callable[..., HttpResponse]
LEG = str(uuid4())
ENDED_BY_A_BRACE = "Replaces=x}sofia/gateway/carrier/19005551235,error/x"


def asked(ask: Asker, **fields: str) -> HttpResponse:
    given = {
        "purpose": "nightmare_xfer",
        "refer-from-channel-id": LEG,
        "refer-to-params": "",
        "refer-to-headers": "Replaces=a%3Bto-tag%3Db",
    }
    return ask(section="channels", **(given | fields))


def killed(switch: SimulatedSwitch) -> list[str]:
    return [command for command in switch.commands if "uuid_kill" in command]


def assert_refused(response: HttpResponse) -> None:
    """The same for everybody, with nothing in it of what was asked."""
    assert values(read(response), "param") == {"dial-prefix": "", "absolute-dial-string": "error/CALL_REJECTED"}
    assert len(response.content) < 300


@pytest.mark.parametrize("question", questions("channels"))
def test_captured_attempts(ask: Asker, settings: Any, question: str) -> None:
    with simulated(settings) as switch:
        assert_refused(ask(question_of(question).body))
        smuggled = b"%7D" in question_of(question).body
        assert len(killed(switch)) == smuggled


@pytest.mark.parametrize(
    "fields",
    [
        {"refer-to-headers": ENDED_BY_A_BRACE},
        {"refer-to-params": "foo=bar}sofia/gateway/carrier/19005551236"},
        {"refer-to-headers": "Replaces=a,execute_on_answer=system"},
        {"refer-to-headers": "Replaces=a|sofia/x"},
        {"refer-to-headers": "Replaces=a'b"},
        {"refer-to-headers": "Replaces=${x}"},
        {"refer-to-headers": "x" * 5000},
        {"refer-to-params": "transport=udp{"},
    ],
)
def test_what_would_slip_past_the_answer_is_hung_up_before_it(ask: Asker, settings: Any, fields: dict[str, str]) -> None:
    with simulated(settings) as switch:
        assert_refused(asked(ask, **fields))
        assert killed(switch) == [f"api uuid_kill {LEG} CALL_REJECTED"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"refer-to-params": "transport=tcp;user=phone"},
        {"refer-to-headers": "Replaces=12adf2f34456gs5%3Bto-tag%3D12345%3Bfrom-tag%3D54321"},
        {"purpose": "other", "refer-to-headers": ENDED_BY_A_BRACE},
        {"refer-from-channel-id": "", "refer-to-headers": ENDED_BY_A_BRACE},
        {"refer-from-channel-id": "x CALL_REJECTED", "refer-to-headers": ENDED_BY_A_BRACE},
    ],
)
def test_who_does_nothing_of_the_kind_keeps_the_call(ask: Asker, settings: Any, fields: dict[str, str]) -> None:
    with simulated(settings) as switch:
        assert_refused(asked(ask, **fields))
        assert killed(switch) == []


def test_a_switch_that_is_away_is_noted(ask: Asker, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    with simulated(settings):
        pass
    assert_refused(asked(ask, **{"refer-to-headers": ENDED_BY_A_BRACE}))
    assert "could not be hung up" in caplog.text
    assert "19005551235" not in caplog.text


def test_only_the_switch_asks(client: Client) -> None:
    body = question_of("refer-elsewhere/03-channels.http").body
    assert client.generic("POST", "/freeswitch/xml", body, "application/x-www-form-urlencoded").status_code == 401


@pytest.mark.parametrize("text", ["}", "{", ",", ":_:", "'", "|", "$", "\\", " ", "<", "[", "^", "(", "\n", "é"])
def test_nothing_that_a_dial_string_is_made_of_is_contained(text: str) -> None:
    assert is_contained("a=b", "Replaces=c")
    assert not is_contained(f"a{text}", "")
    assert not is_contained("", f"a{text}")
