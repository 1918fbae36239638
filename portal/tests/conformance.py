"""Hold an answer of the API to what its schema says of it: status, media type, headers, every member."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
from django.http import HttpResponse

from portal.api_document import FILE

PREFIX: Final = "/api/v2/"
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?")
UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# They are as the model had them when it was written down.
NOT_OURS: Final = frozenset({"before", "after"})


@functools.cache
def document() -> dict[str, Any]:
    """Return the schema, whose objects have no members but those that it names."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    for schema in found["components"]["schemas"].values():
        _close(schema)
    # What a switch said differs from step to step.
    found["components"]["schemas"]["Step"].pop("additionalProperties")
    return found


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for each in schema:
            _close(each)
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for each in schema.values():
            _close(each)


def template_of(route: str) -> str:
    """Return an address of the URL table as the schema writes it."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    if "$ref" not in part:
        return part
    found: Any = document()
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def faults(verb: str, route: str, answer: HttpResponse) -> Iterator[str]:
    """Yield what is not as the schema says; HEAD is held to what GET answers, save for the body."""
    operation = document()["paths"].get(template_of(route), {}).get("get" if verb == "HEAD" else verb.lower())
    if operation is None:
        return
    status = str(answer.status_code)
    if status not in operation["responses"]:
        yield f"answered {status}, which the schema does not know"
        return
    described = resolved(operation["responses"][status])
    for name, header in described.get("headers", {}).items():
        if resolved(header)["required"] and name not in answer.headers:
            yield f"answered {status} without {name}"
    if verb != "HEAD":
        yield from _faults_of_body(described, answer)


def _faults_of_body(described: dict[str, Any], answer: HttpResponse) -> Iterator[str]:
    content = described.get("content")
    if content is None:
        if not answer.streaming and answer.content:
            yield f"answered {answer.status_code} with a body"
        return
    media_type = answer.headers["Content-Type"].partition(";")[0]
    if media_type not in content:
        yield f"answered {answer.status_code} as {media_type}"
        return
    if media_type.endswith("json"):
        value = json.loads(answer.content)
        errors = validator(json.dumps(content[media_type]["schema"])).iter_errors(value)
        yield from (f"answered {'.'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors)
        yield from (f"answered the time {text!r}" for text in times(value) if not UTC.fullmatch(text))


@functools.cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Return what tells whether a value is as a schema of the document says."""
    return jsonschema_rs.Draft202012Validator(json.loads(schema) | {"components": document()["components"]})


def times(value: Any) -> Iterator[str]:
    """Yield every text that is a time."""
    if isinstance(value, str) and INSTANT.fullmatch(value):
        yield value
    if isinstance(value, list):
        for each in value:
            yield from times(each)
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in NOT_OURS:
                yield from times(each)
