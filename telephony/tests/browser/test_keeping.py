"""Stories of staff: a person is let out, a gateway is made after a wrong network, what could not be read is dealt with."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from accounts.models import User
from demo.switch.portal import Portal
from portal.tests.browser import fits
from telephony.models import Domain, Gateway, Quarantine
from telephony.services.quarantine import keep
from telephony.tests.captures import posts_of
from telephony.tests.simulated_switch import simulated

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390)]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_a_person_is_let_out_and_in_again(
    open_as_staff: Callable, complaints: list[str], live_server: Any, settings: Any, make_person: Callable, hold: Callable,
    scheme: str, width: int,
) -> None:  # fmt: skip
    hold(make_person("anna", email="anna@example.com"), "1006", "17036879447")
    settings.PUBLIC_URL = live_server.url
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with simulated(settings, portal=portal):
        page = open_as_staff(scheme, width)
        page.goto(f"{live_server.url}/people/")
        assert fits(page)
        page.get_by_label("Name, e-mail or Auth0 id").fill("anna@")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("link", name="anna").first.click()
        expect(page.get_by_role("heading", name="anna", exact=True)).to_be_visible()
        assert fits(page)
        page.get_by_role("link", name="Deactivate").click()
        assert fits(page)
        page.get_by_role("button", name="Deactivate").click()
        expect(page.get_by_role("status").first).to_contain_text("anna is deactivated")
        expect(page.get_by_text("Phones thrown out: holder deactivated")).to_be_visible()
        assert fits(page)
        page.get_by_role("button", name="Activate").click()
        expect(page.get_by_role("status").first).to_contain_text("may come in again")
    assert User.objects.get(username="anna").is_active
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_a_gateway_is_made_after_a_wrong_network_was_refused(
    open_as_staff: Callable, complaints: list[str], live_server: Any, settings: Any, domain: Domain, scheme: str, width: int
) -> None:
    settings.PUBLIC_URL = live_server.url
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with simulated(settings, portal=portal) as switch:
        page = open_as_staff(scheme, width)
        page.goto(f"{live_server.url}/gateways/")
        assert fits(page)
        page.get_by_role("link", name="New gateway").click()
        assert fits(page)
        page.get_by_label("Name", exact=True).fill("acme")
        page.get_by_label("Domain").select_option(label="pbx.example.com")
        page.get_by_label("Carrier's host").fill("sip.example.net")
        page.get_by_label("Calls come from").fill("0.0.0.0/0")
        page.get_by_role("button", name="Make the gateway").click()
        expect(page.get_by_text("anybody could call otherwise")).to_be_visible()
        assert fits(page)
        assert not Gateway.objects.filter(name="acme").exists()
        page.get_by_label("Calls come from").fill("192.0.2.0/24")
        page.get_by_role("button", name="Make the gateway").click()
        expect(page.get_by_text("acme is made.")).to_be_visible()
        expect(page.get_by_role("region", name="On the switches")).to_contain_text("Up")
        assert fits(page)
        assert "acme" in switch.exchange.trunks.names()
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_what_could_not_be_read_is_tried_again_and_discarded(
    open_as_staff: Callable, complaints: list[str], live_server: Any, scheme: str, width: int
) -> None:
    keep(
        Quarantine.Kind.CDR,
        b'{"caller": "<b>12025550123</b>", "x": ' + b"y" * 3000,
        "Cut off.",
        leg_uuid="b" * 36,
        address="192.0.2.9",
    )
    body = posts_of("local-no-answer")[0].body
    keep(Quarantine.Kind.CDR, body, "It could not be stored.", content_type="application/json", leg_uuid="a" * 36)
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/quarantine/")
    assert fits(page)
    page.get_by_role("link", name="It could not be stored.").click()
    expect(page.get_by_role("region", name="What came")).to_contain_text("callflow")
    assert fits(page)
    page.get_by_role("button", name="Try it again").click()
    expect(page.get_by_role("status").first).to_contain_text("its call is in the list")
    page.get_by_role("link", name="Quarantine").last.click()
    page.get_by_role("link", name="Cut off.").click()
    expect(page.get_by_text("<b>12025550123</b>")).to_be_visible()
    page.get_by_role("button", name="Try it again").click()
    expect(page.get_by_role("status").first).to_contain_text("still cannot be read")
    page.get_by_role("link", name="Discard").click()
    assert fits(page)
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    assert fits(page)
    assert {*Quarantine.objects.values_list("state", flat=True)} == {"retried", "discarded"}
    assert complaints == []
