"""The story of the pool: staff import a file with wrong lines, give one of its numbers to somebody, and take it back."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from portal.tests.browser import fits
from telephony.models import Assignment, Domain, Number, NumberImport, Provider
from web.jobs import load_tasks, work_one

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FILE = "number,provider\n(276) 208-7784,Acme\n1.2762E+10,Acme\n<script>alert(1)</script>,Acme\n+1 703 687 9447,Acme\n"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_numbers_are_imported_given_and_taken_back(
    open_as_staff: Callable, complaints: list[str], live_server: Any, make_person: Callable, domain: Domain, tmp_path: Path,
    scheme: str, width: int,
) -> None:  # fmt: skip
    make_person("anna", email="anna@mediamagic.example")
    file = tmp_path / "numbers.csv"
    file.write_text(FILE)
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/numbers/")
    expect(page.get_by_text("There are no numbers yet")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="Import a file of numbers").click()
    page.get_by_label("File").set_input_files(file)
    assert fits(page)
    page.get_by_role("button", name="Check the file").click()
    wrong = page.get_by_role("region", name="Lines that are wrong")
    expect(wrong).to_contain_text("a spreadsheet has rounded it")
    expect(wrong).to_contain_text("<script>alert(1)</script>")
    assert not Number.objects.exists()
    assert fits(page)
    page.get_by_role("button", name="Import 2 numbers").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    page.get_by_role("link", name="Look at the numbers").click()
    assert fits(page)
    page.get_by_role("link", name="+1 703-687-9447").click()
    page.get_by_role("link", name="Assign").click()
    page.get_by_role("searchbox").press_sequentially("anna@")
    page.get_by_role("radio", name=re.compile("anna")).check()
    assert fits(page)
    page.get_by_role("button", name="Assign it").click()
    expect(page.get_by_role("status")).to_contain_text("with the extension 1000")
    assert Assignment.objects.open().get().user.username == "anna"
    assert fits(page)
    page.get_by_role("link", name="Take it back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("region", name="Who has it")).to_contain_text("Cooling down until")
    assert not Assignment.objects.open().exists()
    assert fits(page)
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_one_thing_is_done_to_many(
    open_as_staff: Callable,
    complaints: list[str],
    live_server: Any,
    make_person: Callable,
    hold: Callable,
    scheme: str,
    width: int,
) -> None:
    hold(make_person("anna"), "1006", "17036879447")
    acme = Provider.objects.get()
    Number.objects.bulk_create(Number(number=f"1703687950{place}", provider=acme) for place in range(3))
    page = open_as_staff(scheme, width)
    page.goto(f"{live_server.url}/numbers/")
    if width > 1000:
        page.get_by_label("Tick every number of this page").check()
        expect(page.get_by_label("Choose +1 703-687-9447")).to_be_checked()
    else:
        page.get_by_label("Or to every number there is").check()
    page.get_by_label("What to do").select_option("disable")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("4 numbers", exact=True)).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="Disable them").click()
    expect(page.get_by_role("region", name="Refused, and why")).to_contain_text("is held by anna")
    assert Number.objects.filter(state="disabled").count() == 3
    assert fits(page)
    page.goto(f"{live_server.url}/numbers/?state=disabled")
    page.get_by_label("What to do").select_option("provider")
    page.get_by_label("The provider to set").fill("Other Carrier")
    page.get_by_label("Or to every number that this filter finds").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Set the provider").click()
    expect(page.get_by_role("heading", name="Set provider: Other Carrier")).to_be_visible()
    assert Number.objects.filter(provider__name="Other Carrier").count() == 3
    assert complaints == []


def test_a_long_import_shows_how_far_it_is_by_itself(
    open_as_staff: Callable, complaints: list[str], live_server: Any, tmp_path: Path
) -> None:
    load_tasks()
    file = tmp_path / "numbers.csv"
    file.write_text("number\n" + "".join(f"+1703{5550000 + place}\n" for place in range(1_500)))
    page = open_as_staff("light", 1280)
    page.goto(f"{live_server.url}/numbers/import")
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Provider").fill("Acme")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    NumberImport.objects.update(position=700)
    # Without a reload.
    expect(page.get_by_text("700 of 1,502 lines")).to_be_visible()
    assert work_one()
    page.get_by_role("button", name="Import 1,500 numbers").click()
    expect(page.get_by_role("heading", name="Importing")).to_be_visible()
    assert work_one()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert Number.objects.count() == 1_500
    assert complaints == []
