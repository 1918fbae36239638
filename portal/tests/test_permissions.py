"""Who may do what: every address of the portal, by every verb, with every proof."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from accounts.permissions import SCOPES
from accounts.tests.auth0 import trusting
from demo.auth0 import Auth0StandIn
from portal.tests.permission_rules import IDENTITIES, ROLES, VERBS, Identity, Row, routes
from portal.tests.permission_scene import MODELS, Scene
from portal.tests.permission_table import (
    ADMIN_MODELS,
    ADMIN_PAGES,
    ADMIN_ROWS,
    DOORSTEPS,
    ROWS,
    SIGNED_AUDIO,
)


@pytest.fixture(scope="module")
def scene(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    auth0_for_all: Auth0StandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """One scene for all tests: building it takes longer than most of them, and every request is taken back."""
    everything = transaction.atomic()
    everything._from_testcase = True  # durable blocks are let into this one, as into the tests' own
    root = tmp_path_factory.mktemp("recordings")
    with django_db_blocker.unblock(), trusting(auth0_for_all), override_settings(RECORDINGS_ROOT=root), everything:
        yield Scene(auth0_for_all).build()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget the forms and the counted requests of the tests before."""
    cache.clear()


def test_every_address_is_in_the_table_and_every_line_has_an_address() -> None:
    admin = {f"admin/{model}/{tail}" for model in ADMIN_MODELS for tail in ADMIN_PAGES}
    known = {row.route for row in (*ROWS, *ADMIN_ROWS)} | admin | DOORSTEPS
    there = set(routes())
    assert there - known == set(), "these addresses are in no table: add a line to permission_table.py"
    assert known - there == set(), "these lines have no address any more"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_who_may(scene: Scene, row: Row) -> None:
    assert list(deviations(scene, row, VERBS, IDENTITIES)) == []


def deviations(scene: Scene, row: Row, verbs: Iterable[str], identities: Iterable[Identity]) -> Iterator[str]:
    """Try a row of the table, and yield whatever was not as it says."""
    path = scene.path_of(row)
    for verb, identity in product(verbs, identities):
        answer = scene.ask(identity, verb, path, row.doors.get("GET" if verb == "HEAD" else verb))
        said, expected = f"{verb} by {identity}: {answer.status_code}", row.expected(verb, identity)
        if answer.status_code not in expected:
            yield f"{said}, not {sorted(expected)}"
        if scene.left_a_trace and row.refuses(verb, identity):
            yield f"{said}, but something was done"
        if answer.status_code == 302 and leads_to_sign_in(answer) != row.refuses(verb, identity):
            yield f"{said} to {answer['Location']}"
        yield from (f"{said} {fault}" for fault in faults(row, verb, answer))


def leads_to_sign_in(answer: HttpResponse) -> bool:
    return answer["Location"].startswith(("/login", "/admin/login"))


def faults(row: Row, verb: str, answer: HttpResponse) -> Iterator[str]:
    """Yield what is wrong with an answer beside its status."""
    status = answer.status_code
    if status == 405 and "Allow" not in answer:
        yield "without Allow"
    if verb == "HEAD" and not answer.streaming and answer.content:
        yield "with a body"
    if not row.is_for_programs:
        return
    if status == 401 and "WWW-Authenticate" not in answer:
        yield "without WWW-Authenticate"
    if status >= 400 and answer["Content-Type"] != "application/problem+json":
        yield f"as {answer['Content-Type']}"
    if answer.cookies:
        yield "with a cookie"


def test_a_signed_address_opens_the_audio_and_nothing_else(scene: Scene) -> None:
    assert list(deviations(scene, SIGNED_AUDIO, ("GET", "HEAD"), IDENTITIES)) == []
    for verb, identity in product(("POST", "PUT", "PATCH", "DELETE"), IDENTITIES):
        answer = scene.ask(identity, verb, scene.path_of(SIGNED_AUDIO), SIGNED_AUDIO.doors["GET"])
        assert answer.status_code in {400, 401, 403, 405}, f"{verb} by {identity}"
        assert not scene.left_a_trace


# -- Django's admin --------------------------------------------------------------------------------------------------------

# A key, a token or the operator's secret opens no page: some of each are tried on these, whose pages are many.
VISITORS = [
    identity
    for identity in IDENTITIES
    if identity.kind == "session" or identity.name in {"nobody", "key of ada", "token of ada", "operator", "switch"}
]


@pytest.mark.parametrize("row", ADMIN_ROWS, ids=str)
def test_who_may_use_the_administration(scene: Scene, row: Row) -> None:
    assert list(deviations(scene, row, ("GET", "HEAD"), VISITORS)) == []


@pytest.mark.parametrize("model", ADMIN_MODELS)
def test_who_may_administer(scene: Scene, model: str) -> None:
    objects = {known._meta.label_lower.replace(".", "/"): known for known in MODELS}
    object_id = str(objects[model].objects.order_by("pk").values_list("pk", flat=True)[0])
    assert list(admin_deviations(scene, model, object_id)) == []


def admin_deviations(scene: Scene, model: str, object_id: str) -> Iterator[str]:
    for (tail, needed), identity in product(ADMIN_PAGES.items(), VISITORS):
        path = scene.path_of(Row(f"admin/{model}/{tail}", parameters={"object_id": object_id}))
        for verb, permission in zip(("GET", "POST"), needed, strict=True):
            answer = scene.ask(identity, verb, path)
            away = answer.status_code == 302 and leads_to_sign_in(answer)
            held = "" if away else ADMIN_MODELS[model][ROLES.index(identity.role) - 1]
            let_in = answer.status_code in {200, 302} and not away
            if away == (identity.kind == "session" and identity.good and identity.is_staff) or let_in != (
                not away and permission in held
            ):
                yield f"{verb} {path} by {identity}: {answer.status_code}"
            if not let_in and scene.left_a_trace:
                yield f"{verb} {path} by {identity}: {answer.status_code}, but something was done"


@pytest.mark.parametrize("route", sorted(DOORSTEPS))
def test_at_the_door_everybody_may_try_and_nobody_gets_in_empty_handed(scene: Scene, route: str) -> None:
    for verb, identity in product(VERBS, IDENTITIES):
        answer = scene.ask(identity, verb, f"/{route}")
        assert answer.status_code in {200, 302, 400, 403, 405}, f"{verb} by {identity}"
        assert not scene.signed_in, f"{verb} by {identity}"


# -- what no row can say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if "maintenance" in row.route], ids=str)
def test_without_a_maintenance_token_there_is_no_maintenance(scene: Scene, row: Row, settings: Any) -> None:
    path, settings.MAINTENANCE_TOKEN = scene.path_of(row), ""
    for verb, identity in product(VERBS, IDENTITIES):
        answer = scene.ask(identity, verb, path, row.doors.get(verb))
        assert answer.status_code == 404, f"{verb} by {identity}"
        assert not scene.left_a_trace


def test_the_operators_token_opens_maintenance_alone(scene: Scene) -> None:
    (operator,) = (identity for identity in IDENTITIES if identity.kind == "operator")
    opened = {
        row.route
        for row, verb in product(ROWS, VERBS)
        if scene.ask(operator, verb, scene.path_of(row), row.doors.get(verb)).status_code < 300
    }
    anybodys = {row.route for row in ROWS if row.route.startswith("api/v2/auth/") or not row.is_for_programs}
    assert opened - anybodys == {route for route in opened if route.startswith("api/v2/maintenance/")}
    assert len(opened - anybodys) == len({row.route for row in ROWS if "maintenance" in row.route})


@pytest.mark.parametrize("row", [row for row in ROWS if not row.is_for_programs and "POST" in row.doors], ids=str)
def test_no_page_acts_for_a_foreign_page(scene: Scene, row: Row) -> None:
    for identity in IDENTITIES:
        handler = scene.clients[identity.name].handler
        handler.enforce_csrf_checks = True
        answer = scene.ask(identity, "POST", scene.path_of(row), row.doors["POST"])
        handler.enforce_csrf_checks = False
        assert answer.status_code == 403, identity
        assert not scene.left_a_trace


# What decisions fixed for each scope: it opens these and, beside what needs none, nothing else.
NEEDS_NONE = {"GET api/v2/auth/me", "HEAD api/v2/auth/me"}
OPENED_BY = {
    "calls:read": {
        f"{verb} api/v2/{path}"
        for verb in ("GET", "HEAD")
        for path in (
            "call-recording",
            "call-recording/<int:call_id>",
            "call-recording/<int:call_id>/audio",
            "call-link/<int:link_id>",
        )
    },
    "calls:write": {
        "GET api/v2/call-link",
        "POST api/v2/call-link",
        "DELETE api/v2/call-link/<int:link_id>",
        "DELETE api/v2/call-recording/<int:call_id>/audio",
    },
    "numbers:write": {
        "GET api/v2/assign-number",
        "POST api/v2/assign-number",
        "DELETE api/v2/assign-number",
        "POST api/v2/assign-number/sip-password",
    },
    "admin": {
        "GET api/v2/tokens",
        "HEAD api/v2/tokens",
        "POST api/v2/tokens",
        "DELETE api/v2/tokens/<int:key_id>",
    },
}
FOR_STAFF = {"admin": {"GET api/v2/audit", "HEAD api/v2/audit"}}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_what_it_says_and_nothing_else(scene: Scene, scope: str) -> None:
    for who, more in (("anna", set()), ("sam", FOR_STAFF.get(scope, set()))):
        (identity,) = (known for known in IDENTITIES if known.kind == "key" and known.who == who and known.scopes == (scope,))
        opened = set()
        for row, verb in product((row for row in ROWS if row.route.startswith("api/")), VERBS[:-1]):
            answer = scene.ask(identity, verb, scene.path_of(row), row.doors.get("GET" if verb == "HEAD" else verb))
            if answer.status_code not in {401, 403, 405}:
                opened.add(f"{verb} {row.route}")
        anybodys = {"GET api/v2/auth/login", "GET api/v2/auth/callback", "POST api/v2/auth/refresh"}
        assert opened - anybodys == OPENED_BY[scope] | NEEDS_NONE | more, who
