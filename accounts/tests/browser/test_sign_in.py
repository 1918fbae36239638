"""The story of signing in and out, in a real Chromium: what the content security policy forbids would show only here."""

import re
from base64 import b32decode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from accounts.models import Invitation, Role, User
from accounts.tests.auth0 import AUDIENCE
from accounts.tests.tenant import ALEXIS, NICO, SAM
from demo.auth0 import Auth0StandIn
from portal.tests.browser import fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture
def auth0(live_server: Any, configure_auth0: Callable[[Auth0StandIn, str], None]) -> Iterator[Auth0StandIn]:
    site = live_server.url
    with Auth0StandIn(
        people=(SAM, ALEXIS, NICO), callbacks=[f"{site}/complete/auth0/"], logout_urls=[f"{site}/login"], audiences=[AUDIENCE]
    ) as stand_in:
        configure_auth0(stand_in, site)
        yield stand_in


def at_auth0(page: Page, name: str) -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=name).click()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_in_to_the_page_first_asked_for_and_out(
    auth0: Auth0StandIn, open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int, live_server: Any
) -> None:
    Invitation.objects.create(email="sam@mediamagic.example")
    page = open_page("/?answered=true", scheme, width)
    expect(page.get_by_text("Please sign in to see that page.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_hidden()
    assert fits(page)
    at_auth0(page, "Sam Whitfield")
    page.wait_for_url(f"{live_server.url}/?answered=true")
    expect(page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
    if width < 1000:
        page.get_by_role("button", name="Menu").click()
    expect(page.get_by_text("Staff")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{live_server.url}/login")
    page.goto(live_server.url)
    page.wait_for_url(f"{live_server.url}/login?next=/")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Sam Whitfield")).to_be_visible()
    assert complaints == []


def test_who_is_signed_in_at_auth0_already_is_asked_nothing(
    auth0: Auth0StandIn, open_page: Callable[..., Page], complaints: list[str], live_server: Any
) -> None:
    """The answer of the form leads to Auth0 and straight back: the policy has to let the whole way pass."""
    page = open_page("/login")
    at_auth0(page, "Sam Whitfield")
    expect(page.get_by_role("heading", name="My calls")).to_be_visible()
    page.context.clear_cookies(name="sessionid")
    page.goto(f"{live_server.url}/?answered=true")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{live_server.url}/?answered=true")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_who_may_not_come_in_reads_why_and_can_take_another_account(
    auth0: Auth0StandIn, open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int, live_server: Any
) -> None:
    page = open_page("/login", scheme, width)
    at_auth0(page, "Nico Brandt")
    expect(page.get_by_role("heading", name="Your e-mail address is not verified")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="Use another account").click()
    page.wait_for_url(f"{live_server.url}/login")
    at_auth0(page, "Sam Whitfield")
    expect(page.get_by_role("heading", name="My calls")).to_be_visible()
    # Chromium itself writes down every 403.
    assert [text for text in complaints if "status of 403" not in text] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_superusers_second_factor(
    auth0: Auth0StandIn, open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int, live_server: Any
) -> None:
    User.objects.create_superuser("boss", PASSWORD)
    page = open_page("/login?next=/account/second-factor", scheme, width)
    page.get_by_text("Sign in with a password").click()
    page.get_by_label("Name").fill("boss")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in with the password").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()
    picture = page.get_by_alt_text("The key, to scan with an authenticator app")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the policy lets it be drawn"
    assert fits(page)
    totp = TOTP(b32decode(page.locator("#secret").inner_text().replace(" ", "")))
    page.get_by_label("Code").fill(f"{totp.token():06d}")
    page.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()
    assert len(codes) == 10
    assert fits(page)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()

    again = open_page("/login", scheme, width)
    again.get_by_text("Sign in with a password").click()
    again.get_by_label("Name").fill("boss")
    again.get_by_label("Password", exact=True).fill(PASSWORD)
    again.get_by_role("button", name="Sign in with the password").click()
    expect(again.get_by_role("heading", name="One more step")).to_be_visible()
    assert fits(again)
    again.get_by_label("Code").fill("wrong")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("is not right")
    # The wrong one costs a second.
    again.wait_for_timeout(1100)
    again.get_by_label("Code").fill(codes[0])
    again.get_by_role("button", name="Sign in").click()
    again.wait_for_url(f"{live_server.url}/")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_an_admin_invites_and_withdraws(
    auth0: Auth0StandIn, open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int
) -> None:
    Invitation.objects.create(email="alexis@mediamagic.example", role=Role.ADMIN)
    page = open_page("/invitations/", scheme, width)
    at_auth0(page, "Alexis Moreau")
    page.get_by_label("E-mail address").fill("a.rather.long.name.of.somebody@with.an.equally.long.domain.example.com")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("is invited")
    row = page.get_by_role("row").filter(has_text="a.rather.long.name")
    expect(row).to_contain_text("Open")
    assert fits(page)
    row.get_by_role("button", name=re.compile("^Withdraw")).click()
    expect(page.get_by_role("row").filter(has_text="a.rather.long.name")).to_contain_text("Withdrawn")
    assert complaints == []
