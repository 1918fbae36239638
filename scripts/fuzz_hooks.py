"""What scripts/fuzz_api.py changes in the requests that schemathesis makes."""

from typing import Any
from uuid import uuid4

import schemathesis

HEADER = "Idempotency-Key"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give each request a key of its own in place of one that can be taken.

    Most would have the schema's example: all but the first are then a 422, and what else is wrong with them is not looked at.
    """
    if case.headers and _is_plain(case.headers.get(HEADER)):
        case.headers[HEADER] = str(uuid4())


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 255 and value.isascii() and value.isprintable()
