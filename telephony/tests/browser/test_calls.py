"""The story of a person who looks for a call and listens to it, in a real Chromium."""

import csv
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from telephony.models import Recording
from telephony.services.measuring import measure_recording
from telephony.services.recordings import upload_path
from telephony.tests.captures import DATA, TABLE, posts_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"


@pytest.fixture
def recorded(post_cdr: Callable, settings: Any, tmp_path: Path) -> User:
    settings.RECORDINGS_ROOT = tmp_path
    for scenario in TABLE:
        for post in posts_of(scenario):
            post_cdr(post)
    audio = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()
    assert Client().generic("PUT", upload_path(LEG), audio).status_code == 201
    return User.objects.create_superuser("staff", "correct horse battery")


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("staff")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_sign_in_find_a_call_and_listen(
    recorded: User, open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int
) -> None:
    page = open_page("/?q=1005", scheme, width)
    expect(page.get_by_text("Please sign in")).to_be_visible()
    sign_in(page)
    expect(page.locator("tbody tr")).to_have_count(7)
    page.goto(page.url.split("?")[0])
    expect(page.locator("tbody tr")).to_have_count(13)
    expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()
    expect(page.locator("time.when").first).not_to_contain_text("UTC")

    page.locator("[data-play]").click()
    player = page.get_by_role("region", name="Player")
    expect(player).to_be_visible()
    expect(player).to_have_attribute("data-at", re.compile(r"^(0\.[5-9]|[1-9])"))
    player.get_by_role("button", name="Play or pause").click()
    expect(player).not_to_have_class(re.compile("is-playing"))
    page.keyboard.press("Escape")
    expect(player).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


def test_a_measured_recording_is_drawn_before_its_audio_comes(
    recorded: User, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    """Nothing fetches the whole file to draw it: only the player asks for it, by Range, as it plays."""
    measure_recording(Recording.objects.get().pk)
    page = open_page("/?q=1005")
    sign_in(page)
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.resource_type, request.url.rpartition("/")[2])))
    page.locator("[data-play]").click()
    player = page.get_by_role("region", name="Player")
    expect(player).to_have_attribute("data-at", re.compile(r"^(0\.[5-9]|[1-9])"))
    expect(player.locator("[data-player=time]")).to_have_text(re.compile(r"/ 0:05$"))
    assert [kind for kind, name in asked if name == "peaks"] == ["fetch"]
    assert {kind for kind, name in asked if name == "audio"} == {"media"}
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_calls_page_draws_its_recording_and_fetches_it_when_it_is_played(
    recorded: User, open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int
) -> None:
    recording = Recording.objects.get()
    measure_recording(recording.pk)
    page = open_page("/", scheme, width)
    sign_in(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.goto(f"{page.url.rstrip('/')}/calls/{recording.call_id}/")
    player = page.get_by_role("region", name="Player")
    expect(player.locator("[data-player=time]")).to_have_text("0:05")
    expect(player.locator("canvas").first).to_be_visible()
    assert "peaks" in asked
    assert "audio" not in asked, "whoever only looks has not listened"
    player.get_by_role("button", name="Play or pause").click()
    expect(player).to_have_attribute("data-at", re.compile(r"^(0\.[5-9]|[1-9])"))
    player.get_by_role("button", name="Play or pause").click()
    player.focus()
    page.keyboard.press("ArrowRight")
    expect(player).to_have_attribute("data-at", re.compile(r"^5"))
    page.keyboard.press("ArrowLeft")
    expect(player).to_have_attribute("data-at", re.compile(r"^0"))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_a_filter_is_exported_and_the_files_are_opened(
    recorded: User, open_page: Callable[..., Page], complaints: list[str], tmp_path: Path, scheme: str, width: int
) -> None:
    page = open_page("/?q=1005&outcome=answered", scheme, width)
    sign_in(page)
    shown = page.locator("tbody tr").count()
    assert shown == 2
    for kind in ("CSV", "Excel (XLSX)"):
        page.get_by_text("Export", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("link", name=kind).click()
        expect(page.locator("#export-status")).to_contain_text(re.compile(r"\b2\b"))
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
        rows = rows_of(saved)
        assert len(rows) == 1 + shown, "the heads, and what the filter finds"
        assert all("1005" in row for row in rows[1:])
    assert complaints == []


def rows_of(path: Path) -> list[list[str]]:
    """Return the cells of a CSV, or of an XLSX by what the format says of its strings."""
    if path.suffix == ".csv":
        return list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - it is our own
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{name}row")]


def test_the_theme_is_kept_and_signing_out_ends_it(
    recorded: User, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = open_page()
    sign_in(page)
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto(page.url.replace("/login", "/"))
    page.wait_for_url("**/login?next=/")
    assert complaints == []


def test_the_menu_of_a_phone_and_a_wrong_password(recorded: User, open_page: Callable[..., Page]) -> None:
    page = open_page(width=390)
    page.get_by_label("Name").fill("staff")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Show the password").click()
    assert page.get_by_label("Password", exact=True).get_attribute("type") == "text"
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    sign_in(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
