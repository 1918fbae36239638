"""Whatever a phone, a carrier or a person says is text: on every page, in every file, in the API's answers."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from django.core.cache import cache
from django.test import Client

from demo.auth0 import Auth0StandIn
from portal.tests.everywhere.hostile import Hostile
from portal.tests.everywhere.payloads import PAYLOADS
from portal.tests.permission_rules import Row
from portal.tests.permission_scene import MODELS, Scene
from portal.tests.permission_table import ADMIN_MODELS, AREAS
from telephony.views.live import CHANGES_SHOWN

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

MARK = re.compile(r"zq\d\d[0-9a-f]{4}")
# Where a text may stand in a page's attributes; in an address only as a part of its query.
TEXTS = {"value", "title", "aria-label", "alt", "data-title", "placeholder", "data-label", "content"}
ADDRESSES = {"href", "action", "formaction", "hx-get", "hx-post", "src", "data-export"}
# Of these lists only the newest are shown: so many texts of theirs are on no page.
NOT_ALL = {"gatewaychange.name": len(PAYLOADS) - CHANGES_SHOWN}
# What was sent and nobody could read is kept; whether a page shows it or not, it must be text.
NOT_SURELY = {"quarantine.body"}
# Of these each thing's own page of the administration shows what its list does not.
EACH_ONE = {"telephony/quarantine"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Page(HTMLParser):
    """A page as a browser reads it: its elements, its text, and what came into it from a text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.next = ""
        self._script = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        # Which choice is the chosen one may differ.
        self.elements.append((tag, tuple(sorted(name for name, _ in attributes if name != "selected"))))
        self._script = tag == "script"
        known = dict(attributes)
        if tag == "script" and "src" not in known and known.get("type") != "application/json":
            self.faults.append("a script of the page's own")
        if tag == "a" and known.get("rel") == "next":
            self.next = known["href"] or ""
        if MARK.search(tag):
            self.faults.append(f"the element {tag}")
        for name, value in attributes:
            self.faults += self._wrong(tag, name, value or "")

    def _wrong(self, tag: str, name: str, value: str) -> Iterator[str]:
        if name.startswith("on") or name in ("style", "srcdoc") or MARK.search(name):
            yield f"<{tag} {name}={value!r}>"
        if name in ADDRESSES and re.match(r"\s*(javascript|data|vbscript)\s*:|//|\\", value, re.IGNORECASE):
            yield f"<{tag} {name}={value!r}>"
        if MARK.search(value):
            if name in TEXTS:
                self.words.append(value)
            elif not (name in ADDRESSES and re.fullmatch(r"(/[a-z0-9.-]+)*/?\?[A-Za-z0-9%&=._~+/-]*", value)):
                yield f"<{tag} {name}={value!r}>"

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self._script and MARK.search(data):
            self.faults.append(f"in a script: {data!r}")
        self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_comment(self, data: str) -> None:
        if MARK.search(data):
            self.faults.append(f"a comment: {data!r}")

    @property
    def text(self) -> str:
        return plain(" ".join(self.words))


def plain(text: str) -> str:
    return " ".join(text.replace("\x00", "").replace("\ufffd", "").split())


@pytest.fixture
def hostile(scene: Scene) -> Hostile:
    return Hostile(scene.people["root"]).plant()


@pytest.fixture
def scene(auth0: Auth0StandIn, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Scene:
    caplog.set_level("ERROR", "portal.request")
    settings.RECORDINGS_ROOT = tmp_path
    return Scene(auth0).build()


@pytest.fixture
def root(scene: Scene) -> Client:
    """Who sees everything, also Django's admin."""
    return scene.clients["session of root"]


def read(client: Client, address: str) -> Page | None:
    """Return a page, None for what is none; nothing else than a page may be one."""
    response = client.get(address)
    assert response.status_code in (200, 204), f"{address}: {response.status_code}"
    if response.streaming or not response["Content-Type"].startswith("text/html"):
        response.getvalue()
        return None
    assert response["X-Content-Type-Options"] == "nosniff"
    page = Page(response.content.decode())
    assert page.faults == [], f"{address}: {page.faults[:3]}"
    return page


def pages_of_lists(client: Client, address: str) -> Iterator[Page]:
    """Yield a list's pages, the first and those that follow."""
    where = address
    for _ in range(10):
        page = read(client, where)
        if page is None:
            return
        yield page
        if not page.next:
            return
        where = address.partition("?")[0] + page.next


def shown_rows() -> tuple[list[Row], list[Row]]:
    """Return the lines of pages: those of lists, and those of one thing."""
    rows = [row for row in AREAS["the console"] if "GET" in row.doors and row.doors["GET"].status in (200, 204)]
    return [row for row in rows if "<" not in row.route], [row for row in rows if "<" in row.route]


@pytest.mark.one_database
def test_on_every_page(scene: Scene, hostile: Hostile, root: Client) -> None:
    lists, details = shown_rows()
    texts: list[str] = []
    for row in lists:
        query = "&".join(f"{name}={value}" for name, value in row.doors["GET"].query.items())
        texts += [page.text for page in pages_of_lists(root, f"{scene.path_of(row)}?{query}")]
    texts += [page.text for page in pages_of_lists(root, "/keys/?of=everybody")]
    texts += [page.text for page in pages_of_lists(root, "/search/?q=zq")]
    texts += list(texts_of_admin(root))
    for row in details:
        planted = set.intersection(*(set(mine) for mine in hostile.parameters.values()))
        assert set(re.findall(r"<\w+:(\w+)>", row.route)) <= planted, f"{row}: nothing is planted there"
        usual = None
        # What is asked before something is done shows little, and nothing that the thing's own page has not shown: every fifth does.
        for place in list(hostile.parameters)[:: 1 if row.route.endswith("/") else 5]:
            path = scene.path_of(Row(row.route, parameters=hostile.parameters[place]))
            # These calls were not recorded.
            page = None if path.endswith(("/audio", "/peaks")) else read(root, path)
            if page is None:
                continue
            usual = usual or page.elements
            assert page.elements == usual, f"{path}: {set(page.elements) ^ set(usual)}"
            texts.append(page.text)
    everything = "\n".join(texts)
    missing = [
        (label, place)
        for (place, label), text in hostile.texts.items()
        # A record is shown as JSON, whose strings have escapes.
        if plain(text) not in everything and plain(json.dumps(text)[1:-1]) not in everything and label not in NOT_SURELY
    ]
    assert {label: sum(1 for each, _ in missing if each == label) for label, _ in missing} == NOT_ALL


def texts_of_admin(client: Client) -> Iterator[str]:
    """Yield the texts of Django's admin: its lists, and each thing that somebody said something in."""
    objects = {model._meta.label_lower.replace(".", "/"): model for model in MODELS}
    for name in ADMIN_MODELS:
        for number in (1, 2):
            response = client.get(f"/admin/{name}/?p={number}")
            if response.status_code == 200:
                page = Page(response.content.decode())
                assert page.faults == [], f"{name}: {page.faults[:3]}"
                yield page.text
        # A page of the administration is slow, and all of them are made alike: where the lists show everything every fifth does.
        step = 1 if name in EACH_ONE else 5
        for pk in objects[name].objects.order_by("-pk").values_list("pk", flat=True)[: len(PAYLOADS) : step]:
            response = client.get(f"/admin/{name}/{pk}/change/")
            if response.status_code == 200:
                page = Page(response.content.decode())
                assert page.faults == [], f"{name} {pk}: {page.faults[:3]}"
                yield page.text


REFLECTING = (
    "/?q={}", "/?when={}", "/?hangup_cause={}&extension={}&switch={}", "/?cursor={}", "/keys/?q={}&state={}", "/audit/?actor={}&action={}&after={}",
    "/extensions/?q={}&state={}", "/route/?from={}&to={}&call={}", "/search/?q={}", "/docs/?q={}", "/docs/getting-started?ask={}",
    "/login?next={}", "/calls/export-progress?export={}", "/no/such/{}",
)  # fmt: skip


@pytest.mark.parametrize("address", REFLECTING)
def test_in_what_is_asked_for(scene: Scene, root: Client, address: str) -> None:
    for place, payload in enumerate(PAYLOADS):
        cache.clear()
        text = payload.replace("ZQ", f"zq{place:02}abcd")
        response = root.get(address.replace("{}", quote(text, safe="")))
        assert response.status_code in (200, 302, 400, 404), f"{address}: {response.status_code}"
        if response["Content-Type"].startswith("text/html"):
            assert Page(response.content.decode()).faults == [], text


def test_in_the_apis_answers(scene: Scene, hostile: Hostile) -> None:
    seen = ""
    for path in (
        "call-recording",
        "extensions",
        "live/calls",
        "live/registrations",
        "live/gateways",
        "live/switches",
        "audit",
        "bans",
    ):
        response = Client().get(
            f"/api/v2/{path}?limit=200" if "live" not in path else f"/api/v2/{path}", headers=scene.headers["token of ada"]
        )
        assert response.status_code == 200, path
        assert response["Content-Type"] == "application/json"
        assert response["X-Content-Type-Options"] == "nosniff"
        seen += plain(" ".join(strings(json.loads(response.content)))) + "\n"
    for place in range(len(PAYLOADS)):
        assert (
            plain(hostile.texts[place, "call.caller_name"]) in seen or plain(hostile.texts[place, "call.caller_number"]) in seen
        ), place


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def test_in_files(hostile: Hostile, root: Client) -> None:
    text = b"".join(root.get("/calls/export.csv").streaming_content).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(text, newline="")) for cell in line]
    assert not [cell for cell in cells if cell.startswith(FORMULA)]
    book = zipfile.ZipFile(io.BytesIO(b"".join(root.get("/calls/export.xlsx").streaming_content)))
    sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert list(sheet.iter(f"{space}f")) == list(sheet.iter(f"{space}hyperlink")) == []
    written = [plain("".join(each.itertext())) for each in sheet.iter(f"{space}is")]
    for place in range(len(PAYLOADS)):
        said = hostile.texts[place, "call.caller_name"]
        assert plain(said) in {plain(each) for cell in cells for each in (cell, cell.removeprefix("'"))}, said
        unseen = plain("".join(each for each in said if each.isprintable()))
        assert unseen in written, said
