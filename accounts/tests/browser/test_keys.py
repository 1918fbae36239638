"""The story of a person who makes a key, copies it once and revokes it, in a real Chromium."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import ApiKey, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"


@pytest.fixture
def keys_page(open_page: Callable[..., Page], live_server: Any) -> Callable[..., Page]:
    """Open the keys of a person who is signed in, in a browser of her own."""
    anna = User.objects.create_user("anna", name="Anna")

    def open_it(*looks: Any) -> Page:
        page = open_page("/login", *looks)
        client = Client()
        client.force_login(anna, backend="accounts.backends.RoleBackend")
        page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url, "httpOnly": True}]
        )
        page.goto(f"{live_server.url}/keys/")
        return page

    return open_it


def make(page: Page, name: str = "Nightly report") -> str:
    """Fill in the form and send it; return the key as the page shows it."""
    page.get_by_role("link", name="New key").click()
    page.get_by_label("What is it for?").fill(name)
    page.get_by_label("calls:read").check()
    page.get_by_role("button", name="Make the key").click()
    shown = page.locator("#new-key")
    expect(shown).to_have_text(KEY)
    return shown.inner_text()


def kept_by(page: Page) -> str:
    """Return all that the browser keeps of the portal's pages beside the page itself."""
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state, location.href, document.cookie])")
    return f"{stored}{json.dumps(page.context.cookies())}{page.content()}"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_make_copy_load_anew_revoke(keys_page: Callable[..., Page], complaints: list[str], scheme: str, width: int) -> None:
    page = keys_page(scheme, width)
    expect(page.get_by_text("You have no keys yet")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    key = make(page)
    assert Client().get("/api/v2/call-recording", headers={"x-mediamagic-key": key}).status_code == 200
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.reload()
    expect(page.get_by_role("heading", name="My keys")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert key not in kept_by(page)
    page.go_back()
    expect(page.get_by_role("heading", name="New key")).to_be_visible()
    assert key not in kept_by(page)
    page.go_forward()
    expect(page.locator("tbody tr")).to_contain_text("Nightly report")
    assert key not in kept_by(page)
    assert ApiKey.objects.count() == 1

    page.get_by_role("link", name="Revoke Nightly report").click()
    page.get_by_role("link", name="Keep it").click()
    expect(page.locator("tbody tr")).to_contain_text("Active")
    page.get_by_role("link", name="Revoke Nightly report").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("tbody tr")).to_contain_text("Revoked")
    assert Client().get("/api/v2/call-recording", headers={"x-mediamagic-key": key}).status_code == 401
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


def test_a_key_is_gone_when_its_page_was_left(keys_page: Callable[..., Page], complaints: list[str]) -> None:
    page = keys_page()
    key = make(page)
    page.get_by_role("link", name="My calls").click()
    expect(page.get_by_role("heading", name="My calls")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="My keys")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert key not in kept_by(page)
    assert ApiKey.objects.count() == 1
    assert complaints == []


def test_without_a_clipboard_the_key_is_selected(keys_page: Callable[..., Page], complaints: list[str]) -> None:
    page = keys_page()
    page.add_init_script(WITHOUT_CLIPBOARD)
    key = make(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Selected: press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString().trim()") == key
    assert complaints == []


def test_without_scripts_loading_anew_makes_no_second_key(
    chromium: Any, live_server: Any, keys_page: Callable[..., Page]
) -> None:
    cookies = keys_page().context.cookies()
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{live_server.url}/keys/")
    key = make(page)
    # The browser sends the form again.
    page.reload()
    expect(page.get_by_text("This form was sent before")).to_be_visible()
    assert key not in page.content()
    assert ApiKey.objects.count() == 1
    context.close()
