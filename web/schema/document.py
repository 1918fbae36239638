"""The API's schema as a document: generated from the code, kept as a file, and compared with it."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]
SHOWN_LINES: Final = 200
_MARK: Final = "x-spec-enum-id"


class IncompleteError(Exception):
    """Something of the API is not described; one line of the message for each."""


def generate() -> Schema:
    """Return the schema of every endpoint. Raises IncompleteError."""
    with GENERATOR_STATS.silence():
        document: Schema = _without_marks(SchemaGenerator().get_schema(public=True))
        missing = sorted({*GENERATOR_STATS._error_cache, *GENERATOR_STATS._warn_cache})
    used = {tag for verbs in document["paths"].values() for operation in verbs.values() for tag in operation["tags"]}
    missing += _without_a_line(used - {tag["name"] for tag in document["tags"]})
    if missing:
        raise IncompleteError("\n".join(missing))
    document["tags"] = [tag for tag in document["tags"] if tag["name"] in used]
    return document


def _without_marks(part: Any) -> Any:
    """Return a part without what drf-spectacular marks enumerations with for itself."""
    if isinstance(part, list):
        return [_without_marks(each) for each in part]
    if isinstance(part, dict):
        return {name: _without_marks(each) for name, each in part.items() if name != _MARK}
    return part


def _without_a_line(unknown: set[str]) -> list[str]:
    return [f"{tag!r} is in no line of TAGS in portal/api_schema.py" for tag in sorted(unknown)]


def as_text(document: Schema) -> str:
    """Return the document as its file has it: in the same order each time."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def drift(file: Path) -> Sequence[str]:
    """Return how the file differs from what the code says, as lines of a diff; none where it does not."""
    kept = file.read_text() if file.exists() else ""
    said = as_text(generate())
    if kept == said:
        return []
    lines = list(difflib.unified_diff(kept.splitlines(), said.splitlines(), str(file.name), "what the code says", lineterm=""))
    return lines[:SHOWN_LINES] + ([f"… and {len(lines) - SHOWN_LINES} lines more"] if len(lines) > SHOWN_LINES else [])
