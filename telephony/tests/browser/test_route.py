"""The story of a member of staff who wants to know where a call would go."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Role, User
from telephony.models import Extension, Gateway

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_ask_where_a_call_goes(
    open_page: Callable[..., Page],
    complaints: list[str],
    live_server: object,
    make_person: Callable[..., User],
    hold: Callable,
    client: Client,
    scheme: str,
    width: int,
) -> None:
    ann = hold(make_person("ann"), "1006", "17036879447")
    hold(make_person("bob"), "1005", "17036879448")
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": ann.extension.domain})
    Extension.objects.filter(number="1005").update(forward_to="12403019517", display_name="<script>alert(1)</script>")
    client.force_login(make_person("sam", Role.STAFF))
    page = open_page("/login", scheme, width)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": page.url.removesuffix("/login")}]
    )
    page.goto(page.url.replace("/login", "/"))
    if width < 500:
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Where a call goes").click()
    page.get_by_label("Who calls").fill("1006")
    page.get_by_label("What is dialled").fill("1005")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("The call rings 1005@pbx.example.com, then")
    expect(page.get_by_role("region", name="What the switch is told")).to_contain_text("user/1005@pbx.example.com")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.get_by_label("What is dialled").fill("18765551234")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("OUTGOING_CALL_BARRED")
    expect(page.get_by_role("region", name="Why")).to_contain_text("in a country that may not be called")
    page.get_by_label("Who calls").fill("nobody in particular")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is neither an extension")).to_be_visible()
    assert complaints == []
