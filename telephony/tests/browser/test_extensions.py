"""The story of a phone that is taken away: staff find the extension, close it, and see what the switch did; and a ban."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from demo.switch.portal import Portal
from portal.tests.browser import fits
from telephony.models import BannedAddress, RevocationErrand
from telephony.services.call_links.placing import place
from telephony.services.revocations import errands
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import until
from telephony.tests.simulated_switch import simulated

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_phone_is_taken_away(
    open_as_staff: Callable, complaints: list[str], live_server: Any, settings: Any, make_person: Callable, hold: Callable,
    scheme: str, width: int,
) -> None:  # fmt: skip
    anna = make_person("anna")
    hold(anna, "1006", "17036879447")
    settings.PUBLIC_URL = live_server.url
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with simulated(settings, pace=0.05, talk=1000.0, portal=portal) as switch:
        page = open_as_staff(scheme, width)
        page.goto(f"{live_server.url}/extensions/")
        assert fits(page)
        page.get_by_role("link", name="1006").click()
        expect(page.get_by_role("list", name="Registered phones")).to_contain_text("127.0.0.1:")
        assert fits(page)
        place(anna, "1006", "2403019517")
        until(lambda: len([leg for leg in switch.exchange.legs() if leg.times.bridged]) == 2)
        page.get_by_role("link", name="Close").click()
        assert fits(page)
        page.get_by_role("button", name="Close it").click()
        proof = page.locator("#revocations")
        expect(proof).to_contain_text("Closed, by sam")
        expect(proof.locator("summary .outcome")).to_have_text("Done")
        expect(proof).to_contain_text("1 phone forgotten")
        expect(proof).to_contain_text("Call ended")
        expect(page.get_by_text("No phone is registered.", exact=True)).to_be_visible()
        assert fits(page)
        until(lambda: not switch.exchange.legs())
        page.get_by_role("button", name="Open again").click()
        expect(page.get_by_role("link", name="New SIP password")).to_be_visible()
        page.get_by_role("link", name="New SIP password").click()
        page.get_by_role("button", name="Set a new password").click()
        expect(page.locator("#new-password")).to_have_text(re.compile(r"^[A-Za-z0-9]{24}$"))
        assert fits(page)
        page.reload()
        expect(page.locator("#revocations summary")).to_have_count(2)
        assert switch.end_calls(10)
    assert complaints == []


def test_what_waits_for_a_switch_is_seen_to_be_done(
    open_as_staff: Callable, complaints: list[str], live_server: Any, settings: Any, make_person: Callable, hold: Callable
) -> None:
    held = hold(make_person("anna"), "1006", "17036879447")
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    page = open_as_staff("light", 1280)
    page.goto(f"{live_server.url}/extensions/{held.extension_id}/close")
    page.get_by_role("button", name="Close it").click()
    proof = page.locator("#revocations")
    expect(proof.locator("summary .outcome")).to_have_text("Pending")
    expect(proof).to_contain_text("Not done yet")
    with simulated(settings) as switch:
        RevocationErrand.objects.update(event_socket=f"127.0.0.1:{switch.port}")
        assert errands.repeat(settings.FREESWITCH_ESL, whenever=True) == 1
        # Without a reload.
        expect(proof.locator("summary .outcome")).to_have_text("Done", timeout=15_000)
        expect(proof).to_contain_text("No phone is registered any more.")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_an_address_is_banned_and_the_ban_lifted(
    open_as_staff: Callable, complaints: list[str], live_server: Any, scheme: str, width: int
) -> None:
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/bans/")
    page.get_by_label("Address or network").fill("203.0.113.9")
    page.get_by_label("Why").fill("guesses passwords")
    page.get_by_role("button", name="Ban", exact=True).click()
    expect(page.get_by_role("region", name="Bans")).to_contain_text("203.0.113.9")
    assert BannedAddress.objects.get().reason == "guesses passwords"
    assert fits(page)
    page.get_by_role("button", name="Lift the ban of 203.0.113.9").click()
    expect(page.get_by_text("Nobody is banned")).to_be_visible()
    assert complaints == []
