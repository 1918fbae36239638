"""What is shown where there is no page: all in one look, with what to do, and nothing of what went wrong."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.models import Role, User
from web import errors, read_only

pytestmark = pytest.mark.django_db


def in_the_look(page: HttpResponse, status: int, heading: str) -> str:
    text = page.content.decode()
    assert page.status_code == status
    assert f"<h1>{heading}</h1>" in text
    for part in (
        'class="sign-in"',
        "console/theme.js",
        "console/console.css",
        'class="brand"',
        "console/favicon.svg",
        'class="btn btn-primary"',
    ):
        assert part in text
    return text


def test_nothing_there(client: Client) -> None:
    in_the_look(client.get("/no/such/page"), 404, "There is nothing here")


def test_not_for_you(client: Client) -> None:
    client.force_login(User.objects.create_user("anna"))
    in_the_look(client.get("/audit/"), 403, "You may not see this page")


@pytest.mark.parametrize(("handler", "status"), [(errors.bad_request, 400), (errors.forbidden, 403), (errors.not_found, 404)])
def test_the_handlers_say_nothing_of_the_error(handler: Callable, status: int) -> None:
    request = RequestFactory().get("/x")
    request.user = AnonymousUser()
    for error in (SuspiciousOperation("canary-of-an-error"), PermissionDenied("canary-of-an-error")):
        page = handler(request, error)
        assert page.status_code == status
        assert b"canary-of-an-error" not in page.content
        assert b'class="sign-in"' in page.content


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [(ValueError("canary"), 500, "Something broke"), (OperationalError("canary"), 503, "The database cannot be reached")],
)
def test_what_broke(client: Client, error: Exception, status: int, heading: str) -> None:
    client.force_login(User.objects.create_user("sam", role=Role.STAFF))
    client.raise_request_exception = False
    with mock.patch("telephony.views.search.search", side_effect=error):
        page = client.get("/search/?q=anna")
    assert "canary" not in in_the_look(page, status, heading)
    assert page.has_header("Retry-After") == (status == 503)


def test_an_outage_is_told_to_programs_as_well() -> None:
    request = RequestFactory().get("/api/v2/x")
    try:
        raise OperationalError("canary")
    except OperationalError:
        answer = errors.server_error(request)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert errors.server_error(request).status_code == 500


def test_the_notice_while_it_only_reads(client: Client) -> None:
    client.force_login(User.objects.create_user("anna"))
    read_only.turn(on=True)
    page = client.post("/calls/columns", {})
    in_the_look(page, 503, "Read only for now")
    assert int(page["Retry-After"]) > 0


def test_the_icon_is_where_browsers_look_for_it(client: Client) -> None:
    answer: Any = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/console/favicon.svg")
    assert "max-age" in answer["Cache-Control"]
    assert not answer.cookies
    assert client.post("/favicon.ico").status_code == 405
