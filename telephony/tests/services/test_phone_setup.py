"""What to enter in a phone: of the settings by which the switch listens, for every kind of phone."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from telephony.models import Assignment, Extension
from telephony.services.phone_setup import PASSWORD, kinds_of, picture_of, settings_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def extension(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Extension:
    return hold(make_person("anna"), "1006").extension


def test_the_domain_is_enough_where_it_leads_to_the_switch(extension: Extension) -> None:
    phone = settings_of(extension)
    assert (phone.username, phone.domain, phone.server) == ("1006", "pbx.example.com", "pbx.example.com")
    assert (phone.port, phone.transport, phone.proxy, phone.encryption) == (5060, "UDP", "", "")


@pytest.mark.parametrize(
    ("changed", "server", "port", "transport", "proxy"),
    [
        ({"FREESWITCH_SIP_ADDRESS": "192.0.2.7"}, "192.0.2.7", 5060, "UDP", "192.0.2.7"),
        (
            {"FREESWITCH_SIP_ADDRESS": "10.0.0.7", "FREESWITCH_SIP_PUBLIC_ADDRESS": "203.0.113.7"},
            "203.0.113.7", 5060, "UDP", "203.0.113.7",
        ),
        ({"FREESWITCH_SIP_PORT": 5070}, "pbx.example.com", 5070, "UDP", "pbx.example.com:5070"),
        ({"FREESWITCH_SIP_ADDRESS": "2001:db8::7", "FREESWITCH_SIP_PORT": 5070}, "2001:db8::7", 5070, "UDP", "[2001:db8::7]:5070"),
        ({"FREESWITCH_TLS_DIR": "/etc/tls"}, "pbx.example.com", 5061, "TLS", ""),
        ({"FREESWITCH_TLS_DIR": "/etc/tls", "FREESWITCH_SIP_PORT": 5070}, "pbx.example.com", 5071, "TLS", "pbx.example.com:5071"),
    ],
)  # fmt: skip
def test_it_follows_the_settings(
    extension: Extension, settings: Any, changed: dict[str, Any], server: str, port: int, transport: str, proxy: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    phone = settings_of(extension)
    assert (phone.server, phone.port, phone.transport, phone.proxy) == (server, port, transport, proxy)


def test_every_kind_of_phone_is_told_all_that_there_is(extension: Extension, settings: Any) -> None:
    settings.FREESWITCH_SIP_ADDRESS, settings.FREESWITCH_SRTP = "192.0.2.7", "mandatory"
    kinds = kinds_of(settings_of(extension))
    assert [kind.name for kind in kinds] == ["Desk phone", "Linphone", "Zoiper", "Groundwire", "MicroSIP"]
    for kind in kinds:
        typed = [line.value for line in kind.lines]
        assert any("1006" in value for value in typed)
        assert {"pbx.example.com", "192.0.2.7", "UDP", "SRTP"} <= set(typed)
        assert [line.value for line in kind.lines if line.is_password] == [PASSWORD]
        assert all(typed), "nothing is left to be entered empty"


def test_the_picture_is_no_address_that_could_be_fetched_again() -> None:
    kind, _, body = picture_of("abc").partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(body).startswith(b"<svg")
    assert picture_of("abc") != picture_of("abd")
