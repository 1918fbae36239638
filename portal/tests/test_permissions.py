"""Who may do what: every address of the portal, by every verb, with every proof."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse

from accounts.permissions import SCOPES
from demo.auth0 import Auth0StandIn
from portal.tests import conformance
from portal.tests.permission_rules import IDENTITIES, ROLES, VERBS, Identity, Row, routes
from portal.tests.permission_scene import MODELS, Scene
from portal.tests.permission_table import (
    ADMIN_MODELS,
    ADMIN_PAGES,
    ADMIN_ROWS,
    AREAS,
    DOORSTEPS,
    ROWS,
    SIGNED_AUDIO,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def scene(auth0: Auth0StandIn, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Scene:
    # A line a request would hide what went wrong among thousands.
    caplog.set_level("ERROR", "portal.request")
    settings.RECORDINGS_ROOT = tmp_path
    return Scene(auth0).build()


def test_every_address_is_in_the_table_and_every_line_has_an_address() -> None:
    admin = {f"admin/{model}/{tail}" for model in ADMIN_MODELS for tail in ADMIN_PAGES}
    known = {row.route for row in (*ROWS, *ADMIN_ROWS)} | admin | DOORSTEPS
    there = set(routes())
    assert there - known == set(), "these addresses are in no table: add a line to permission_table.py"
    assert known - there == set(), "these lines have no address any more"


# As many addresses as are tried on one scene: several workers can share an area.
AT_ONCE = 15
PARTS = [(area, start) for area, rows in AREAS.items() for start in range(0, len(rows), AT_ONCE)]
# What no door is for is refused whoever asks: one of each kind of proof tries it, good and bad.
ONE_OF_EACH = list({(identity.kind, identity.good, identity.is_staff): identity for identity in IDENTITIES}.values())


@pytest.mark.parametrize(("area", "start"), PARTS)
def test_who_may(scene: Scene, area: str, start: int) -> None:
    rows = AREAS[area][start : start + AT_ONCE]
    assert [deviation for row in rows for deviation in deviations(scene, row, VERBS, IDENTITIES)] == []


def deviations(scene: Scene, row: Row, verbs: Iterable[str], identities: Sequence[Identity]) -> Iterator[str]:
    """Try a row of the table, and yield whatever was not as it says."""
    path = scene.path_of(row)
    # Neither forms nor requests are counted from one address to the next.
    cache.clear()
    tries = ((verb, identity) for verb in verbs for identity in (identities if verb in row.doors else ONE_OF_EACH))
    for verb, identity in tries:
        answer = scene.ask(identity, verb, path, row.doors.get("GET" if verb == "HEAD" else verb))
        said, expected = f"{verb} {row} by {identity}: {answer.status_code}", row.expected(verb, identity)
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
    yield from conformance.faults(verb, row.route, answer)


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


def test_who_may_use_the_administration(scene: Scene) -> None:
    assert [deviation for row in ADMIN_ROWS for deviation in deviations(scene, row, ("GET", "HEAD"), VISITORS)] == []


@pytest.mark.parametrize("app", sorted({model.partition("/")[0] for model in ADMIN_MODELS}))
def test_who_may_administer(scene: Scene, app: str) -> None:
    objects = {known._meta.label_lower.replace(".", "/"): known.objects.order_by("pk").first() for known in MODELS}
    models = [model for model in ADMIN_MODELS if model.startswith(f"{app}/")]
    assert [found for model in models for found in admin_deviations(scene, model, str(objects[model].pk))] == []


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


def test_at_the_door_everybody_may_try_and_nobody_gets_in_empty_handed(scene: Scene) -> None:
    for route, verb, identity in product(DOORSTEPS, VERBS, IDENTITIES):
        answer = scene.ask(identity, verb, f"/{route}")
        assert answer.status_code in {200, 302, 400, 403, 405}, f"{verb} {route} by {identity}"
        assert not scene.signed_in, f"{verb} {route} by {identity}"


# -- what no row can say ---------------------------------------------------------------------------------------------------


def test_without_a_maintenance_token_there_is_no_maintenance(scene: Scene, settings: Any) -> None:
    settings.MAINTENANCE_TOKEN = ""
    for row in AREAS["the operator"]:
        cache.clear()
        for verb, identity in product(VERBS, IDENTITIES):
            answer = scene.ask(identity, verb, scene.path_of(row), row.doors.get(verb))
            assert answer.status_code == 404, f"{verb} {row} by {identity}"
            assert not scene.left_a_trace


PUBLIC = ("api/v2/auth/", "api/v2/schema", "api/v2/docs")


def test_the_operators_token_opens_maintenance_alone(scene: Scene) -> None:
    (operator,) = (identity for identity in IDENTITIES if identity.kind == "operator")
    opened = set()
    for row in ROWS:
        cache.clear()
        answers = [scene.ask(operator, verb, scene.path_of(row), row.doors.get(verb)) for verb in VERBS]
        if any(answer.status_code < 300 for answer in answers):
            opened.add(row.route)
    anybodys = {row.route for row in ROWS if row.route.startswith(PUBLIC) or not row.is_for_programs}
    assert opened - anybodys == {route for route in opened if route.startswith("api/v2/maintenance/")}
    assert len(opened - anybodys) == len({row.route for row in ROWS if "maintenance" in row.route})


def test_no_page_acts_for_a_foreign_page(scene: Scene) -> None:
    forms = [row for row in AREAS["the console"] if "POST" in row.doors]
    for row, identity in product(forms, IDENTITIES):
        handler = scene.clients[identity.name].handler
        handler.enforce_csrf_checks = True
        answer = scene.ask(identity, "POST", scene.path_of(row), row.doors["POST"])
        handler.enforce_csrf_checks = False
        assert answer.status_code == 403, f"{row} by {identity}"
        assert not scene.left_a_trace


# What decisions fixed for each scope: it opens these and, beside what needs none, nothing else.
NO_ADDRESS = "api/v2/"
NEEDS_NONE = {f"{verb} api/v2/{path}" for verb in ("GET", "HEAD") for path in ("auth/me", "schema", "docs")}
OPENED_BY = {
    "calls:read": {
        f"{verb} api/v2/{path}"
        for verb in ("GET", "HEAD")
        for path in (
            "call-recording",
            "call-recording/live",
            "call-recording/<int:call_id>",
            "call-recording/<int:call_id>/audio",
            "call-recording/<int:call_id>/peaks",
            "call-link/<int:link_id>",
            "call-links",
            "search",
            "live/calls",
            "live/registrations",
            "webhooks",
            "webhooks/<int:webhook_id>",
            "webhooks/<int:webhook_id>/deliveries",
            "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>",
        )
    }
    | {"GET api/v2/call-recording/export.csv", "GET api/v2/call-recording/export.xlsx"},
    "calls:write": {
        "GET api/v2/call-link",
        "POST api/v2/call-link",
        "DELETE api/v2/call-link/<int:link_id>",
        "DELETE api/v2/call-recording/<int:call_id>/audio",
        "PUT api/v2/call-recording/live/<uuid:leg_uuid>/pause",
        "DELETE api/v2/call-recording/live/<uuid:leg_uuid>/pause",
        "DELETE api/v2/live/calls/<uuid:call_uuid>",
    },
    "numbers:write": {
        "GET api/v2/assign-number",
        "POST api/v2/assign-number",
        "DELETE api/v2/assign-number",
        "POST api/v2/assign-number/sip-password",
        "GET api/v2/cell-phone",
        "HEAD api/v2/cell-phone",
        "PUT api/v2/cell-phone",
        "DELETE api/v2/cell-phone",
        "GET api/v2/forwarding",
        "HEAD api/v2/forwarding",
        "PUT api/v2/forwarding",
        "DELETE api/v2/forwarding",
    },
    "admin": {
        "GET api/v2/tokens",
        "HEAD api/v2/tokens",
        "POST api/v2/tokens",
        "DELETE api/v2/tokens/<int:key_id>",
    },
}
FOR_STAFF = {
    "admin": {
        f"{verb} api/v2/{path}"
        for path, verbs in {
            "audit": ("GET", "HEAD"),
            "bans": ("GET", "HEAD", "POST"),
            "bans/<int:ban_id>": ("GET", "HEAD", "DELETE"),
            "bans/failed-registrations": ("GET", "HEAD"),
            "extensions": ("GET", "HEAD", "POST"),
            "extensions/<int:extension_id>": ("GET", "HEAD", "PATCH"),
            "extensions/<int:extension_id>/assign": ("POST",),
            "extensions/<int:extension_id>/assignments": ("GET", "HEAD"),
            "extensions/<int:extension_id>/release": ("POST",),
            "extensions/<int:extension_id>/close": ("POST",),
            "extensions/<int:extension_id>/open": ("POST",),
            "extensions/<int:extension_id>/sip-password": ("POST",),
            "extensions/<int:extension_id>/revocations": ("GET", "HEAD"),
            "extensions/<int:extension_id>/revocations/repeat": ("POST",),
            "live/gateways": ("GET", "HEAD"),
            "live/switches": ("GET", "HEAD"),
            "numbers": ("GET", "HEAD", "POST"),
            "numbers/changes": ("POST",),
            "numbers/changes/<int:change_id>": ("GET", "HEAD"),
            "numbers/imports": ("POST",),
            "numbers/imports/<int:import_id>": ("GET", "HEAD"),
            "numbers/imports/<int:import_id>/confirm": ("POST",),
            "numbers/imports/<int:import_id>/wrong-lines": ("GET", "HEAD"),
            "numbers/<int:number_id>": ("GET", "HEAD", "PATCH"),
            "numbers/<int:number_id>/assign": ("POST",),
            "numbers/<int:number_id>/assignments": ("GET", "HEAD"),
            "numbers/<int:number_id>/release": ("POST",),
            "route": ("GET", "HEAD"),
            "statistics": ("GET", "HEAD"),
            "statistics/now": ("GET", "HEAD"),
            "users": ("GET", "HEAD"),
            "users/<int:user_id>": ("GET", "HEAD", "PATCH"),
            "domains": ("GET", "HEAD", "POST"),
            "domains/<int:domain_id>": ("GET", "HEAD", "PATCH", "DELETE"),
            "providers": ("GET", "HEAD", "POST"),
            "providers/<int:provider_id>": ("GET", "HEAD", "PATCH", "DELETE"),
            "gateways": ("GET", "HEAD", "POST"),
            "gateways/<int:gateway_id>": ("GET", "HEAD", "PATCH", "DELETE"),
            "gateways/<int:gateway_id>/load": ("POST",),
            "switches": ("GET", "HEAD"),
            "switches/<int:switch_id>": ("GET", "HEAD", "DELETE"),
            "quarantine": ("GET", "HEAD"),
            "quarantine/retry": ("POST",),
            "quarantine/<int:entry_id>": ("GET", "HEAD", "DELETE"),
            "quarantine/<int:entry_id>/retry": ("POST",),
        }.items()
        for verb in verbs
    }
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_what_it_says_and_nothing_else(scene: Scene, scope: str) -> None:
    for who, more in (("anna", set()), ("sam", FOR_STAFF.get(scope, set()))):
        (identity,) = (known for known in IDENTITIES if known.kind == "key" and known.who == who and known.scopes == (scope,))
        opened = set()
        for row, verb in ((row, verb) for row in ROWS if row.route.startswith("api/") for verb in VERBS[:-1]):
            if verb not in row.doors and not (verb == "HEAD" and "GET" in row.doors):
                continue
            answer = scene.ask(identity, verb, scene.path_of(row), row.doors.get("GET" if verb == "HEAD" else verb))
            if answer.status_code not in {401, 403, 405} and row.route != NO_ADDRESS:
                opened.add(f"{verb} {row.route}")
        anybodys = {"GET api/v2/auth/login", "GET api/v2/auth/callback", "POST api/v2/auth/refresh"}
        assert opened - anybodys == OPENED_BY[scope] | NEEDS_NONE | more, who
