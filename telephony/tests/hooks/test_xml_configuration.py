"""`/freeswitch/xml`, section configuration: the profiles with the gateways of the database, and whose calls are taken."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings

from telephony.hooks import xml_configuration
from telephony.models import Domain, Gateway
from telephony.models.switches import networks_of, validate_networks
from telephony.services.credentials import CredentialsKeyError, gateway_password_of, set_gateway_password
from telephony.tests.captures import question_of, questions
from telephony.tests.xml_answers import is_not_found, read

pytestmark = pytest.mark.django_db

Asker = Callable[..., HttpResponse]
SOFIA = "startup/03-sofia.conf.http"
ACL = "startup/24-acl.conf.http"
SECRET = "canary-gateway-8f2a"


@pytest.fixture
def carrier(domain: Domain) -> Gateway:
    gateway, _ = Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})
    Gateway.objects.filter(pk=gateway.pk).update(
        proxy="192.0.2.7:5070", username="acme", networks="198.51.100.0/24, 2001:db8::1"
    )
    set_gateway_password(gateway, SECRET, actor=None)
    gateway.refresh_from_db()
    return gateway


def gateways(root: Element) -> dict[str, dict[str, str]]:
    return {
        found.get("name", ""): {param.get("name", ""): param.get("value", "") for param in found.iter("param")}
        for found in root.iter("gateway")
    }


@pytest.mark.parametrize("question", [found for found in questions("sofia.conf*") if "startup" in found])
def test_captured_questions_for_profiles(ask: Asker, carrier: Gateway, question: str) -> None:
    root = read(ask(question_of(question).body))
    assert root.find("section[@name='configuration']/configuration").get("name") == "sofia.conf"
    assert [found.get("name") for found in root.iter("profile")] == ["internal", "external"]
    assert gateways(root) == {
        "carrier": {
            "register": "false", "caller-id-in-from": "true", "proxy": "192.0.2.7:5070", "username": "acme", "password": SECRET,
        }
    }  # fmt: skip


def test_there_are_such_questions() -> None:
    assert len(questions("sofia.conf*")) >= 3


def test_a_captured_question_for_networks(ask: Asker, carrier: Gateway) -> None:
    root = read(ask(question_of(ACL).body))
    assert [node.get("cidr") for node in root.find(".//list[@name='carriers']")] == [
        "192.0.2.7/32", "198.51.100.0/24", "2001:db8::1/128",
    ]  # fmt: skip


@pytest.mark.parametrize("question", ["startup/01-json_cdr.conf.http", "startup/16-event_socket.conf.http"])
def test_all_else_is_the_switchs_own(ask: Asker, carrier: Gateway, question: str) -> None:
    assert is_not_found(read(ask(question_of(question).body)))


@pytest.mark.parametrize("name", ["", "SOFIA.CONF", "sofia.conf ", "xml_curl.conf", "../sofia.conf"])
def test_other_names(ask: Asker, carrier: Gateway, name: str) -> None:
    assert is_not_found(read(ask(section="configuration", key_value=name.replace(" ", "%20"))))


def test_what_is_not_in_use_is_left_out(ask: Asker, carrier: Gateway) -> None:
    closed = Domain.objects.create(name="closed.example.com", is_active=False)
    Gateway.objects.create(name="elsewhere", domain=closed, networks="203.0.113.0/24")
    Gateway.objects.create(name="off", domain=carrier.domain, is_active=False, networks="203.0.113.0/24")
    assert gateways(read(ask(question_of(SOFIA).body))).keys() == {"carrier"}
    assert b"203.0.113" not in ask(question_of(ACL).body).content
    Gateway.objects.update(is_active=False)
    assert not gateways(read(ask(question_of(SOFIA).body)))
    assert b'type="allow"' not in ask(question_of(ACL).body).content, "without carriers nobody is let in"


@override_settings(FREESWITCH_SIP_ADDRESS="10.0.0.5", FREESWITCH_SIP_PORT=5066)
def test_where_the_switch_listens_is_a_setting(ask: Asker, carrier: Gateway) -> None:
    settings = read(ask(question_of(SOFIA).body)).find(".//profile[@name='internal']/settings")
    assert {("sip-ip", "10.0.0.5"), ("sip-port", "5066")} <= {(found.get("name"), found.get("value")) for found in settings}


def test_three_queries_however_many_there_are(
    ask: Asker, carrier: Gateway, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for index in range(20):
        Gateway.objects.create(name=f"g{index}", domain=carrier.domain)
    with django_assert_max_num_queries(3):
        ask(question_of(SOFIA).body)
    with django_assert_max_num_queries(2):
        ask(question_of(ACL).body)


def test_a_failing_database_is_an_error(ask: Asker, carrier: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(xml_configuration, "domains", away)
    response = ask(question_of(SOFIA).body)
    assert response.status_code == 503
    assert SECRET not in response.content.decode()


def test_a_row_that_does_not_fit_is_an_error_without_its_value(ask: Asker, carrier: Gateway) -> None:
    Gateway.objects.update(username="$${canary}")
    response = ask(question_of(SOFIA).body)
    assert (response.status_code, response.json()["code"]) == (500, "unsafe_value")
    assert "canary" not in response.content.decode()


def test_a_password_of_another_key_is_left_out(ask: Asker, carrier: Gateway) -> None:
    Gateway.objects.update(encrypted_password=b"gAAAA-of-another-key")
    carrier.refresh_from_db()
    with pytest.raises(CredentialsKeyError):
        gateway_password_of(carrier)
    assert "password" not in gateways(read(ask(question_of(SOFIA).body)))["carrier"]


def test_a_password_is_kept_encrypted(carrier: Gateway) -> None:
    assert SECRET.encode() not in bytes(carrier.encrypted_password or b"")
    assert gateway_password_of(carrier) == SECRET


def test_without_the_switchs_credentials(client: Client, carrier: Gateway) -> None:
    body = question_of(SOFIA).body
    response = client.generic("POST", "/freeswitch/xml", body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 401
    assert SECRET not in response.content.decode()


# -- the networks of a carrier ---------------------------------------------------------------------------------------------


def test_networks_are_read_in_any_spelling() -> None:
    assert networks_of(" 192.0.2.1 ,198.51.100.0/24,, 2001:db8::/32") == ["192.0.2.1/32", "198.51.100.0/24", "2001:db8::/32"]
    assert networks_of("") == []


@pytest.mark.parametrize(
    "text", ["all", "192.0.2.0/33", "192.0.2.7/24", "0.0.0.0/0", "::/0", "128.0.0.0/1", "192.0.2.1;10.0.0.1"]
)
def test_networks_that_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        validate_networks(text)


@pytest.mark.parametrize("proxy", ["", "sip.example.net", "sip.example.net:5060;transport=tcp"])
def test_a_carrier_by_name_alone_is_let_in_from_nowhere(domain: Domain, proxy: str) -> None:
    assert Gateway(name="x", domain=domain, proxy=proxy).calls_from == []
