"""Pages are compressed, and nothing else is."""

import gzip
import re

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client, RequestFactory

from web.compression import PageCompressionMiddleware

TEXT = b"<p>The same again.</p>" * 100


def sent(response: HttpResponseBase, accepts: str = "gzip, br") -> HttpResponseBase:
    def view(request: HttpRequest) -> HttpResponseBase:
        return response

    return PageCompressionMiddleware(view)(RequestFactory().get("/", headers={"accept-encoding": accepts}))


def test_a_page_is_compressed_and_is_the_same() -> None:
    page = sent(HttpResponse(TEXT))
    assert page["Content-Encoding"] == "gzip"
    assert len(page.content) < len(TEXT) / 5
    assert gzip.decompress(page.content) == TEXT
    assert "Accept-Encoding" in page["Vary"]


def test_of_the_same_page_the_length_is_never_sure() -> None:
    assert len({len(sent(HttpResponse(TEXT)).content) for _ in range(20)}) > 1


@pytest.mark.django_db
def test_a_pages_token_against_forgery_is_another_each_time(client: Client) -> None:
    """Of what never looks the same no length tells anything; the secret behind it stays."""
    pages = [client.get("/login").content.decode() for _ in range(3)]
    tokens = [re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page) for page in pages]
    assert all(tokens)
    assert len({token for found in tokens for token in found}) >= len(pages)
    assert len({client.cookies["csrftoken"].value}) == 1


def test_who_does_not_take_it_gets_it_plain() -> None:
    page = sent(HttpResponse(TEXT), "identity")
    assert page.content == TEXT
    assert not page.has_header("Content-Encoding")


@pytest.mark.parametrize("kind", ["application/json", "application/problem+json", "text/csv", "audio/wav", "text/markdown", ""])
def test_what_is_no_page_stays_as_it_is(kind: str) -> None:
    assert not sent(HttpResponse(TEXT, content_type=kind or None, headers={} if kind else {"Content-Type": ""})).has_header(
        "Content-Encoding"
    )


def test_what_is_streamed_stays_as_it_is() -> None:
    assert not sent(StreamingHttpResponse([TEXT], content_type="text/html")).has_header("Content-Encoding")
    assert not sent(FileResponse([TEXT], content_type="text/html")).has_header("Content-Encoding")


@pytest.mark.django_db
def test_the_portals_pages_are(client: Client) -> None:
    page = client.get("/login", headers={"accept-encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    assert b"Sign in" in gzip.decompress(page.content)
    assert not client.get("/api/v2/auth/me", headers={"accept-encoding": "gzip"}).has_header("Content-Encoding")
