"""Gateways in Django's admin: a password goes in and never comes out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from telephony.models import Domain, Gateway
from telephony.services.credentials import gateway_password_of

pytestmark = pytest.mark.django_db

SECRET = "canary&(5d1f)"


@pytest.fixture
def boss(make_person: Callable[..., User], client: Client) -> User:
    boss = make_person("boss", Role.ADMIN, is_superuser=True)
    client.force_login(boss)
    return boss


@pytest.fixture
def gateway(domain: Domain) -> Gateway:
    return Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})[0]


def change(client: Client, gateway: Gateway, **fields: str) -> str:
    """Save the form; return what is wrong with it, "" where nothing is."""
    form = {
        "name": gateway.name,
        "domain": str(gateway.domain_id),
        "priority": "100",
        "ping_seconds": "30",
        "is_active": "on",
    } | fields
    response = client.post(reverse("admin:telephony_gateway_change", args=[gateway.pk]), form)
    gateway.refresh_from_db()
    return "" if response.status_code == 302 else response.content.decode()


def test_a_password_is_kept_and_never_shown(client: Client, boss: User, gateway: Gateway) -> None:
    assert not change(
        client, gateway, password=SECRET, username="acme", register="on", networks="192.0.2.0/24", proxy="sip.example.net"
    )
    assert gateway_password_of(gateway) == SECRET
    assert (gateway.username, gateway.register, gateway.networks) == ("acme", True, "192.0.2.0/24")
    page = client.get(reverse("admin:telephony_gateway_change", args=[gateway.pk])).content.decode()
    assert "5d1f" not in page
    assert 'type="password"' in page
    entry = AuditEntry.objects.get(action="gateway.password_changed")
    assert entry.actor == boss
    assert "5d1f" not in str(entry.__dict__)


def test_a_blank_password_leaves_the_one_that_is_there(client: Client, boss: User, gateway: Gateway) -> None:
    change(client, gateway, password=SECRET)
    assert not change(client, gateway, password="", username="acme", register="on")
    assert gateway_password_of(gateway) == SECRET
    assert AuditEntry.objects.filter(action="gateway.password_changed").count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "a$b"}, {"password": "a b"}, {"password": "<x>"}, {"password": "a'b"}, {"proxy": "$${x}"}, {"proxy": "a b"},
        {"username": "a b"}, {"networks": "everybody"}, {"networks": "0.0.0.0/0"}, {"register": "on"},
        {"register": "on", "username": "acme"},
    ],
)  # fmt: skip
def test_what_the_switch_could_not_take_is_refused(
    client: Client, boss: User, gateway: Gateway, fields: dict[str, str]
) -> None:
    before = Gateway.objects.values().get(pk=gateway.pk)
    assert "errorlist" in change(client, gateway, **fields)
    assert Gateway.objects.values().get(pk=gateway.pk) == before


def test_staff_keep_gateways_too_and_see_no_password(
    client: Client, gateway: Gateway, make_person: Callable[..., User]
) -> None:
    sam = make_person("sam", Role.STAFF)
    client.force_login(sam)
    assert not change(client, gateway, password=SECRET, username="acme", priority="7")
    assert gateway.priority == 7
    assert gateway_password_of(gateway) == SECRET
    page = client.get(reverse("admin:telephony_gateway_change", args=[gateway.pk])).content.decode()
    assert "5d1f" not in page
    entry = AuditEntry.objects.get(action="gateway.changed")
    assert (entry.actor, entry.before["priority"], entry.after["priority"]) == (sam, 100, 7)
    assert "5d1f" not in str([each.__dict__ for each in AuditEntry.objects.all()])
