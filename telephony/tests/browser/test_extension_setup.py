"""The story of a new extension: staff make it, give it away, set it up for a phone, and have it forwarded."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from portal.tests.browser import fits
from telephony.models import Assignment, Domain, Extension, Number, Provider
from telephony.services.credentials import ha1_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = [("light", 1280), ("dark", 1280), ("light", 390)]


@pytest.mark.parametrize(("scheme", "width"), WIDTHS)
def test_an_extension_is_made_and_given_away(
    open_as_staff: Callable, complaints: list[str], live_server: Any, make_person: Callable, domain: Domain, settings: Any,
    scheme: str, width: int,
) -> None:  # fmt: skip
    settings.FREESWITCH_ESL = None
    make_person("anna", email="anna@example.com")
    make_person("hannah")
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme Carrier"))
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/extensions/")
    page.get_by_role("link", name="New extension").click()
    expect(page.get_by_label("Which number")).to_be_hidden()
    page.get_by_label("Number", exact=True).fill("911")
    page.get_by_role("button", name="Make the extension").click()
    expect(page.get_by_text("Extensions have a number from 1000 to 9999.")).to_be_visible()
    assert fits(page)
    page.get_by_label("Number", exact=True).fill("2345")
    page.get_by_role("button", name="Make the extension").click()
    expect(page.get_by_role("status")).to_contain_text("2345@pbx.example.com is made.")
    assert fits(page)

    page.get_by_role("link", name="Assign").click()
    page.get_by_role("searchbox", name="Person").press_sequentially("ann", delay=20)
    found = page.get_by_role("radiogroup", name="People found")
    expect(found.get_by_role("radio")).to_have_count(2)
    found.get_by_label("anna", exact=False).first.check()
    page.get_by_role("searchbox", name="Person").fill("hannah")
    expect(found.get_by_role("radio", checked=True)).to_have_count(1)
    page.get_by_label("With a number").select_option(label="The next free number")
    assert fits(page)
    page.get_by_role("button", name="Assign it").click()
    expect(page.get_by_role("status")).to_contain_text("anna holds 2345@pbx.example.com")
    expect(page.get_by_role("region", name="Who has it")).to_contain_text("+1 703-687-9447")
    held = Assignment.objects.get()
    assert (held.user.name, held.extension.number) == ("anna", "2345")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), WIDTHS)
def test_a_password_is_scanned_once_and_gone(
    open_as_staff: Callable, complaints: list[str], live_server: Any, make_person: Callable, hold: Callable, settings: Any,
    scheme: str, width: int,
) -> None:  # fmt: skip
    settings.FREESWITCH_ESL = None
    held = hold(make_person("anna"), "1006", "17036879447")
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/extensions/{held.extension_id}/sip-password")
    page.get_by_role("button", name="Set a new password").click()
    expect(page.locator("#new-password")).to_have_text(re.compile(r"^[A-Za-z0-9]{24}$"))
    password = page.locator("#new-password").inner_text()
    account = page.get_by_role("img", name="The account, to scan with Grandstream Wave")
    alone = page.get_by_role("img", name="The password, to scan with a camera")
    expect(account).to_be_visible()
    expect(alone).to_be_hidden()
    # One at a time, lest a camera takes the other one.
    page.get_by_text("Any other app").click()
    expect(alone).to_be_visible()
    expect(account).to_be_hidden()
    drawn = alone.locator("path").get_attribute("d")
    assert drawn is not None
    assert fits(page)
    assert ha1_of(Extension.objects.get(pk=held.extension_id))

    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("region", name="Who has it")).to_contain_text("anna")
    page.go_back()
    page.wait_for_load_state()
    for content in (page.content(), page.evaluate("fetch(location.href).then((answer) => answer.text())")):
        assert password not in content
        assert drawn not in content
    assert page.locator("[data-secret]").count() == 0
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), WIDTHS)
def test_it_is_forwarded_to_where_one_may_call(
    open_as_staff: Callable, complaints: list[str], live_server: Any, make_person: Callable, hold: Callable, settings: Any,
    scheme: str, width: int,
) -> None:  # fmt: skip
    settings.FREESWITCH_ESL = None
    held = hold(make_person("anna"), "1006", "17036879447")
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/extensions/{held.extension_id}/")
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Forward to").fill("+1 876 555 0123")
    page.get_by_label("Calls at once").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_contain_text("may not be called")
    assert fits(page)
    page.get_by_label("Forward to").fill("(240) 301-9517")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="How it is set")).to_contain_text("+1 240-301-9517")
    expect(page.get_by_role("region", name="How much it may call outside")).to_contain_text("5 (default 2)")
    expect(page.get_by_role("region", name="What was done to it")).to_contain_text("extension.changed")
    assert fits(page)
    assert complaints == []
