"""The story of a member of staff who looks how it goes: figures, another period, and the calls behind a bar."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.tests.browser import fits
from telephony.models import Call, Domain, Extension
from telephony.services.tallies import note_change
from telephony.tests.live_scene import gateway, listened_to, talk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make(days: int, cause: str, extension: Extension, **fields: Any) -> None:
    at = timezone.now().replace(hour=12, minute=0) - timedelta(days=days)
    talked = {"answered": True, "answered_at": at, "bill_seconds": 60} if cause == "NORMAL_CLEARING" else {}
    Call.objects.create(
        call_uuid=str(uuid4()), started_at=at, hangup_cause=cause, caller_number="12025550123", callee_number=extension.number,
        callee_extension=extension, **{"direction": "inbound"} | talked | fields,
    )  # fmt: skip
    note_change([at])


def ink(page: Page) -> str:
    """Return the colour in which the first bars are drawn."""
    return str(page.evaluate("Chart.getChart('calls-chart').data.datasets[0].backgroundColor"))


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_how_it_goes(
    open_as_staff: Callable, complaints: list[str], live_server: Any, settings: Any, domain: Domain, scheme: str, width: int
) -> None:
    extension = Extension.objects.create(domain=domain, number="1006")
    for days, cause in (
        (1, "NORMAL_CLEARING"),
        (1, "USER_BUSY"),
        (1, "NORMAL_CLEARING"),
        (2, "NO_ANSWER"),
        (20, "NORMAL_CLEARING"),
    ):
        make(days, cause, extension)
    make(1, "NORMAL_CLEARING", extension, direction="outbound")
    [switch] = listened_to(settings, "fs1")
    gateway(switch)
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/dashboard/")
    expect(page.get_by_role("link", name=re.compile(r"^Calls 5\b"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(r"^Answered 60\.0 %"))).to_be_visible()
    assert fits(page)

    # What goes on is told without a reload.
    expect(page.locator("#now-calls")).to_contain_text("0")
    talk(switch, None, None)
    expect(page.locator("#now-calls")).to_contain_text("1", timeout=15_000)

    # The charts follow the theme.
    before = ink(page)
    if width > 1000:
        page.get_by_role("button", name="Light" if scheme == "dark" else "Dark").click()
        assert ink(page) != before

    page.get_by_label("Period").get_by_role("link", name="30 days").click()
    expect(page.get_by_role("link", name=re.compile(r"^Calls 6\b"))).to_be_visible()
    expect(page.get_by_role("heading", name="Calls by day")).to_be_visible()

    # A bar leads to the calls that it counts: three inbound ones of yesterday.
    chart = page.locator("#calls-chart")
    chart.scroll_into_view_if_needed()
    place = page.evaluate(
        "(() => { const bar = Chart.getChart('calls-chart').getDatasetMeta(0).data[28]; return [bar.x, (bar.y + bar.base) / 2]; })()"
    )
    chart.click(position={"x": place[0], "y": place[1]})
    page.wait_for_url(re.compile(r"/\?started_after="))
    expect(page.locator("#calls tbody tr")).to_have_count(3)
    assert fits(page)
    page.go_back()

    # So does the table, for whoever has no mouse.
    page.get_by_text("As a table").focus()
    page.keyboard.press("Enter")
    assert fits(page)
    page.get_by_role("link", name=re.compile(r"^1 outbound, ")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#calls tbody tr")).to_have_count(1)
    page.go_back()
    page.get_by_role("link", name=re.compile(r"^Busy 1")).click()
    expect(page.locator("#calls tbody tr")).to_have_count(1)
    page.go_back()

    page.get_by_text("Other days").click()
    day = (timezone.localdate() - timedelta(days=20)).isoformat()
    page.get_by_label("From").fill(day)
    page.get_by_label("To", exact=True).fill(day)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Calls by hour")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(r"^Calls 1\b"))).to_be_visible()
    assert fits(page)
    assert complaints == []
