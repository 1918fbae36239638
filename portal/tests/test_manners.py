"""How every endpoint of the API behaves, whatever it is for: each is asked everything that may be wrong with a request."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.core.signing import TimestampSigner
from django.http import HttpResponse

from demo.auth0 import Auth0StandIn
from portal.tests import conformance
from portal.tests.permission_rules import IDENTITIES, Identity, Row
from portal.tests.permission_scene import JSON, Scene
from portal.tests.permission_table import ROWS
from telephony.services.recordings import ListenSigner

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

MEDIA_MAGIC: Final = "application/mediamagic.rest.v1+json"
PROBLEM: Final = "application/problem+json"
ENDPOINTS: Final = tuple(row for row in ROWS if row.route.startswith("api/v2/") and row.route != "api/v2/")
ASKERS: Final = [
    identity
    for name in ("token of anna", "token of sam", "token of ada", "operator", "nobody")
    for identity in IDENTITIES
    if identity.name == name
]
# Answered in something else, whatever is asked for.
NO_JSON: Final = frozenset(
    f"api/v2/{path}"
    for path in (
        "docs", "call-recording/<int:call_id>/audio", "call-recording/export.csv", "call-recording/export.xlsx",
        "numbers/imports/<int:import_id>/wrong-lines",
    )
)  # fmt: skip
# Auth0 adds parameters of its own.
ANY_PARAMETER: Final = frozenset({"api/v2/auth/callback"})
# It sets what is to be: the same again is the same.
NEEDS_NO_KEY: Final = frozenset({"api/v2/auth/refresh"})
RATE: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture
def scene(
    auth0: Auth0StandIn, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    caplog.set_level("CRITICAL")
    # An address that changes every five minutes may not do so between two requests of a test.
    now = TimestampSigner().timestamp()
    monkeypatch.setattr(ListenSigner, "timestamp", lambda self: now)
    settings.RECORDINGS_ROOT = tmp_path
    return Scene(auth0).build()


def asker(row: Row, verb: str) -> Identity:
    return next(identity for identity in ASKERS if not row.refuses(verb, identity))


Ask = Callable[..., HttpResponse]


def each(scene: Scene, *verbs: str) -> Iterator[tuple[Row, str, Ask]]:
    """Yield every endpoint with each of these verbs that it has, and how somebody asks it who may."""
    for row in ENDPOINTS:
        # Together they are more requests than anybody may send in a minute.
        cache.clear()
        for verb in [verb for verb in row.doors if verb in verbs]:

            def ask(other: str = "", row: Row = row, verb: str = verb, **changes: Any) -> HttpResponse:
                return scene.ask(asker(row, verb), other or verb, scene.path_of(row), row.doors[verb], **changes)

            yield row, verb, ask


def problem(answer: HttpResponse, status: int, *codes: str) -> str | None:
    """Return what is wrong with an answer that should be this problem."""
    if answer.status_code != status or answer["Content-Type"] != PROBLEM:
        return f"{answer.status_code} {answer['Content-Type']}, not {status}"
    document = json.loads(answer.content)
    if not {"type", "title", "status", "detail", "code"} <= set(document) or document["status"] != status:
        return f"{status}, but {document}"
    return None if document["code"] in codes else f"{status}, but {document['code']}"


def wrong(found: Iterator[tuple[Row, str, str | None]]) -> list[str]:
    return [f"{verb} {row}: {fault}" for row, verb, fault in found if fault]


READ, ACT, SEND = ("GET",), ("POST", "PUT", "PATCH", "DELETE"), ("POST", "PUT", "PATCH")
ALL = (*READ, *ACT)


def test_options_is_a_204_that_names_the_verbs_and_every_other_verb_a_405_that_does_too(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, *ALL):
            names = {*row.doors, "OPTIONS"} | ({"HEAD"} if "GET" in row.doors and row.head else set())
            answer = ask("OPTIONS")
            if {name.strip() for name in answer.headers.get("Allow", "").split(",")} != names:
                yield row, verb, f"Allow {answer.headers.get('Allow')}"
            if (answer.status_code, answer.content) != (204, b""):
                yield row, verb, f"OPTIONS {answer.status_code}"
            for other in {*ALL, "HEAD"} - names:
                refused = ask(other)
                if refused.headers.get("Allow") != answer.headers["Allow"] or refused.status_code != 405:
                    yield row, other, f"{refused.status_code} {refused.headers.get('Allow')}"

    assert wrong(faults()) == []


def test_head_is_get_without_its_body(scene: Scene) -> None:
    same = ("Content-Type", "ETag", "Cache-Control", "Vary", "X-Page-Size", "Content-Length")

    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, _, ask in each(scene, "GET"):
            if not row.head:
                yield row, "HEAD", problem_of_head(ask("HEAD"))
                continue
            shown, head = ask(), ask("HEAD")
            if head.status_code != shown.status_code or b"".join(head):
                yield row, "HEAD", f"{head.status_code}, not {shown.status_code}"
            # A 503 is not looked at: there is nothing to be had.
            yield from (
                (row, "HEAD", f"{name} {head.headers.get(name)!r}, not {shown.headers.get(name)!r}")
                for name in same
                if shown.status_code == 200 and head.headers.get(name) != shown.headers.get(name)
            )

    assert wrong(faults()) == []


def problem_of_head(answer: HttpResponse) -> str | None:
    return None if (answer.status_code, answer.content) == (405, b"") else f"{answer.status_code}"


def test_query_parameters_are_known_given_once_and_sane(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, *ALL):
            if row.route not in ANY_PARAMETER:
                yield row, verb, problem(ask(query={"no_such": "1"}), 400, "unknown_parameter")
                yield row, verb, problem(ask(query={"format": "json"}), 400, "unknown_parameter")
            operation = conformance.document()["paths"][conformance.template_of(row.route)][verb.lower()]
            known = [conformance.resolved(each) for each in operation["parameters"]]
            for name in [each["name"] for each in known if each["in"] == "query"]:
                yield row, verb, problem(ask(query={name: ["1", "1"]}), 400, "repeated_parameter")
                yield row, verb, problem(ask(query={name: "a\0"}), 400, "malformed_parameter")
                yield row, verb, problem(ask(query={name: "a" * 1001}), 400, "malformed_parameter")

    assert wrong(faults()) == []


def test_media_types_are_json_under_either_name_and_no_other(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, *ALL):
            yield row, verb, problem(ask(headers={"accept": "application/xml"}), 406, "not_acceptable")
            for accept in (JSON, MEDIA_MAGIC) if row.route not in NO_JSON else ():
                answer = ask(headers={"accept": accept})
                if answer.status_code < 300 and answer.content and answer["Content-Type"] != accept:
                    yield row, verb, f"{answer['Content-Type']}, not {accept}"

    assert wrong(faults()) == []


def test_a_body_is_json_under_either_name_and_an_object(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, *SEND):
            expected = row.doors[verb].status
            for content_type in (JSON, MEDIA_MAGIC, f"{JSON}; charset=utf-8"):
                answer = ask(content_type=content_type)
                yield row, verb, None if answer.status_code == expected else f"{content_type}: {answer.status_code}"
            for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
                yield row, verb, problem(ask(content_type=content_type, data="{}"), 415, "unsupported_media_type")
            for data in ("{", "nonsense", "NaN", '{"a": NaN}', b"\xff", '{"a": "\\u0000"}', '{"a": "\\ud800"}', "[" * 100_000):
                yield row, verb, problem(ask(data=data), 400, "parse_error")
            for data in ("[]", "[1]", "null", "0", "false", '""', '"text"', "1e999"):
                yield row, verb, problem(ask(data=data), 400, "invalid_input", "parse_error")
            yield row, verb, problem(ask(data='{"no_such_member": 1}'), 400, "invalid_input")
            yield row, verb, problem(ask(data='{"a": "' + "x" * 1_100_000 + '"}'), 413, "body_too_large")
            # Taken for none it would have done something else than it says.
            yield row, verb, problem(ask(headers={"transfer-encoding": "chunked"}), 411, "length_required")

    assert wrong(faults()) == []


def test_every_answer_has_its_id_its_rate_and_is_kept_by_nobody_else(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, *ALL):
            for changes in (
                {},
                {"query": {"no_such": "1"}},
                {"headers": {"authorization": "Bearer x", "x-mediamagic-key": "y"}},
            ):
                answer = ask(**changes)
                if not all(answer.headers.get(name, "").isdigit() for name in RATE):
                    yield row, verb, "without its rate"
                if len(answer.headers.get("X-Request-ID", "")) != 32:
                    yield row, verb, "without an id"
                yield row, verb, fault_of_caching(row, answer)
            if ask(headers={"x-request-id": "mine-1"})["X-Request-ID"] != "mine-1":
                yield row, verb, "without my id"
            if ask(headers={"x-request-id": "a b"})["X-Request-ID"] == "a b":
                yield row, verb, "with an id that is none"

    assert wrong(faults()) == []


PUBLIC: Final = frozenset({"api/v2/schema", "api/v2/docs"})


def fault_of_caching(row: Row, answer: HttpResponse) -> str | None:
    said, varies = answer.headers.get("Cache-Control", ""), answer.headers.get("Vary", "").lower()
    if row.route in PUBLIC:
        return None if answer.status_code >= 400 or "public" in said else f"Cache-Control {said}"
    if "private" not in said and "no-store" not in said:
        return f"Cache-Control {said}"
    if row.route.startswith("api/v2/auth/") and row.route != "api/v2/auth/me":
        return None
    missing = {"accept", "authorization", "x-mediamagic-key"} - {name.strip() for name in varies.split(",")}
    return f"Vary lacks {sorted(missing)}" if missing else None


def test_every_post_that_creates_or_dials_takes_an_idempotency_key(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, "POST"):
            if row.route not in NEEDS_NO_KEY:
                answer = ask(headers={"idempotency-key": ""})
                yield row, verb, problem(answer, 400, "malformed_idempotency_key")

    assert wrong(faults()) == []


def test_what_is_looked_at_has_a_tag_and_is_not_sent_again(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, "GET"):
            answer = ask()
            tag = answer.headers.get("ETag")
            if not row.head or answer.status_code != 200:
                yield row, verb, "a tag on what acts" if tag else None
                continue
            yield row, verb, None if str(tag).startswith('"') else f"the tag {tag}"
            for given, other in product((tag, f"W/{tag}", f'"other", {tag}', "*"), ("GET", "HEAD")):
                again = ask(other, headers={"if-none-match": given})
                if (again.status_code, b"".join(again), again.headers.get("ETag")) != (304, b"", tag):
                    yield row, verb, f"{again.status_code} {again.headers.get('ETag')} for {given}"
            if ask(headers={"if-none-match": '"other"'}).status_code != 200:
                yield row, verb, "a 304 for another tag"

    assert wrong(faults()) == []


def test_what_has_changed_is_not_overwritten_unseen(scene: Scene) -> None:
    def faults() -> Iterator[tuple[Row, str, str | None]]:
        for row, verb, ask in each(scene, "PUT", "PATCH", "DELETE"):
            expected = row.doors[verb].status
            refused = ask(headers={"if-match": '"other"'})
            yield row, verb, problem(refused, 412, "precondition_failed")
            if scene.left_a_trace:
                yield row, verb, "was done in spite of If-Match"
            yield row, verb, problem(ask(headers={"if-match": "no tag"}), 400, "malformed_if_match")
            given = ["*"]
            if "GET" in row.doors and row.head:
                given.append(scene.ask(asker(row, "GET"), "GET", scene.path_of(row))["ETag"])
            for tag in given:
                status = ask(headers={"if-match": tag}).status_code
                yield row, verb, None if status == expected else f"{status} for If-Match {tag}"

    assert wrong(faults()) == []
