"""The story of a webhook: made, tried, seen to arrive without a reload, redelivered, and disabled when its receiver is gone."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from accounts.models import User
from webhooks.tests.receiver import Receiver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def work() -> None:
    call_command("worker", "--until-idle", "--threads", "1", stdout=StringIO())


def is_sound(page: Page) -> None:
    """See that a page fits its window, and that nothing keeps a screen reader from it."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # The rail is every page's.
    found = Axe().run(page, context="main").response["violations"]
    assert [(each["id"], node["html"]) for each in found for node in each["nodes"]] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_webhook_from_its_making_to_its_end(
    open_page: Callable[..., Page], complaints: list[str], make_person: Callable[..., User], client: Client, live_server: Any,
    receiver: Receiver, scheme: str, width: int,
) -> None:  # fmt: skip
    page = open_page("/login", scheme, width)
    client.force_login(make_person("anna"))
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page.goto(f"{live_server.url}/webhooks/")
    is_sound(page)
    page.get_by_role("link", name="Make your first webhook").click()
    is_sound(page)
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_label("What is it for?").fill("CRM")
    page.get_by_role("button", name="Make the webhook").click()
    secret = page.locator("#new-secret").text_content() or ""
    is_sound(page)
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("It is about to be sent.")).to_be_visible()
    is_sound(page)
    receiver.answers, receiver.body = [200], b"thanks"
    work()
    # Without a reload.
    expect(page.locator("#delivery")).to_contain_text("Delivered", timeout=15_000)
    expect(page.locator("#delivery")).to_contain_text("thanks")
    is_sound(page)
    receiver.answers = [410]
    page.get_by_role("button", name="Redeliver").click()
    work()
    expect(page.locator("#delivery")).to_contain_text("It answered 410.", timeout=15_000)
    assert [Webhook(secret).verify(each.body, each.headers)["type"] for each in receiver.messages] == ["webhook.test"] * 2
    page.get_by_role("navigation", name="Breadcrumbs").get_by_role("link", name="CRM").click()
    expect(page.get_by_text("It was disabled by the portal")).to_be_visible()
    is_sound(page)
    page.get_by_role("button", name="Enable").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("You have no webhooks yet")).to_be_visible()
    assert complaints == []
