"""What to enter in a phone: of the settings by which the switch listens, for every kind of phone."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from qrcode import QRCode

from accounts.models import User
from telephony.models import Assignment, Domain, Extension
from telephony.services import phone_setup
from telephony.services.phone_setup import PASSWORD, kinds_of, settings_of, setup_of

SECRET = "Kx7mPq2RtVw9zAbCdEfGhJkM"
HOSTILE = 'Zoë </DisplayName><AuthPass>x & "$"'

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


@pytest.fixture
def named() -> Extension:
    return Extension(number="1006", domain=Domain(name="pbx.example.com"), display_name=HOSTILE)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn, in words: the drawing itself is the library's."""
    texts: list[str] = []
    monkeypatch.setattr(phone_setup, "_picture", texts.append)
    return texts


def test_the_account_is_whole_and_nothing_in_it_breaks_out(named: Extension, drawn: list[str], settings: Any) -> None:
    setup_of(named, SECRET)
    account, alone = drawn
    assert alone == SECRET
    assert account.isascii()
    members = {member.tag: member.text for member in fromstring(account)[0]}  # noqa: S314 - it is our own
    assert (members["RegisterServer"], members["OutboundServer"]) == ("pbx.example.com", None)
    assert (members["UserID"], members["AuthID"], members["AuthPass"]) == ("1006", "1006", SECRET)
    assert members["DisplayName"] == HOSTILE
    settings.FREESWITCH_SIP_PUBLIC_ADDRESS, settings.FREESWITCH_SIP_PORT = "2001:db8::9", 5070
    setup_of(named, SECRET)
    assert "<OutboundServer>[2001:db8::9]:5070</OutboundServer>" in drawn[2]


def test_the_drawing_is_the_code_with_white_around_it(named: Extension) -> None:
    picture = setup_of(named, SECRET).password_alone
    code = QRCode(error_correction=0, border=4)
    code.add_data(SECRET)
    matrix = code.get_matrix()
    assert picture.side == len(matrix)
    dark = {f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark}
    assert {f"M{each}" for each in picture.path.split("M") if each} == dark
    assert not [each for each in dark if each.startswith(("M0 ", "M3 "))], "cameras need the white around it"
