"""The story of somebody new: a number, a phone, a call that the portal places, and one that is cancelled."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from demo.switch.directory import a1_hash_of
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from portal.tests.browser import fits
from telephony.models import CallLink, Domain, Extension, Number, Provider
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [("light", 1280), ("dark", 1280), ("light", 390)]


@pytest.fixture
def open_as(open_page: Callable[..., Page], client: Client, live_server: Any) -> Callable[..., Page]:
    def open_it(person: User, scheme: str = "light", width: int = 1280) -> Page:
        page = open_page("/login", scheme, width)
        client.force_login(person)
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page.goto(live_server.url)
        return page

    return open_it


@pytest.fixture
def switch(settings: Any, live_server: Any, tmp_path: Path) -> Iterator[SimulatedSwitch]:
    settings.PUBLIC_URL, settings.RECORDINGS_ROOT = live_server.url, tmp_path
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with ExitStack() as stack:
        started = stack.enter_context(
            SimulatedSwitch(Settings(password="simulated", pace=0.4, talk=6.0, heartbeat=0.5, portal=portal))
        )
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", started.port, "simulated")
        stack.enter_context(listener())
        yield started


def registers(switch: SimulatedSwitch, exten: str, password: str) -> bool:
    """Let a phone prove itself as the portal's directory has it."""
    exchange = switch.exchange
    return exchange.registrar.register(exten, password, "203.0.113.9", lambda user, at: a1_hash_of(exchange, user, at))


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_somebody_new_gets_a_number_and_sets_up_a_phone(
    open_as: Callable[..., Page], complaints: list[str], make_person: Callable[..., User], domain: Domain, switch: SimulatedSwitch,
    scheme: str, width: int,
) -> None:  # fmt: skip
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme Carrier"))
    page = open_as(make_person("anna"), scheme, width)
    expect(page.get_by_role("heading", name="Welcome, anna")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="Get a number").click()
    assert fits(page)
    page.get_by_label("Area code, if you wish for one").fill("703")
    page.get_by_role("button", name="Get a number").click()
    expect(page.locator("#own-number")).to_have_text("+1 703-687-9447")
    assert fits(page)
    page.get_by_role("link", name="Set up a phone").first.click()
    assert fits(page)
    page.get_by_role("button", name="Make a SIP password").click()
    shown = page.locator("#new-password")
    expect(shown).to_have_text(re.compile(r"^[A-Za-z0-9]{24}$"))
    password = shown.inner_text()
    expect(page.get_by_role("img", name="The account, to scan with Grandstream Wave")).to_be_visible()
    page.get_by_text("Any other app").click()
    expect(page.get_by_role("img", name="The password, to scan with a camera")).to_be_visible()
    assert fits(page)
    page.locator(".phone-kinds summary", has_text="Linphone").click()
    expect(page.get_by_text("Outbound SIP proxy URI")).to_have_count(0)
    assert fits(page)
    # Without a reload it turns green when a phone has registered with that password.
    exten = Extension.objects.get().number
    expect(page.get_by_text("No phone is registered yet.")).to_be_visible()
    assert not registers(switch, exten, "wrong")
    assert registers(switch, exten, password)
    expect(page.get_by_text("It works: 1 phone registered.")).to_be_visible(timeout=15_000)
    assert fits(page)
    # Gone after leaving, whichever way one comes back.
    page.get_by_role("link", name="I have entered it").click()
    page.go_back()
    expect(page.get_by_role("heading", name="Set up a phone")).to_be_visible()
    assert password not in page.content()
    expect(page.get_by_text("A password is set, and cannot be looked up")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_a_link_is_placed_and_seen_to_its_end(
    open_as: Callable[..., Page], complaints: list[str], make_person: Callable[..., User], hold: Callable, live_server: Any,
    switch: SimulatedSwitch, scheme: str, width: int,
) -> None:  # fmt: skip
    anna = make_person("anna")
    hold(anna, "1006", "17036879447")
    page = open_as(anna, scheme, width)
    page.goto(f"{live_server.url}/call-links/")
    page.get_by_role("link", name="Place the first one").click()
    assert fits(page)
    # Refused beside its field, and what was typed stays.
    page.get_by_label("Whom to call").fill("911")
    page.get_by_role("button", name="Place the call link").click()
    expect(page.locator("#destination-error")).to_contain_text("Emergency numbers")
    page.get_by_label("Whom to call").fill("(240) 301-9517")
    page.get_by_role("button", name="Place the call link").dblclick()
    now = page.get_by_role("region", name="How far it has come")
    expect(now.get_by_role("status")).to_have_text("Talking", timeout=15_000)
    expect(page.get_by_role("button", name="Hang up")).to_be_visible()
    assert fits(page)
    expect(now.get_by_role("status")).to_have_text("Completed", timeout=15_000)
    page.get_by_role("link", name="The call", exact=True).click(timeout=15_000)
    expect(page.get_by_role("link", name="Call again")).to_have_attribute("href", "/call-links/new?to=12403019517")
    assert fits(page)
    assert CallLink.objects.count() == 1, "however often it was clicked"
    page.goto(f"{live_server.url}/call-links/")
    expect(page.locator("table.links tbody tr")).to_have_count(1)
    expect(page.locator("table.links .outcome")).to_have_text("Completed")
    assert fits(page)
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_one_is_placed_on_the_live_page_and_cancelled_there(
    open_as: Callable[..., Page], complaints: list[str], make_person: Callable[..., User], hold: Callable, live_server: Any,
    switch: SimulatedSwitch, scheme: str, width: int,
) -> None:  # fmt: skip
    anna = make_person("anna")
    hold(anna, "1006", "17036879447")
    page = open_as(anna, scheme, width)
    page.goto(f"{live_server.url}/live/")
    page.get_by_role("link", name="Place a call link").click()
    page.get_by_label("Whom to call").fill("x")
    page.get_by_role("button", name="Place the call link").click()
    expect(page.locator("#destination-error")).to_contain_text("Not a phone number")
    page.get_by_label("Whom to call").fill("2403019517")
    page.get_by_role("button", name="Place the call link").click()
    assert page.url == f"{live_server.url}/live/", "in place"
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("region", name="How far it has come").get_by_role("status")).to_have_text(
        "Cancelled", timeout=15_000
    )
    assert fits(page)
    assert CallLink.objects.get().status == "cancelled"
    assert switch.end_calls(10)
    assert complaints == []
