"""The parts that the descriptions of all endpoints share: errors, headers, proofs."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from web.errors import CONTENT_TYPE

Schema = dict[str, Any]

# What each status says of itself, and the codes that any endpoint may give with it. An endpoint adds its own by `refuses`.
ERRORS: Final[Mapping[int, tuple[str, tuple[str, ...]]]] = {
    400: (
        "The request is wrong: `errors` names the fields.",
        (
            "ambiguous_credentials", "bad_request", "body_incomplete", "invalid_input", "malformed_idempotency_key",
            "malformed_if_match", "malformed_parameter", "parse_error", "repeated_parameter", "unknown_parameter",
        ),
    ),
    401: ("No proof came, or none that is taken.", ("invalid_credentials", "not_authenticated")),
    403: ("The proof does not reach that far.", ("permission_denied",)),
    404: ("There is nothing here, or nothing that you may see.", ("not_found",)),
    405: ("This verb does not exist here: `Allow` names those that do.", ("method_not_allowed",)),
    406: ("None of the media types of `Accept` is to be had.", ("not_acceptable",)),
    409: ("It cannot be done as things stand.", ()),
    412: ("It has changed since: `If-Match` has another tag than it.", ("precondition_failed",)),
    411: ("The body comes without its length.", ("length_required",)),
    413: ("The body is larger than this endpoint takes.", ("body_too_large",)),
    415: ("Only JSON is read here: see `Content-Type`.", ("unsupported_media_type",)),
    422: ("The `Idempotency-Key` came with another body before.", ("idempotency_key_reused",)),
    429: ("Too many requests: again after `Retry-After` seconds.", ("throttled",)),
    500: ("Something broke here; the request's id leads to its log.", ("internal_error",)),
    502: ("A service behind this one refused.", ()),
    503: (
        "Not at the moment; again after `Retry-After` seconds.",
        ("database_unavailable", "identity_provider_unavailable", "read_only"),
    ),
}  # fmt: skip

_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}

PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "RFC 9457. Programs go by `code`, which never changes; `detail` is for people.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        "errors": {
            "type": "object",
            "description": "For bad input: what is wrong with each field, in sentences.",
            "additionalProperties": {"type": "array", "items": _TEXT},
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}

HEADERS: Final[Mapping[str, Schema]] = {
    "X-Request-ID": {"description": "The request's id, the client's if it sent a sane one.", "schema": _TEXT, "required": True},
    "RateLimit-Limit": {"description": "How many requests a minute may be sent.", "schema": _NUMBER, "required": True},
    "RateLimit-Remaining": {"description": "How many are left in this minute.", "schema": _NUMBER, "required": True},
    "RateLimit-Reset": {"description": "In how many seconds the next minute begins.", "schema": _NUMBER, "required": True},
    "Retry-After": {"description": "In how many seconds to try again.", "schema": _NUMBER, "required": False},
    "ETag": {"description": "What `If-None-Match` and `If-Match` are compared with.", "schema": _TEXT, "required": True},
    "Link": {"description": "RFC 8288: `next` and `prev`, where there are such pages.", "schema": _TEXT, "required": False},
    "X-Page-Size": {"description": "The limit of the page.", "schema": _NUMBER, "required": True},
    "Idempotent-Replayed": {
        "description": "`true` where this answer was given before.", "schema": {"const": "true"}, "required": False,
    },
    "WWW-Authenticate": {"description": "Which proofs are taken.", "schema": _TEXT, "required": True},
    "Allow": {"description": "The verbs that exist here.", "schema": _TEXT, "required": True},
    "Location": {"description": "Where to go on.", "schema": {"type": "string", "format": "uri"}, "required": True},
    "Accept-Ranges": {"description": "Parts can be asked for, in bytes.", "schema": {"const": "bytes"}, "required": True},
    "Content-Disposition": {"description": "That it is a file, and its name.", "schema": _TEXT, "required": True},
    "Content-Range": {"description": "Which part this is.", "schema": _TEXT, "required": True},
}  # fmt: skip
EVERYWHERE: Final = ("X-Request-ID", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_HEADERS_OF_ERRORS: Final[Mapping[int, str]] = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}

PARAMETERS: Final[Mapping[str, Schema]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key", "in": "header",
        "description": "A text of your choice: the same key with the same body acts once, and is answered alike for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    },
    "RequestId": {
        "name": "X-Request-ID", "in": "header",
        "description": "An id of yours for this request, which its answer and the portal's log will carry: up to 64 letters, "
        "digits, dots, hyphens and underscores. What is none gets one of the portal's.",
        "schema": _TEXT,
    },
    "IfNoneMatch": {
        "name": "If-None-Match", "in": "header",
        "description": "The `ETag` of what you have: while it is still so, the answer is a 304 without a body.",
        "schema": _TEXT,
    },
    "IfMatch": {
        "name": "If-Match", "in": "header",
        "description": "The `ETag` of what you saw: where it has changed since, nothing is done (412).",
        "schema": _TEXT,
    },
    "limit": {
        "name": "limit", "in": "query", "description": "How many a page has.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    },
    "cursor": {
        "name": "cursor", "in": "query", "description": "Where the page begins: as `Link` has it.", "schema": _TEXT,
    },
}  # fmt: skip


def reference(kind: str, name: str) -> Schema:
    """Return a reference to a shared part."""
    return {"$ref": f"#/components/{kind}/{name}"}


def headers(names: Sequence[str]) -> Schema:
    """Return the headers of an answer, those of every answer among them."""
    return {name: reference("headers", name) for name in (*names, *EVERYWHERE)}


def name_of(status: int) -> str:
    """Return the name of what is shared of the answers with this status."""
    return "".join(word.capitalize() for word in HTTPStatus(status).phrase.replace("-", " ").split())


def error(status: int, codes: Sequence[str] = ()) -> Schema:
    """Return how an endpoint answers with this status: as all do, or with codes of its own besides."""
    return error_response(status, codes) if codes else reference("responses", name_of(status))


def error_response(status: int, codes: Sequence[str] = ()) -> Schema:
    """Return how a status is answered: a problem whose code is one of those of all, or of these."""
    sentence, shared = ERRORS[status]
    known = {"properties": {"status": {"const": status}, "code": {"enum": sorted({*shared, *codes})}}}
    schema = {"allOf": [reference("schemas", "Problem"), known]}
    extra = [_HEADERS_OF_ERRORS[status]] if status in _HEADERS_OF_ERRORS else []
    return {"description": sentence, "headers": headers(extra), "content": {CONTENT_TYPE: {"schema": schema}}}


def shared_parts() -> Schema:
    """Return what the document has beside what serializers make of it."""
    return {
        "schemas": {"Problem": PROBLEM},
        "headers": dict(HEADERS),
        "parameters": dict(PARAMETERS),
        "responses": {"NotModified": {"description": "It is still what `If-None-Match` says.", "headers": headers(["ETag"])}}
        | {name_of(status): error_response(status) for status, (_, codes) in ERRORS.items() if codes},
    }
