"""The story of a reader who is not signed in: reads, copies a line, searches and asks, in a real Chromium."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [("light", 1560), ("dark", 1560), ("light", 390), ("dark", 390)]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_read_copy_search_ask(open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int) -> None:
    page = open_page("/docs/", scheme, width)
    expect(page.get_by_role("heading", name="Documentation", level=1)).to_be_visible()
    if width < 600:
        page.get_by_text("All pages").click()
    page.get_by_role("navigation", name="Documentation").get_by_role("link", name="The FreeSWITCH service API").click()
    expect(page.get_by_role("heading", name="Assign number")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    login = page.locator(".doc-code", has_text="auth/login")
    login.hover()
    login.get_by_role("button", name="Copy").click()
    expect(login.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -X GET http")

    page.get_by_label("Search or ask").fill("why does my phone get 403?")
    page.get_by_label("Search or ask").press("Enter")
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("The password is wrong")
    answer.get_by_role("link", name="A phone is refused with 403").first.click()
    expect(page).to_have_url(re.compile(r"/docs/phones#a-phone-is-refused-with-403$"))

    page.get_by_label("Ask in your own words").fill('<img src=x onerror="alert(1)"> bread')
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("not in the documentation")
    expect(page.get_by_role("heading", name="Phones", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


def test_every_page_keeps_to_its_policy_and_its_width(open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page("/docs/", "light", 390)
    paths = page.evaluate(
        "[...document.querySelectorAll('nav[aria-label=Documentation] a')].map((link) => link.getAttribute('href'))"
    )
    assert len(paths) > 15
    for path in paths:
        page.goto(page.url.split("/docs/")[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert complaints == []


def test_without_a_clipboard_the_code_is_selected(open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page("/docs/")
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined });")
    page.reload()
    page.locator(".doc-code").first.hover()
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Press Ctrl+C")).to_be_visible()
    assert "curl" in page.evaluate("getSelection().toString()")
    assert complaints == []
