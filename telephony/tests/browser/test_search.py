"""The story of somebody who looks for something, with the keyboard alone; and that one's place is kept when a part is fetched anew."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Role, User
from telephony.models import Call, Extension, Leg, LiveCall, Switch
from telephony.tests.captures import posts_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(make_person: Callable[..., User], hold: Callable, post_cdr: Callable) -> dict[str, User]:
    people = {"anna": make_person("anna", email="anna@example.org"), "sam": make_person("sam", Role.STAFF)}
    hold(people["anna"], "1006", "17036879447")
    for post in posts_of("local-answered"):
        post_cdr(post)
    return people


@pytest.fixture
def enter(open_page: Callable[..., Page], people: dict[str, User], client: Client, live_server: Any) -> Callable[..., Page]:
    def enter(who: str, path: str = "/", scheme: str = "light", width: int = 1280) -> Page:
        page = open_page("/login", scheme, width)
        client.force_login(people[who])
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page.goto(f"{live_server.url}{path}")
        return page

    return enter


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_found_by_the_keyboard_alone(
    enter: Callable[..., Page], complaints: list[str], live_server: Any, scheme: str, width: int
) -> None:
    page = enter("sam", "/audit/", scheme, width)
    field = page.get_by_role("combobox", name="Search numbers, people, extensions and calls")
    expect(field).to_be_visible()
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.type("100")
    options = page.get_by_role("listbox", name="Found").get_by_role("option")
    expect(options.first).to_contain_text("1006")
    expect(field).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = page.locator("#search-list").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "none")
    page.keyboard.press("ArrowUp")
    expect(field).not_to_have_attribute("aria-activedescendant", "found-extension-1")
    page.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_focused()
    expect(field).to_have_value("100")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/extensions/{Extension.objects.get(number='1006').pk}/")
    assert complaints == []


def test_escape_leads_back_and_ctrl_k_leads_there(enter: Callable[..., Page], complaints: list[str]) -> None:
    page = enter("sam", "/audit/")
    button = page.get_by_role("button", name="Find")
    button.focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search numbers, people, extensions and calls")
    expect(field).to_be_focused()
    page.keyboard.type("an/na")
    expect(field).to_have_value("an/na")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    # A slash in another field is a slash.
    page.get_by_label("Who", exact=True).focus()
    page.keyboard.type("/")
    expect(page.get_by_label("Who", exact=True)).to_have_value("/")
    assert complaints == []


def test_enter_without_a_choice_shows_the_page(enter: Callable[..., Page], complaints: list[str], live_server: Any) -> None:
    page = enter("anna")
    page.keyboard.press("/")
    page.keyboard.type(Call.objects.get().call_uuid)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/search/?q=*")
    page.get_by_role("main").get_by_role("link", name="1006 → 1005").click()
    expect(page.get_by_role("heading", name="1006")).to_be_visible()
    page.go_back()
    page.keyboard.press("/")
    page.keyboard.type("zzz")
    expect(page.get_by_role("listbox", name="Found")).to_contain_text("Nothing is found.")
    assert complaints == []


def test_ones_place_is_kept_when_a_part_is_fetched_anew(
    enter: Callable[..., Page], complaints: list[str], people: dict[str, User], live_server: Any
) -> None:
    switch = Switch.objects.get()
    calls = [
        LiveCall.objects.create(switch=switch, call_uuid=f"00000000-0000-4000-8000-00000000000{each}", caller_number=f"100{each}",
                                started_at=Call.objects.get().started_at)
        for each in range(2)
    ]  # fmt: skip
    page = enter("sam", "/live/")
    link = page.locator(f"#hang-up-{calls[0].pk}")
    link.focus()
    with page.expect_response("**/live/now"):
        pass
    page.wait_for_timeout(200)
    expect(link).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    # A list without ids of its own: the same row's link.
    page.goto(f"{live_server.url}/")
    row = page.locator("a.row-link").first
    row.focus()
    with page.expect_response(lambda response: response.url == f"{live_server.url}/"):
        page.evaluate("htmx.trigger(document.body, 'calls-changed')")
    page.wait_for_timeout(200)
    expect(row).to_be_focused()
    assert complaints == []


def test_figures_are_written_as_their_reader_does(
    chromium: Any, live_server: Any, people: dict[str, User], client: Client
) -> None:
    Leg.objects.update(mos=4.3, jitter_ms=1234, packet_loss=0.0)
    client.force_login(people["sam"])
    for locale, text in (
        ("de-DE", "4,3|1.234 ms|0,0 %"),
        ("en-US", "4.3|1,234 ms|0.0 %"),
        ("fr-FR", "4,3|1\u202f234 ms|0,0 %"),
    ):
        context = chromium.new_context(locale=locale)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/calls/{Call.objects.get().pk}/")
        assert "|".join(page.get_by_role("region", name="How it sounded").get_by_role("definition").all_inner_texts()) == text
        context.close()
