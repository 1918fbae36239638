"""The pages with the most foreign texts, in a real Chromium: nothing of them runs, loads or is drawn as anything but text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from demo.auth0 import Auth0StandIn
from portal.tests.everywhere.hostile import Hostile
from portal.tests.everywhere.payloads import PAYLOADS
from portal.tests.permission_scene import Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

WORST = (
    "/?q=", "/live/", "/extensions/", "/keys/?of=everybody", "/bans/", "/audit/", "/search/?q=zq", "/people/", "/numbers/", "/numbers/import",
    "/domains/", "/providers/", "/gateways/", "/switches/", "/quarantine/", "/webhooks/", "/call-links/", "/dashboard/",
)  # fmt: skip
DETAILS = (
    "/people/{user_id}/", "/numbers/{number_id}/", "/numbers/imports/{import_id}/", "/numbers/changes/{change_id}/", "/domains/{domain_id}/",
    "/providers/{provider_id}/", "/gateways/{gateway_id}/", "/switches/{switch_id}/", "/quarantine/{entry_id}/", "/webhooks/{webhook_id}/",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/", "/call-links/{link_id}/",
)  # fmt: skip
# The elements that reach beyond the window, where it can be scrolled sideways.
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth).map((each) => `${each.tagName}.${each.className}`).slice(-5)"""
PLANTED = (
    "[hx-trigger='load'][hx-get='/logout'], iframe, object, embed, math, base, [onload], [onerror], [onclick], [style*='inset']"
)


def test_nothing_of_it_comes_alive(
    open_page: Callable[..., Page], auth0: Auth0StandIn, settings: Any, tmp_path: Path, live_server: Any, complaints: list[str]
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    scene = Scene(auth0).build()
    hostile = Hostile(scene.people["root"]).plant()
    page = open_page("/login")
    asked: list[str] = []
    opened: list[str] = []
    wide: list[tuple[str, list[str]]] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    session = scene.clients["session of root"].cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    details = [f"/calls/{hostile.parameters[place]['call_id']}/" for place in range(0, len(PAYLOADS), 2)]
    details += [f"/extensions/{hostile.parameters[place]['extension_id']}/" for place in range(1, len(PAYLOADS), 6)]
    details += [each.format(**hostile.parameters[place]) for each in DETAILS for place in (2, 17, 44)]
    for address in (*WORST, *details):
        page.goto(f"{live_server.url}{address}")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert page.locator(PLANTED).count() == 0, address
        wide += [(address, page.evaluate(TOO_WIDE))] if page.evaluate(TOO_WIDE) else []
    page.goto(f"{live_server.url}/")
    page.keyboard.press("/")
    page.keyboard.type("zq1")
    page.wait_for_selector("#search-list [role=option]")
    assert page.locator(PLANTED).count() == 0
    assert wide == []
    assert opened == []
    assert complaints == []
    assert [url for url in asked if not url.startswith(live_server.url)] == []
    assert not [url for url in asked if url.endswith("/logout")]
