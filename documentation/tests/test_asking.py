"""Asking a page, and what becomes of a question that is none."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from documentation.views import LONGEST_QUESTION

PORTAL = "https://portal.example.com"
ASKED = "How do I revoke an API key?"
SECTION = "authentication.md#revoke-an-api-key"
PAYLOADS = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "[revoke](javascript:alert(1)) an API key",
    "{{ 7|add:7 }}{% debug %}",
    "revoke an API key <b>",
    "`revoke` **an** ![x](http://evil.example/x.png) API key",
    "a\r\nSet-Cookie: x=1",
    "a\u2028b\u202ec",
)  # fmt: skip


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = PORTAL


def test_markdown_answers_with_answer_excerpts_and_sources(client: Client) -> None:
    answered = client.get("/docs/freeswitch-service.md", {"ask": ASKED})
    assert answered.status_code == 200
    assert answered["Content-Type"] == "text/markdown; charset=utf-8"
    assert "Accept" in answered["Vary"]
    title, direct, *_ = answered.content.decode().split("\n\n")
    assert title == f"# {ASKED}"
    assert direct.startswith("1. In the console open *My keys*.")
    text = answered.content.decode()
    assert f"Source: [Authentication \u203a API keys \u203a Revoke an API key]({PORTAL}/docs/{SECTION})" in text
    excerpts = re.findall(r"^### \[.+\]\((\S+)\)$", text, re.MULTILINE)
    assert excerpts[0] == f"{PORTAL}/docs/{SECTION}"
    assert 1 <= len(excerpts) <= 3
    assert "> The key is refused from the very next request on" in text


def test_json_answers_with_the_same(client: Client) -> None:
    answered = client.get("/docs/freeswitch-service.md", {"ask": ASKED}, headers={"accept": "application/json"})
    assert answered["Content-Type"] == "application/json"
    found = answered.json()
    assert list(found) == ["question", "found", "answer", "source", "excerpts"]
    assert found["found"] is True
    assert found["source"] == {"page": "Authentication", "heading": "Revoke an API key", "url": f"{PORTAL}/docs/{SECTION}"}
    assert list(found["excerpts"][0]) == ["page", "heading", "url", "text"]


def test_a_page_answers_above_its_text(client: Client) -> None:
    html = client.get("/docs/phones", {"ask": ASKED}).content.decode()
    assert html.index('aria-label="Answer"') < html.index("<h1>Phones</h1>")
    assert 'href="/docs/authentication#revoke-an-api-key"' in html
    searched = client.get("/docs/", {"q": ASKED}).content.decode()
    assert 'aria-label="Answer"' in searched
    assert searched.count("<li>\n          <a href=") >= 3


@pytest.mark.parametrize("path", ["/docs/api.md", "/docs/api", "/docs/", "/docs/index.md"])
def test_what_is_not_there_is_said_so(client: Client, path: str) -> None:
    answered = client.get(path, {"ask": "How do I bake bread?"})
    assert answered.status_code == 200
    assert "This is not in the documentation." in answered.content.decode()
    assert "Source:" not in answered.content.decode()


def test_what_is_not_there_is_found_false(client: Client) -> None:
    found = client.get("/docs/api.md", {"ask": "How do I bake bread?"}, headers={"accept": "application/json"}).json()
    assert found == {"question": "How do I bake bread?", "found": False, "answer": None, "source": None, "excerpts": []}
    assert "This is not in the documentation." in client.get("/docs/", {"q": "zxcv"}).content.decode()


class Elements(HTMLParser):
    """What a page is made of: its elements, and what could act in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.active: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "img", "iframe", "object", "b", "style", "link", "meta", "base"}:
            self.active.append((tag, str(attrs)))
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (value or "").lower().startswith(("javascript:", "data:")):
                self.active.append((name, str(value)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(("path", "name"), [("/docs/api", "ask"), ("/docs/", "ask"), ("/docs/", "q"), ("/docs/api", "q")])
def test_a_question_is_text_on_a_page(client: Client, path: str, name: str, payload: str) -> None:
    clean = Elements(client.get(path).content.decode())
    answered = client.get(path, {name: payload})
    assert answered.status_code == 200
    page = Elements(answered.content.decode())
    assert page.active == clean.active
    assert "\u202e" not in answered.content.decode()
    assert "Set-Cookie" not in answered
    if (path, name) != ("/docs/api", "q"):
        seen = re.sub(r"[\s\u2028\u202e]+", " ", payload)
        assert seen in " ".join(page.text.split())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_question_is_text_in_markdown(client: Client, payload: str) -> None:
    answered = client.get("/docs/api.md", {"ask": payload})
    assert answered.status_code == 200
    assert answered["X-Content-Type-Options"] == "nosniff"
    title = answered.content.decode().split("\n", 1)[0]
    assert not re.search(r"(?<!\\)[<>`*_\[\]()]", title.removeprefix("# "))
    as_json = client.get("/docs/api.md", {"ask": payload}, headers={"accept": "application/json"})
    assert isinstance(json.loads(as_json.content)["question"], str)


@pytest.mark.parametrize("path", ["/docs/api.md", "/docs/api", "/docs/"])
def test_a_question_has_a_length(client: Client, path: str) -> None:
    names = ["ask", "q"] if path == "/docs/" else ["ask"]
    for name in names:
        assert client.get(path, {name: "key " * (LONGEST_QUESTION // 4)}).status_code == 200
        refused = client.get(path, {name: "k" * (LONGEST_QUESTION + 1)})
        assert refused.status_code == 400
        assert str(LONGEST_QUESTION) in refused.content.decode()
        assert "kkkk" not in refused.content.decode()


@pytest.mark.parametrize("nothing", ["", " ", "\x00", "\u200b", "\n\t"])
def test_nothing_asked_is_the_page(client: Client, nothing: str) -> None:
    assert client.get("/docs/api.md", {"ask": nothing}).content == client.get("/docs/api.md").content
    assert client.get("/docs/api", {"ask": nothing}).content == client.get("/docs/api").content


def test_questions_are_limited_and_pages_are_not(client: Client, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 3
    for path in ("/docs/api.md", "/docs/api", "/docs/"):
        answered = client.get(path, {"ask": ASKED})
        assert answered.status_code == 200
        assert "RateLimit-Remaining" in answered
    for path, name in (("/docs/api.md", "ask"), ("/docs/api", "ask"), ("/docs/", "q")):
        refused = client.get(path, {name: ASKED})
        assert refused.status_code == 429
        assert 1 <= int(refused["Retry-After"]) <= 60
        assert client.get(path).status_code == 200
    # The API's own limit is another one.
    assert client.get("/api/v2/auth/me").status_code == 401
    assert client.get("/docs/api.md", {"ask": ASKED}, REMOTE_ADDR="192.0.2.1").status_code == 200
