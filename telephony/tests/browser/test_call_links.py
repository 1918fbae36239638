"""The story of a call link on the console's first page: it rings, talks, ends, and is found among the calls."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from demo.switch.exchange import Settings
from demo.switch.portal import Portal
from demo.switch.simulator import SimulatedSwitch
from telephony.services.call_links.placing import place
from telephony.switch.esl import SwitchAddress
from telephony.tests.listener import listener

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_link_is_seen_as_it_happens(
    open_page: Callable[..., Page],
    complaints: list[str],
    live_server: Any,
    settings: Any,
    tmp_path: Path,
    make_person: Callable[..., User],
    hold: Callable,
    client: Client,
    scheme: str,
    width: int,
) -> None:
    anna = make_person("anna")
    hold(anna, "1006", "17036879447")
    settings.PUBLIC_URL, settings.RECORDINGS_ROOT = live_server.url, tmp_path
    settings.FREESWITCH_RECORDINGS_DIR = "/recordings"
    portal = Portal(live_server.url, django_settings.FREESWITCH_HTTP_USER, django_settings.FREESWITCH_HTTP_PASSWORD)
    with ExitStack() as stack:
        switch = stack.enter_context(
            SimulatedSwitch(Settings(password="simulated", pace=0.5, talk=8.0, heartbeat=0.5, portal=portal))
        )
        settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", switch.port, "simulated")
        # It follows the switches that there are when it begins.
        stack.enter_context(listener())
        page = open_page("/login", scheme, width)
        client.force_login(anna)
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page.goto(live_server.url)
        expect(page.get_by_text("No calls yet")).to_be_visible()
        place(anna, "1006", "2403019517")
        live = page.get_by_role("region", name="Call links under way")
        expect(live).to_contain_text("+1 240-301-9517")
        expect(live.locator(".outcome")).to_have_text("Talking", timeout=15_000)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        expect(live.locator(".outcome")).to_have_text("Completed", timeout=15_000)
        # Without a reload: the call is in the list, and its recording can be played.
        expect(page.locator("#calls tbody tr")).to_have_count(1, timeout=15_000)
        expect(page.locator("[data-play]")).to_be_visible(timeout=15_000)
    assert complaints == []
