"""Every page in a real Chromium, in each look: axe finds nothing, the browser complains of nothing, nothing is too wide."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from demo.auth0 import Auth0StandIn
from portal.tests.console_pages import VIEWERS, addresses
from portal.tests.permission_scene import Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "narrow": ("light", 390), "narrow and dark": ("dark", 390)}
# What everybody comes to without a session, or by mistake.
DOORS = ("/login", "/no/such/page", "/docs/")


@pytest.fixture
def scene(auth0: Auth0StandIn, settings: Any, tmp_path: Path) -> Scene:
    settings.RECORDINGS_ROOT = tmp_path
    return Scene(auth0).build()


@pytest.fixture
def enter(open_page: Callable[..., Page], scene: Scene, live_server: Any) -> Callable[..., Page]:
    """Open the console for somebody, in a look."""

    def enter(who: str, look: str) -> Page:
        page = open_page("/login", *LOOKS[look])
        # What moves has no colour of its own while it does.
        page.emulate_media(reduced_motion="reduce")
        session = scene.clients[VIEWERS[who].name].cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return page

    return enter


def violations(page: Page) -> Iterator[str]:
    """Yield what axe finds wrong, with the elements."""
    # What it preloads it puts into style elements of its own, of which the policy complains; none of its rules needs it.
    for rule in Axe().run(page, options={"preload": False}).response["violations"]:
        for node in rule["nodes"][:5]:
            yield f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"


def faults(page: Page, address: str) -> Iterator[str]:
    """Yield what is wrong with the page that is shown."""
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        yield f"{address}: too wide"
    yield from (f"{address}: {found}" for found in violations(page))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("who", VIEWERS)
def test_every_page(
    scene: Scene, enter: Callable[..., Page], live_server: Any, complaints: list[str], who: str, look: str
) -> None:
    page, found, seen = enter(who, look), [], 0
    for address in addresses(scene, VIEWERS[who]):
        page.goto(f"{live_server.url}{address}")
        found += faults(page, address)
        seen += 1
    assert not found, "\n".join(found)
    assert complaints == []
    assert seen >= 1


@pytest.mark.parametrize("look", LOOKS)
def test_the_doors(open_page: Callable[..., Page], scene: Scene, live_server: Any, look: str) -> None:
    page, found = open_page("/login", *LOOKS[look]), []
    for address in DOORS:
        page.goto(f"{live_server.url}{address}")
        found += faults(page, address)
    assert not found, "\n".join(found)
