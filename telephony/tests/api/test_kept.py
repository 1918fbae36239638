"""`domains`, `providers`, `gateways` and `switches`: kept by staff, each change checked and written down."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Call, Domain, Extension, Gateway, Number, Provider, Revocation, Switch
from telephony.services.credentials import gateway_password_of
from telephony.tests.live_scene import gateway as on_switch
from telephony.tests.live_scene import listened_to

pytestmark = pytest.mark.django_db

JSON = "application/json"
SECRET = "canary&(5d1f)"


@pytest.fixture
def sam(make_person: Callable[..., User]) -> User:
    return make_person("sam", Role.STAFF)


@pytest.fixture
def send(client: Client, sam: User, key_of: Callable[..., dict[str, str]]) -> Callable[..., Any]:
    headers = key_of(sam)

    def ask(verb: str, path: str, body: Any = None, **more: str) -> Any:
        content = {} if body is None else {"data": client._encode_json(body, JSON), "content_type": JSON}
        return client.generic(verb, f"/api/v2/{path}", headers=headers | more, **content)

    return ask


def queries(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert ask().status_code == 200
    return len(captured)


# -- domains ---------------------------------------------------------------------------------------------------------------


def test_a_domain_is_made_changed_and_deleted(send: Callable, sam: User, domain: Domain) -> None:
    made = send("POST", "domains", {"name": "new.example.com", "recording": "inbound"})
    assert made.status_code == 201
    new = made.json()
    assert (new["name"], new["is_active"], new["recording"], new["extensions"]["free"]) == (
        "new.example.com",
        True,
        "inbound",
        0,
    )
    changed = send("PATCH", f"domains/{new['id']}", {"name": "other.example.com", "recording_notice": True})
    assert (changed.json()["name"], changed.json()["recording_notice"]) == ("other.example.com", True)
    assert [row["name"] for row in send("GET", "domains").json()] == ["other.example.com", "pbx.example.com"]
    assert send("DELETE", f"domains/{new['id']}").status_code == 204
    assert send("GET", f"domains/{new['id']}").status_code == 404
    actions = (
        AuditEntry.objects.filter(actor=sam, target_type="telephony.domain").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == ["domain.created", "domain.changed", "recording_policy.changed", "domain.deleted"]


def test_a_domain_with_extensions_keeps_its_name_and_stays(send: Callable, domain: Domain) -> None:
    other = Domain.objects.create(name="two.example.com")
    Extension.objects.create(domain=other, number="1006")
    refused = send("PATCH", f"domains/{other.pk}", {"name": "three.example.com"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["name"])
    assert send("PATCH", f"domains/{other.pk}", {"name": "two.example.com", "recording": "off"}).status_code == 200
    kept = send("DELETE", f"domains/{other.pk}")
    assert (kept.status_code, kept.json()["code"]) == (409, "in_use")
    assert "extensions" in kept.json()["detail"]
    assert "SIP_DOMAIN" in send("DELETE", f"domains/{domain.pk}").json()["detail"]


def test_out_of_use_its_phones_are_thrown_out(send: Callable, make_person: Callable, hold: Callable, domain: Domain) -> None:
    hold(make_person("anna"), "1006")
    answer = send("PATCH", f"domains/{domain.pk}", {"is_active": False})
    assert [each["reason"] for each in answer.json()["revocations"]] == ["domain_deactivated"]
    assert send("PATCH", f"domains/{domain.pk}", {"is_active": False}).json()["revocations"] == []
    assert Revocation.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": ""}, {"name": "UPPER"}, {"name": "a b"}, {"name": "-a"}, {"name": "pbx.example.com"}, {"name": 7},
        {"name": "a$b"}, {"name": "a", "recording": "some"}, {"name": "a", "is_active": "yes"}, {"name": "a", "id": 7}, [],
    ],
)  # fmt: skip
def test_what_is_no_domain(send: Callable, domain: Domain, body: Any) -> None:
    assert send("POST", "domains", body).status_code == 400
    assert Domain.objects.count() == 1


def test_the_domains_cost_the_same_for_one_and_for_many(send: Callable, domain: Domain) -> None:
    queries(lambda: send("GET", "domains"))
    one = queries(lambda: send("GET", "domains"))
    for place in range(20):
        Domain.objects.create(name=f"d{place}.example.com")
    assert queries(lambda: send("GET", "domains")) == one


# -- providers -------------------------------------------------------------------------------------------------------------


def test_a_provider_is_made_renamed_and_deleted(send: Callable, sam: User, db: None) -> None:
    made = send("POST", "providers", {"name": "Acme"}, **{"idempotency-key": "once"})
    assert (made.status_code, made.json()["numbers"], made.json()["gateways"]) == (201, 0, 0)
    again = send("POST", "providers", {"name": "Acme"}, **{"idempotency-key": "once"})
    assert (again.status_code, again["Idempotent-Replayed"], Provider.objects.count()) == (201, "true", 1)
    path = f"providers/{made.json()['id']}"
    assert send("PATCH", path, {"name": "Acme Ltd"}).json()["name"] == "Acme Ltd"
    assert send("DELETE", path).status_code == 204
    assert list(AuditEntry.objects.filter(actor=sam, action__startswith="provider").values_list("action", flat=True)) == [
        "provider.deleted", "provider.changed", "provider.created",
    ]  # fmt: skip


def test_a_provider_with_numbers_stays(send: Callable, db: None) -> None:
    provider = Provider.objects.create(name="Acme")
    Number.objects.create(number="17036879447", provider=provider)
    kept = send("DELETE", f"providers/{provider.pk}")
    assert (kept.status_code, kept.json()["code"]) == (409, "in_use")
    assert "1 number" in kept.json()["detail"]
    assert send("GET", f"providers/{provider.pk}").json()["numbers"] == 1
    assert Provider.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "Acme"}, {"name": "a\nb"}, {"name": "x" * 101}, {"name": 7}, {"n": 1}]
)
def test_what_is_no_provider(send: Callable, db: None, body: Any) -> None:
    Provider.objects.create(name="Acme")
    assert send("POST", "providers", body).status_code == 400
    assert Provider.objects.count() == 1


# -- gateways --------------------------------------------------------------------------------------------------------------


def test_a_gateway_is_made_and_its_password_never_comes_out(send: Callable, sam: User, domain: Domain) -> None:
    Provider.objects.create(name="Acme")
    body = {
        "name": "acme", "domain": "PBX.example.com", "provider": "Acme", "proxy": "sip.example.net", "username": "acme",
        "password": SECRET, "register": True, "ping_seconds": 30, "networks": "192.0.2.0/24", "priority": 7,
    }  # fmt: skip
    made = send("POST", "gateways", body)
    assert made.status_code == 201
    new = made.json()
    assert new == new | {key: value for key, value in body.items() if key not in ("password", "domain")}
    assert (new["domain"], new["has_password"], new["statuses"], new["switches"]) == ("pbx.example.com", True, [], [])
    gateway = Gateway.objects.get(name="acme")
    assert gateway_password_of(gateway) == SECRET
    answers = [
        made,
        send("GET", "gateways"),
        send("GET", f"gateways/{gateway.pk}"),
        send("PATCH", f"gateways/{gateway.pk}", {}),
    ]
    assert not [answer for answer in answers if "5d1f" in answer.content.decode() or "encrypted" in answer.content.decode()]
    assert "5d1f" not in str([entry.__dict__ for entry in AuditEntry.objects.all()])


def test_a_password_is_changed_and_forgotten(send: Callable, domain: Domain) -> None:
    gateway = Gateway.objects.get(name="carrier")
    path = f"gateways/{gateway.pk}"
    assert send("PATCH", path, {"password": SECRET}).json()["has_password"] is True
    assert send("PATCH", path, {"priority": 3}).json()["has_password"] is True
    assert send("PATCH", path, {"password": None}).json()["has_password"] is False
    actions = AuditEntry.objects.filter(target_type="telephony.gateway").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["gateway.password_changed", "gateway.changed", "gateway.password_forgotten"]


WRONG = [
    {"networks": "everybody"}, {"networks": "0.0.0.0/0"}, {"ping_seconds": 3}, {"ping_seconds": "30"}, {"proxy": "$${x}"},
    {"username": "a b"}, {"password": "a$b"}, {"password": "<x>"}, {"password": ""}, {"register": True}, {"name": "a b"},
    {"register": True, "username": "acme"}, {"domain": "other"}, {"provider": "nobody"}, {"priority": -1}, {"priority": 99_999},
    {"is_active": "on"}, {"has_password": True}, {"encrypted_password": "x"}, {"domain": 1},
]  # fmt: skip


@pytest.mark.parametrize("fields", WRONG)
def test_what_the_switch_could_not_take_is_refused(send: Callable, domain: Domain, fields: dict[str, Any]) -> None:
    before = Gateway.objects.values().get(name="carrier")
    assert send("PATCH", f"gateways/{before['id']}", fields).status_code == 400
    assert send("POST", "gateways", {"name": "new", "domain": "pbx.example.com"} | fields).status_code == 400
    assert list(Gateway.objects.values()) == [before]
    assert not AuditEntry.objects.filter(target_type="telephony.gateway").exists()


def test_only_one_that_is_out_of_use_is_deleted(send: Callable, settings: Any, domain: Domain) -> None:
    gateway = Gateway.objects.get(name="carrier")
    path = f"gateways/{gateway.pk}"
    assert (send("DELETE", path).status_code, send("DELETE", path).json()["code"]) == (409, "in_use")
    assert send("PATCH", path, {"is_active": False}).status_code == 200
    settings.EMERGENCY_GATEWAY = "carrier"
    assert "EMERGENCY_GATEWAY" in send("DELETE", path).json()["detail"]
    settings.EMERGENCY_GATEWAY = ""
    assert send("DELETE", path).status_code == 204
    assert not Gateway.objects.exists()


def test_how_a_gateway_is_on_each_switch(send: Callable, settings: Any, domain: Domain) -> None:
    for switch in listened_to(settings, "fs1", "fs2"):
        on_switch(switch, is_up=switch.name == "fs1")
    settings.FREESWITCH_ESL = None
    one = queries(lambda: send("GET", "gateways"))
    (carrier,) = send("GET", "gateways").json()
    assert [(each["switch"], each["is_up"]) for each in carrier["statuses"]] == [("fs1", True), ("fs2", False)]
    for place in range(20):
        on_switch(Switch.objects.get(name="fs1"), Gateway.objects.create(name=f"g{place}", domain=domain).name)
    assert queries(lambda: send("GET", "gateways")) <= one
    assert len(send("GET", "gateways?q=g1").json()) == 11
    assert send("GET", "gateways?domain=other").json() == []
    assert send("GET", "gateways?is_active=x").status_code == 400


# -- switches --------------------------------------------------------------------------------------------------------------


def test_a_switch_says_how_it_is(send: Callable, settings: Any, domain: Domain) -> None:
    (switch,) = listened_to(settings, "fs1", version="1.11.1", started_at=timezone.now() - timedelta(hours=3))
    on_switch(switch, is_up=False)
    Switch.objects.create(name="old")
    first, second = send("GET", "switches").json()
    assert (first["name"], first["hearing"], first["current"], first["version"]) == ("fs1", "heard", True, "1.11.1")
    assert (second["name"], second["hearing"], second["current"]) == ("old", "not_followed", False)
    one = send("GET", f"switches/{switch.pk}").json()
    assert one["gateways"][0]["is_up"] is False
    assert [alarm["code"] for alarm in one["alarms"]] == ["gateway_down"]
    assert "canary" not in str(one)
    Switch.objects.filter(pk=switch.pk).update(is_up=False)
    assert send("GET", f"switches/{switch.pk}").json()["hearing"] == "away"


def test_only_a_forgotten_one_without_calls_goes(send: Callable, settings: Any, sam: User, db: None) -> None:
    (followed,) = listened_to(settings, "fs1")
    with_calls, old = Switch.objects.create(name="busy"), Switch.objects.create(name="old")
    Call.objects.create(call_uuid="a", direction="inbound", started_at=timezone.now(), switch=with_calls)
    assert "FREESWITCH_ESL_URL" in send("DELETE", f"switches/{followed.pk}").json()["detail"]
    assert send("DELETE", f"switches/{with_calls.pk}").status_code == 409
    assert send("DELETE", f"switches/{old.pk}").status_code == 204
    assert send("DELETE", f"switches/{old.pk}").status_code == 404
    assert {*Switch.objects.values_list("name", flat=True)} == {"fs1", "busy"}
    assert AuditEntry.objects.get(action="switch.deleted").before["name"] == "old"


# -- nothing of it for others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["domains", "providers", "gateways", "switches", "quarantine"])
def test_it_is_nothing_for_others(
    client: Client, path: str, make_person: Callable, key_of: Callable, hold: Callable[..., Assignment]
) -> None:
    anna = make_person("anna")
    for headers, status in ((key_of(anna), 403), ({}, 401)):
        for verb in ("GET", "POST"):
            expected = {status, 405} if status == 403 and verb == "POST" else {status}
            assert client.generic(verb, f"/api/v2/{path}", headers=headers).status_code in expected
        for verb in ("GET", "PATCH", "DELETE"):
            assert client.generic(verb, f"/api/v2/{path}/1", headers=headers).status_code in {status, 405}


@pytest.mark.parametrize("path", ["domains", "providers", "gateways", "switches", "quarantine"])
def test_one_that_does_not_exist_is_a_404(send: Callable, path: str) -> None:
    assert send("GET", f"{path}/999999").status_code == 404
    assert send("DELETE", f"{path}/999999").status_code == 404
