"""The API's schema as a page, in a real browser: nothing of it breaks the portal's policy, and a call can be tried from it."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The contrast of a text with what is behind it, as the browser computes both.
CONTRAST = """(element) => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255);
    const [r, g, b] = parts.map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opaque = (color) => !/^rgba\\(.*, 0(\\.\\d+)?\\)$/.test(color);
  let behind = element;
  while (behind && !opaque(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const both = [light(getComputedStyle(element).color), light(getComputedStyle(behind).backgroundColor)].sort((a, b) => b - a);
  return (both[0] + 0.05) / (both[1] + 0.05);
}"""
READ = (".info .title", ".info li", ".opblock-summary-path", ".opblock-summary-description", ".parameter__name", ".response-col_status",
        ".json-schema-2020-12__title")  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_it_is_read_and_tried(open_page: Callable[..., Page], complaints: list[str], scheme: str, width: int) -> None:
    page = open_page("/api/v2/docs", scheme, width)
    operation = page.locator("#operations-auth-getMe")
    expect(operation).to_be_visible(timeout=30_000)
    assert page.locator(".opblock").count() > 50
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("#operations-call-link-placeCallLink .opblock-summary-control").click()
    expect(page.locator("#operations-call-link-placeCallLink .opblock-body")).to_contain_text("Idempotency-Key")
    for selector in READ:
        for element in page.locator(selector).all()[:8]:
            if element.is_visible():
                assert element.evaluate(CONTRAST) >= 4.5, f"{selector}: {element.inner_text()}"
    assert complaints == []
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text("not_authenticated")
    # The browser says of itself that it got a 401.
    assert [said for said in complaints if "401" not in said] == []


def test_the_theme_can_be_changed(open_page: Callable[..., Page]) -> None:
    page = open_page("/api/v2/docs")
    page.locator("[data-toggle-theme]").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    found = Axe().run(page, context=".explorer-top")
    assert found.response["violations"] == []
