"""The pages, as everybody can read them."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from documentation.catalogue import catalogue
from documentation.pages import DECISIONS, PAGES, ROOT

PORTAL = "https://portal.example.com"
SLUGS = [page.slug for page in PAGES]


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = PORTAL


def path_of(slug: str) -> str:
    return next(page.path for page in PAGES if page.slug == slug)


def test_every_document_of_the_project_is_a_page() -> None:
    written = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    assert written <= {page.source for page in PAGES}
    assert {"getting-started", "freeswitch-service", "authentication", "switch", "operations", "glossary"} <= set(SLUGS)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_and_its_markdown(client: Client, slug: str) -> None:
    page = client.get(path_of(slug))
    assert page.status_code == 200
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "https://PORTAL" not in page.content.decode()
    assert not page.cookies
    markdown = client.get(f"/docs/{slug}.md")
    assert markdown.status_code == 200
    assert markdown["Content-Type"] == "text/markdown; charset=utf-8"
    text = markdown.content.decode()
    assert text.startswith("# ")
    assert "https://PORTAL" not in text
    assert "](../" not in text
    assert "style=" not in re.sub(r"<(code|p|td|li)\b.*?</\1>", "", page.content.decode(), flags=re.DOTALL)


def test_every_link_leads_somewhere(client: Client) -> None:
    pages = {path_of(slug): client.get(path_of(slug)).content.decode() for slug in SLUGS}
    ids = {path: set(re.findall(r'\bid="([^"]+)"', html)) for path, html in pages.items()}
    wrong = []
    for path, html in pages.items():
        for href in re.findall(r'href="([^"]+)"', html):
            target = urlsplit(unquote(href))
            if target.scheme or target.path.startswith("/static/") or target.path in ("/", "/login"):
                continue
            leads_to = target.path or path
            known = leads_to in pages or leads_to.removesuffix(".md").removeprefix("/docs/") in SLUGS
            if not known or (target.fragment and not leads_to.endswith(".md") and target.fragment not in ids[leads_to]):
                wrong.append((path, href))
    assert wrong == []


def test_the_links_of_markdown_are_whole_and_lead_to_markdown(client: Client) -> None:
    text = client.get("/docs/architecture.md").content.decode()
    assert f"]({PORTAL}/docs/adr/0006-keys-of-the-identity-provider.md)" in text
    assert f"]({PORTAL}/docs/benchmarks.md)" in text
    assert f"]({PORTAL}/docs/sign-in.md#the-stand-in)" in text


def test_the_next_page_follows(client: Client) -> None:
    documents = catalogue(PORTAL)
    assert documents.neighbours(SLUGS[0])[0] is None
    assert documents.neighbours(SLUGS[-1])[1] is None
    html = client.get("/docs/getting-started").content.decode()
    assert 'rel="prev" href="/docs/"' in html
    assert 'rel="next" href="/docs/console"' in html
    assert [page.group for page in PAGES].count(DECISIONS) == len(list((ROOT / "docs" / "adr").glob("*.md")))


@pytest.mark.parametrize(
    "path",
    [
        "nothing", "nothing.md", ".md", "README", "README.md", "../README.md", "..%2fREADME.md", "%2e%2e/README.md", "....//README.md",
        "adr", "adr/", "adr/../api", "api/", "api.md/", "api.html", "api.md.md", "/api", "//etc/passwd", "/etc/passwd", "API", "api%00",
        "api%00.md", "api\\", "..\\README.md", "adr/%2e%2e/%2e%2e/README.md", "api%0a", "index.md%20", "C:%5cx", "../.env", "x" * 5000,
    ],
)  # fmt: skip
def test_no_address_leads_to_another_file(client: Client, path: str) -> None:
    assert client.get(f"/docs/{path}").status_code == 404


@pytest.mark.django_db
def test_addresses_are_found_and_kept(client: Client) -> None:
    assert client.get("/docs").headers["Location"] == "/docs/"
    for path in ("/docs/", "/docs/api", "/docs/api.md", "/docs/api.md?ask=How+do+I+revoke+an+API+key%3F", "/docs/?q=revoke"):
        first = client.get(path)
        assert first["Cache-Control"] == "public, no-cache"
        again = client.get(path, headers={"if-none-match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            refused = client.generic(method, path)
            assert refused.status_code == 405
            assert refused["Allow"] == "GET, HEAD"
    assert client.get("/docs/api?nothing=1&ask=").status_code == 200
    assert client.get("/docs/api.md?nothing=1").status_code == 200


@pytest.mark.django_db
def test_who_is_signed_in_has_a_page_of_their_own(client: Client) -> None:
    anonymous = client.get("/docs/").content.decode()
    assert "Sign out" not in anonymous
    assert 'href="/login"' in anonymous
    assert "csrf" not in anonymous
    client.force_login(User.objects.create_user("anna", name="Anna"), backend="accounts.backends.RoleBackend")
    page = client.get("/docs/")
    assert page["Cache-Control"] == "private, no-store"
    assert "Anna" in page.content.decode()
    assert "My keys" in page.content.decode()
    assert 'href="/docs/"' in client.get("/keys/").content.decode()


@pytest.mark.django_db
def test_the_sign_in_page_leads_here(client: Client) -> None:
    assert 'href="/docs/"' in client.get("/login").content.decode()


def test_what_the_pages_need_is_served() -> None:
    assert finders.find("documentation/documentation.css")
    assert finders.find("documentation/documentation.js")
