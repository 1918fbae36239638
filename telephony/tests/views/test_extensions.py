"""The extensions' pages: staff see who holds what and take it away, and are shown what every switch did."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import Assignment, Domain, Extension, Revocation, RevocationErrand
from telephony.models.holding import HoldingState
from telephony.services.credentials import ha1_of
from telephony.services.revocations import errands
from telephony.switch.esl import SwitchAddress
from telephony.tests.simulated_switch import simulated

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def nobody_away() -> None:
    errands._away_since.clear()


@pytest.fixture
def sam(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    hold(make_person("ben"), "1005")
    return hold(make_person("anna"), "1006", "17036879447")


def page(client: Client, path: str = "/extensions/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_says_who_holds_what(client: Client, sam: User, held: Assignment) -> None:
    text = page(client)
    assert "anna" in text
    assert "+1 703-687-9447" in text
    assert f'href="/extensions/{held.extension_id}/"' in text


def test_without_extensions_it_says_so(client: Client, sam: User) -> None:
    assert "There are no extensions yet" in page(client)
    assert "Nothing matches" in page(client, "/extensions/?q=nobody")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=1006", {"1006"}), ("q=anna", {"1006"}), ("q=687-9447", {"1006"}), ("q=100", {"1005", "1006"}), ("q=auth0|ben", {"1005"}),
        ("q=nobody", set()), ("state=assigned", {"1005", "1006"}), ("state=disabled", set()), ("state=nonsense", set()),
        ("q=%00", set()), ("q=$%7Bx%7D", set()), ("cursor=x", {"1005", "1006"}), ("unknown=1", {"1005", "1006"}),
    ],
)  # fmt: skip
def test_it_is_searched(client: Client, sam: User, held: Assignment, query: str, found: set[str]) -> None:
    text = page(client, f"/extensions/?{query}")
    assert {number for number in ("1005", "1006") if f'class="party-number">{number}<' in text} == found


def test_the_list_costs_the_same_for_one_and_for_many(client: Client, sam: User, make_person: Callable, hold: Callable) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


def test_names_are_text(client: Client, sam: User, held: Assignment) -> None:
    User.objects.filter(pk=held.user_id).update(name=HOSTILE)
    revocation = Revocation.objects.create(extension=held.extension, reason="closed", requested_by=held.user)
    step = {"at": timezone.now().isoformat(), "step": "call", "command": "c", "answer": HOSTILE, "from": HOSTILE, "to": HOSTILE}
    phones = {**step, "step": "registrations", "phones": [{"place": HOSTILE, "agent": HOSTILE}]}
    RevocationErrand.objects.create(
        revocation=revocation, event_socket="127.0.0.1:8021", steps=[step, phones, {"step": "x"}], problem=HOSTILE
    )
    for path in ("", f"{held.extension_id}/", f"{held.extension_id}/close", f"{held.extension_id}/revocations"):
        text = page(client, f"/extensions/{path}")
        assert "alert(1)" in text
        assert "<script>alert" not in text


def test_its_page_shows_its_holder_and_that_nothing_was_taken(client: Client, sam: User, held: Assignment) -> None:
    text = page(client, f"/extensions/{held.extension_id}/")
    assert "anna" in text
    assert "Nothing was taken from this extension yet" in text
    assert f'hx-get="/extensions/{held.extension_id}/phones"' in text
    assert client.get("/extensions/999/").status_code == 404


def test_each_step_is_asked_about_first(client: Client, sam: User, held: Assignment) -> None:
    for what in ("close", "release", "sip-password"):
        assert "anna" in page(client, f"/extensions/{held.extension_id}/{what}")
    held.extension.refresh_from_db()
    assert held.extension.state == HoldingState.ASSIGNED
    assert not Revocation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_closing_shows_its_proof(client: Client, sam: User, held: Assignment, settings: Any) -> None:
    with simulated(settings) as switch:
        path = f"/extensions/{held.extension_id}"
        assert "127.0.0.1:" in page(client, f"{path}/phones")
        response = client.post(f"{path}/close", follow=True)
        assert response.redirect_chain == [(f"{path}/", 302)]
        text = response.content.decode()
        assert "1006@pbx.example.com is closed." in text
        assert "1 phone forgotten: 127.0.0.1:" in text
        assert "No phone is registered any more." in text
        assert "No call is left." in text
        assert "sofia profile internal flush_inbound_reg 1006@pbx.example.com" in text
        assert f"Switch 127.0.0.1:{switch.port}" in text
        assert "every 2s" not in text, "what is done is asked for no more"
        assert "No phone is registered." in page(client, f"{path}/phones")
        assert "was closed before" in client.post(f"{path}/close", follow=True).content.decode()
        assert "is open again" in client.post(f"{path}/open", follow=True).content.decode()
        assert "was not closed" in client.post(f"{path}/open", follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_while_the_switch_is_away_it_says_so_and_asks_again(client: Client, sam: User, held: Assignment, settings: Any) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    path = f"/extensions/{held.extension_id}"
    text = client.post(f"{path}/close", follow=True).content.decode()
    assert "Pending" in text
    assert "cannot be reached" in text
    assert f'hx-get="{path}/revocations" hx-trigger="every 2s"' in text
    assert "nobody-listens" not in text
    assert "cannot be asked" in page(client, f"{path}/phones")
    assert "could still not be told" in client.post(f"{path}/repeat", follow=True).content.decode()
    with simulated(settings) as switch:
        errands._away_since.clear()
        RevocationErrand.objects.update(event_socket=f"127.0.0.1:{switch.port}")
        text = client.post(f"{path}/repeat", follow=True).content.decode()
        assert "Pending" not in text
        assert "tries" in text
        assert "every 2s" not in page(client, f"{path}/revocations")


def test_without_a_switch_nothing_is_asked(client: Client, sam: User, held: Assignment, settings: Any) -> None:
    settings.FREESWITCH_ESL = None
    assert "No switch is set up" in page(client, f"/extensions/{held.extension_id}/phones")
    Revocation.objects.create(extension=held.extension, reason="closed")
    assert "There was no switch" in page(client, f"/extensions/{held.extension_id}/revocations")


def test_a_password_is_shown_on_one_answer(client: Client, sam: User, held: Assignment) -> None:
    path = f"/extensions/{held.extension_id}"
    response = client.post(f"{path}/sip-password")
    text = response.content.decode()
    password = text.partition('id="new-password" translate="no" data-secret>')[2].partition("<")[0]
    assert len(password) == 24
    assert "no-store" in response["Cache-Control"]
    assert ha1_of(Extension.objects.get(pk=held.extension_id))
    assert password not in page(client, f"{path}/")
    assert Revocation.objects.get().reason == "password_changed"


def test_nobodys_extension_gets_none(client: Client, sam: User, domain: Domain) -> None:
    extension = Extension.objects.create(domain=domain, number="1099")
    text = client.post(f"/extensions/{extension.pk}/sip-password", follow=True).content.decode()
    assert "Nobody holds 1099@pbx.example.com" in text
    assert "/sip-password" not in page(client, f"/extensions/{extension.pk}/")


def test_it_is_taken_back(client: Client, sam: User, held: Assignment) -> None:
    path = f"/extensions/{held.extension_id}"
    assert "is taken back" in client.post(f"{path}/release", follow=True).content.decode()
    assert not Assignment.objects.open().filter(extension=held.extension_id).exists()
    assert "Nobody holds" in client.post(f"{path}/release", follow=True).content.decode()
    text = page(client, f"{path}/")
    assert "Rests until" in text
    assert f"{path}/close" not in text
    assert "rests after its last holder" in client.post(f"{path}/close", follow=True).content.decode()
