"""The pages of people, domains, providers, gateways, switches and the quarantine, for staff."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import (
    Assignment,
    Call,
    Domain,
    Extension,
    Gateway,
    GatewayChange,
    Provider,
    Quarantine,
    Revocation,
    Switch,
)
from telephony.services.credentials import gateway_password_of
from telephony.services.quarantine import keep
from telephony.tests.captures import posts_of
from telephony.tests.live_scene import gateway as on_switch
from telephony.tests.live_scene import listened_to

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
SECRET = "canary&(5d1f)"


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> User:
    anna = make_person("anna", email="anna@example.com")
    hold(anna, "1005", ends_at=timezone.now())
    hold(anna, "1006", "17036879447")
    return anna


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def said(client: Client, path: str, fields: dict[str, Any] | None = None) -> str:
    """Send a form and return the page that it leads to."""
    response = client.post(path, fields or {}, follow=True)
    assert response.status_code == 200, path
    return response.content.decode()


# -- people ----------------------------------------------------------------------------------------------------------------


def test_people_are_listed_and_found(client: Client, sam: User, anna: User) -> None:
    text = page(client, "/people/")
    assert f'href="/people/{anna.pk}/"' in text
    assert "+1 703-687-9447" in text
    for query, found in (
        ("q=anna@", True),
        ("q=1006", False),
        ("role=staff", False),
        ("has_number=true", True),
        ("is_active=false", False),
    ):
        assert (f'href="/people/{anna.pk}/"' in page(client, f"/people/?{query}")) == found, query
    assert "Nothing matches" in page(client, "/people/?q=nobody")
    assert "Select a valid choice" in page(client, "/people/?role=boss")


def test_the_people_cost_the_same_for_one_and_for_many(
    client: Client, sam: User, make_person: Callable, hold: Callable
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, "/people/")
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


def test_a_persons_page_says_what_is_known_of_them(client: Client, sam: User, anna: User, post_cdr: Callable) -> None:
    for post in posts_of("local-no-answer"):
        post_cdr(post)
    User.objects.filter(pk=anna.pk).update(name=HOSTILE)
    AuditEntry.objects.record("user.changed", anna, actor=sam, after={"name": HOSTILE})
    text = page(client, f"/people/{anna.pk}/")
    assert "1006@pbx.example.com" in text
    assert "Held before" in text
    assert "1005@pbx.example.com" in text
    assert f"/?person={anna.pk}" in text
    assert "user.changed" in text
    assert "<script>alert" not in text
    call = Call.objects.get()
    assert f'href="/calls/{call.pk}/"' in page(client, f"/?person={anna.pk}")
    assert f'href="/calls/{call.pk}/"' not in page(client, f"/?person={sam.pk}")


def test_nobody_but_staff_looks_for_the_calls_of_another(
    client: Client, anna: User, make_person: Callable, post_cdr: Callable
) -> None:
    for post in posts_of("local-no-answer"):
        post_cdr(post)
    client.force_login(anna)
    call = Call.objects.get()
    assert f'href="/calls/{call.pk}/"' in page(client, f"/?person={anna.pk}")
    other = make_person("ben")
    Call.objects.update(callee_user=other)
    assert f'href="/calls/{call.pk}/"' not in page(client, f"/?person={other.pk}")


def test_a_person_is_deactivated_after_a_question_and_activated(client: Client, sam: User, anna: User) -> None:
    path = f"/people/{anna.pk}"
    assert "every session, key and token" in page(client, f"{path}/deactivate")
    anna.refresh_from_db()
    assert anna.is_active, "asking does nothing"
    assert "is deactivated" in said(client, f"{path}/deactivate")
    anna.refresh_from_db()
    assert (anna.is_active, Revocation.objects.count()) == (False, 1)
    assert "was deactivated before" in said(client, f"{path}/deactivate")
    assert "may come in again" in said(client, f"{path}/activate")
    assert "is active" in said(client, f"{path}/activate")
    actions = AuditEntry.objects.filter(action="user.changed").order_by("pk").values_list("after", flat=True)
    assert list(actions) == [{"is_active": False}, {"is_active": True}]


def test_only_admins_touch_staff_and_nobody_himself(client: Client, sam: User, make_person: Callable) -> None:
    tom, ada = make_person("tom", Role.STAFF), make_person("ada", Role.ADMIN)
    text = page(client, f"/people/{tom.pk}/")
    assert "Deactivate" not in text.replace("Deactivated", "")
    assert "Only admins" in text
    assert client.post(f"/people/{tom.pk}/deactivate").status_code == 403
    assert client.post(f"/people/{tom.pk}/edit", {"name": "x"}).status_code == 403
    assert client.get(f"/people/{tom.pk}/edit").status_code == 403
    client.force_login(ada)
    assert "cannot deactivate yourself" in said(client, f"/people/{ada.pk}/deactivate")
    assert "is deactivated" in said(client, f"/people/{tom.pk}/deactivate")
    assert {*User.objects.filter(is_active=False)} == {tom}


def test_a_name_is_edited(client: Client, sam: User, anna: User) -> None:
    assert "Anna Lind" in said(client, f"/people/{anna.pk}/edit", {"name": "Anna Lind", "role": "admin"})
    anna.refresh_from_db()
    assert (anna.name, anna.role) == ("Anna Lind", "user")
    assert "printable" in said(client, f"/people/{anna.pk}/edit", {"name": "a\x07b"})
    assert "at most 255" in said(client, f"/people/{anna.pk}/edit", {"name": "x" * 256})


# -- domains and providers -------------------------------------------------------------------------------------------------


def test_a_domain_is_made_changed_put_out_of_use_and_deleted(client: Client, sam: User, domain: Domain) -> None:
    assert "new.example.com" in said(client, "/domains/new", {"name": "new.example.com", "recording": "off"})
    new = Domain.objects.get(name="new.example.com")
    assert (new.recording, new.is_active) == ("off", True)
    assert "No gateway" in page(client, f"/domains/{new.pk}/")
    said(client, f"/domains/{new.pk}/edit", {"name": "other.example.com", "recording": "all", "recording_notice": "on"})
    new.refresh_from_db()
    assert (new.name, new.recording_notice) == ("other.example.com", True)
    assert "Take this domain out of use?" in page(client, f"/domains/{new.pk}/deactivate")
    assert "is out of use" in said(client, f"/domains/{new.pk}/deactivate")
    assert "is in use" in said(client, f"/domains/{new.pk}/activate")
    assert "Delete this domain?" in page(client, f"/domains/{new.pk}/delete")
    assert "is deleted" in said(client, f"/domains/{new.pk}/delete")
    assert not Domain.objects.filter(pk=new.pk).exists()


def test_a_domain_with_extensions_keeps_its_name(client: Client, sam: User, domain: Domain) -> None:
    Extension.objects.create(domain=domain, number="1006")
    assert "disabled" in page(client, f"/domains/{domain.pk}/edit")
    said(client, f"/domains/{domain.pk}/edit", {"name": "x.example.com", "recording": "off"})
    domain.refresh_from_db()
    assert (domain.name, domain.recording) == ("pbx.example.com", "off")
    assert "cannot be deleted" in said(client, f"/domains/{domain.pk}/delete")
    assert "cannot be deleted" in client.get(f"/domains/{domain.pk}/delete", follow=True).content.decode()


@pytest.mark.parametrize(
    "fields", [{}, {"name": "UPPER"}, {"name": "a b"}, {"name": "pbx.example.com"}, {"name": "a", "recording": "x"}]
)
def test_what_is_no_domain_is_said_at_the_field(client: Client, sam: User, domain: Domain, fields: dict[str, str]) -> None:
    assert "field-error" in said(client, "/domains/new", {"recording": "all"} | fields)
    assert Domain.objects.count() == 1


def test_a_provider_is_made_renamed_and_deleted(client: Client, sam: User, db: None) -> None:
    assert "There are no providers yet" in page(client, "/providers/")
    assert "is made" in said(client, "/providers/new", {"name": "Acme"})
    acme = Provider.objects.get()
    assert "already exists" in said(client, "/providers/new", {"name": "Acme"})
    assert "Acme Ltd" in said(client, f"/providers/{acme.pk}/", {"name": "Acme Ltd"})
    assert "Delete this provider?" in page(client, f"/providers/{acme.pk}/delete")
    assert "is deleted" in said(client, f"/providers/{acme.pk}/delete")
    assert not Provider.objects.exists()


def test_a_provider_with_a_gateway_stays(client: Client, sam: User, domain: Domain) -> None:
    acme = Provider.objects.create(name="Acme")
    Gateway.objects.update(provider=acme)
    assert "1 gateway" in client.get(f"/providers/{acme.pk}/delete", follow=True).content.decode()
    assert "cannot be deleted" in said(client, f"/providers/{acme.pk}/delete")
    assert Provider.objects.exists()


# -- gateways and switches -------------------------------------------------------------------------------------------------


def form_of(of: Domain, **fields: str) -> dict[str, str]:
    return {"name": "acme", "domain": str(of.pk), "priority": "7", "ping_seconds": "0", "is_active": "on"} | fields


def test_a_gateway_is_made_and_its_password_never_shown(client: Client, sam: User, domain: Domain) -> None:
    text = said(
        client, "/gateways/new", form_of(domain, password=SECRET, username="acme", register="on", networks="192.0.2.0/24")
    )
    assert "acme is made" in text
    gateway = Gateway.objects.get(name="acme")
    assert gateway_password_of(gateway) == SECRET
    pages = [
        text,
        *(page(client, path) for path in ("/gateways/", f"/gateways/{gateway.pk}/", f"/gateways/{gateway.pk}/edit", "/audit/")),
    ]
    assert not [each for each in pages if "5d1f" in each]
    assert "Set; it is never shown" in pages[2]
    text = said(client, f"/gateways/{gateway.pk}/edit", form_of(domain, username="acme", register="on"))
    assert gateway_password_of(Gateway.objects.get(pk=gateway.pk)) == SECRET, "left blank it stays"
    said(client, f"/gateways/{gateway.pk}/edit", form_of(domain, forget_password="on"))
    assert gateway_password_of(Gateway.objects.get(pk=gateway.pk)) == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"networks": "everybody"}, {"networks": "0.0.0.0/0"}, {"ping_seconds": "3"}, {"proxy": "$${x}"}, {"username": "a b"},
        {"password": "a$b"}, {"register": "on"}, {"name": "a b"}, {"name": "carrier"}, {"domain": "999"}, {"priority": "-1"},
    ],
)  # fmt: skip
def test_what_the_switch_could_not_take_is_said(client: Client, sam: User, domain: Domain, fields: dict[str, str]) -> None:
    text = said(client, "/gateways/new", form_of(domain, **fields))
    assert "field-error" in text or "alert-danger" in text
    assert Gateway.objects.count() == 1
    assert not AuditEntry.objects.filter(target_type="telephony.gateway").exists()


def test_a_gateways_page_says_how_it_is(client: Client, sam: User, settings: Any, domain: Domain) -> None:
    (switch,) = listened_to(settings, "fs1")
    on_switch(switch, is_up=False)
    GatewayChange.objects.create(switch=switch, name="carrier", is_up=False, state="FAILED", at=timezone.now())
    gateway = Gateway.objects.get()
    text = page(client, f"/gateways/{gateway.pk}/")
    assert "Down" in text
    assert "Went down" in text
    assert "fs1: down" in page(client, "/gateways/")
    assert "goes on with what it had" in said(client, f"/gateways/{gateway.pk}/load")
    settings.FREESWITCH_ESL = None
    assert "No switch is set up" in said(client, f"/gateways/{gateway.pk}/load")
    assert "take it out of use first" in said(client, f"/gateways/{gateway.pk}/delete")
    Gateway.objects.update(is_active=False)
    assert "Delete this gateway?" in page(client, f"/gateways/{gateway.pk}/delete")
    assert "is deleted" in said(client, f"/gateways/{gateway.pk}/delete")
    assert "There are no gateways yet" in page(client, "/gateways/")


def test_the_switches(client: Client, sam: User, settings: Any, domain: Domain) -> None:
    assert "No switch is known yet" in page(client, "/switches/")
    (switch,) = listened_to(settings, "fs1", version="1.11.1")
    on_switch(switch)
    old = Switch.objects.create(name=HOSTILE)
    text = page(client, "/switches/")
    assert "1.11.1" in text
    assert "Not followed" in text
    assert "<script>alert" not in text
    assert "canary" not in text
    assert "It is heard" in page(client, f"/switches/{switch.pk}/")
    assert "would be here again at once" in client.get(f"/switches/{switch.pk}/forget", follow=True).content.decode()
    Switch.objects.filter(pk=switch.pk).update(is_up=False)
    text = page(client, f"/switches/{switch.pk}/")
    assert "It cannot be reached" in text
    assert "systemctl status freeswitch" in text
    assert "Forget this switch?" in page(client, f"/switches/{old.pk}/forget")
    assert "is forgotten" in said(client, f"/switches/{old.pk}/forget")
    assert "would be here again at once" in said(client, f"/switches/{switch.pk}/forget")
    assert list(Switch.objects.all()) == [switch]


# -- the quarantine --------------------------------------------------------------------------------------------------------


def test_the_quarantine_shows_what_waits(client: Client, sam: User, post_cdr: Callable) -> None:
    assert "Nothing waits" in page(client, "/quarantine/")
    post_cdr(f'{{"x": "{HOSTILE}", "password": "canary-5d1f"'.encode())
    entry = Quarantine.objects.get()
    assert f"/quarantine/{entry.pk}/" in page(client, "/quarantine/")
    assert not AuditEntry.objects.filter(action="quarantine.viewed").exists()
    text = page(client, f"/quarantine/{entry.pk}/")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "canary" not in text
    assert AuditEntry.objects.get(action="quarantine.viewed").actor == sam


def test_one_is_discarded_after_a_question(client: Client, sam: User, post_cdr: Callable) -> None:
    post_cdr(b"rubbish")
    entry = Quarantine.objects.get()
    assert "Discard this?" in page(client, f"/quarantine/{entry.pk}/discard")
    assert Quarantine.objects.get().state == "new"
    assert "It is discarded" in said(client, f"/quarantine/{entry.pk}/discard")
    assert "was dealt with before" in said(client, f"/quarantine/{entry.pk}/discard")
    assert "Nothing waits" in page(client, "/quarantine/")
    assert f"/quarantine/{entry.pk}/" in page(client, "/quarantine/?state=discarded")
    assert "nothing is left of it" in page(client, f"/quarantine/{entry.pk}/")


@pytest.mark.django_db(transaction=True)
def test_one_and_all_of_a_filter_are_tried_again(client: Client, sam: User) -> None:
    body = posts_of("local-no-answer")[0].body
    good = keep(Quarantine.Kind.CDR, body, "Unread.", content_type="application/json")
    assert "its call is in the list" in said(client, f"/quarantine/{good.pk}/retry")
    assert "taken in since" in said(client, f"/quarantine/{good.pk}/retry")
    bad = keep(Quarantine.Kind.CDR, b"rubbish", "Other.")
    assert "still cannot be read" in said(client, f"/quarantine/{bad.pk}/retry")
    assert "0 taken in, 0 could" in said(client, "/quarantine/retry", {"q": "nothing like it"})
    assert "0 taken in, 1 could still not be read." in said(client, "/quarantine/retry", {"q": "neither JSON"})
    assert "no filter" in said(client, "/quarantine/retry", {"kind": "x"})
    assert Call.objects.count() == 1


@pytest.mark.parametrize("query", ["q=%00", "kind=x", "state=x", "after=x", "cursor=x", "unknown=1", "q=$%7Bx%7D"])
def test_a_wrong_filter_breaks_nothing(client: Client, sam: User, post_cdr: Callable, query: str) -> None:
    post_cdr(b"rubbish")
    page(client, f"/quarantine/?{query}")


PATHS = ("people", "domains", "providers", "gateways", "switches", "quarantine")


@pytest.mark.parametrize("path", PATHS)
def test_it_is_nothing_for_others(client: Client, make_person: Callable, path: str) -> None:
    assert client.get(f"/{path}/")["Location"].startswith("/login")
    client.force_login(make_person("eve"))
    page(client, f"/{path}/", 403)
    client.force_login(make_person("sam", Role.STAFF))
    page(client, f"/{path}/999999/", 404)
