"""What is made for one session is kept by no cache."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.cache import patch_vary_headers

from web.private_pages import PrivatePagesMiddleware


def answer(**changes: Any) -> HttpResponse:
    response = HttpResponse("x", headers=changes.get("headers"))
    if changes.get("vary"):
        patch_vary_headers(response, [changes["vary"]])
    if changes.get("cookie"):
        response.set_cookie("theme", "dark")

    def view(request: HttpRequest) -> HttpResponse:
        return response

    return PrivatePagesMiddleware(view)(RequestFactory().get("/"))  # type: ignore[return-value]


@pytest.mark.parametrize("changes", [{"vary": "Cookie"}, {"vary": "Accept, cookie"}, {"cookie": True}])
def test_what_is_somebodys_is_stored_by_nobody(changes: dict[str, Any]) -> None:
    assert answer(**changes)["Cache-Control"] == "private, no-store"


def test_what_is_everybodys_may_be() -> None:
    assert not answer(vary="Accept").has_header("Cache-Control")


def test_a_view_has_the_last_word() -> None:
    response = answer(vary="Cookie", headers={"Cache-Control": "private, max-age=60"})
    assert response["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize("path", ["/login", "/", "/no/such/page", "/admin/"])
@pytest.mark.django_db
def test_pages_of_the_console(client: Client, path: str) -> None:
    response = client.get(path)
    if response.has_header("Vary") and "Cookie" in response["Vary"]:
        assert "no-store" in response["Cache-Control"]
    assert not response.cookies or "no-store" in response["Cache-Control"]


def test_the_health_check_sets_no_cookie(client: Client) -> None:
    response = client.get("/healthz")
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
