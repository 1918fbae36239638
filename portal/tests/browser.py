"""A headless Chromium for tests, in which every complaint of a page is written down (a plugin of pytest: see conftest.py)."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser's one process."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages complained of: errors, warnings, violations of their policy."""
    return []


@pytest.fixture
def open_page(chromium: Browser, live_server: Any, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Open a page, each in a browser of its own: nobody is signed in anywhere."""
    with contextlib.ExitStack() as stack:

        def open_it(path: str = "/", scheme: str = "light", width: int = 1280) -> Page:
            context = stack.enter_context(
                contextlib.closing(chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}))
            )
            page = context.new_page()
            page.on(
                "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{live_server.url}{path}")
            return page

        yield open_it


def fits(page: Page) -> bool:
    """Tell whether nothing of a page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
