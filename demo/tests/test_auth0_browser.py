"""The stand-in's pages in a real Chromium: they read well, break no policy of their own, and lead back to the application."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TypeVar

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from demo.auth0 import DEMO_PEOPLE, Auth0StandIn
from demo.auth0.people import DEMO_PASSWORD
from demo.tests.auth0_client import Application

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
T = TypeVar("T")


class Arrival(BaseHTTPRequestHandler):
    """An application's callback."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"arrived")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def callback() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Arrival)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/back"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def application(callback: str) -> Iterator[Application]:
    with Auth0StandIn(callbacks=[callback], audiences=["https://api.portal.example"]) as auth0:
        yield Application(auth0)


def in_chromium(scheme: str, width: int, story: Callable[[Page], T]) -> tuple[T, list[str]]:
    """Play a story in a page; return what it made of it, and every complaint of the browser."""
    complaints: list[str] = []

    def play() -> T:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}).new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            try:
                return story(page)
            finally:
                chromium.close()

    # In a thread of its own: one thread has one Playwright, and another test's may still be open in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(play).result(), complaints


@pytest.mark.parametrize(
    ("scheme", "width", "ground"), [("light", 1280, "rgb(255, 255, 255)"), ("dark", 390, "rgb(20, 30, 31)")]
)
def test_a_button_leads_back_to_the_application(
    application: Application, callback: str, scheme: str, width: int, ground: str
) -> None:
    def story(page: Page) -> tuple[str, str]:
        page.goto(application.authorize_url(redirect_uri=callback))
        expect(page.get_by_role("heading", name="Who are you today?")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for person in DEMO_PEOPLE:
            expect(page.get_by_role("button", name=person.name)).to_contain_text(person.email)
        colour = page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
        page.get_by_role("button", name="Sam Whitfield").click()
        expect(page.get_by_text("arrived")).to_be_visible()
        return page.url, colour

    (address, colour), complaints = in_chromium(scheme, width, story)
    assert address.startswith(f"{callback}?code=")
    assert address.endswith("&state=a-state")
    assert colour == ground
    assert complaints == []


def test_typing_it_in_and_getting_it_wrong_first(application: Application, callback: str) -> None:
    def story(page: Page) -> str:
        page.goto(application.authorize_url(redirect_uri=callback))
        page.get_by_label("Email").fill("ada@customer.example")
        page.get_by_label("Password").fill("wrong")
        page.get_by_label("Password").press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Wrong email or password.")
        expect(page.get_by_label("Email")).to_have_value("ada@customer.example")
        page.get_by_label("Password").fill(DEMO_PASSWORD)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("arrived")).to_be_visible()
        return page.url

    address, complaints = in_chromium("light", 390, story)
    tokens = application.swap(address.partition("code=")[2].partition("&")[0], redirect_uri=callback).json()
    # Enter sends the form that was filled in, not the first person's button.
    assert application.userinfo(tokens["access_token"]).json()["email"] == "ada@customer.example"
    assert complaints == []


def test_a_page_elsewhere_cannot_frame_it(application: Application, callback: str) -> None:
    inner = application.authorize_url(redirect_uri=callback)

    def story(page: Page) -> list[str]:
        page.goto(callback)
        with page.expect_response(f"{application.auth0.base_url}/authorize*") as answered:
            page.evaluate(
                "address => document.body.append(Object.assign(document.createElement('iframe'), {src: address}))", inner
            )
        assert answered.value.status == 200
        page.wait_for_function("document.querySelector('iframe').contentDocument === null")
        return [frame.url for frame in page.frames]

    frames, _ = in_chromium("light", 800, story)
    assert frames == [callback, "chrome-error://chromewebdata/"]
