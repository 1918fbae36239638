"""What the API's schema says of an endpoint that cannot be derived: a decorator, which does nothing to requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

_ATTRIBUTE: Final = "described"

V = TypeVar("V", bound=Callable[..., Any])
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Description:
    """How one verb of an endpoint is described; `answers` has a serializer, a JSON schema or None for each status."""

    operation_id: str
    answers: Mapping[int, Any]
    body: Any = None
    refuses: Mapping[int, Sequence[str]] = field(default_factory=dict)
    parameters: Mapping[str, Schema] = field(default_factory=dict)
    example: Any = None
    sends: Any = None
    media_type: str = ""
    also_by: str = ""
    headers: Mapping[int, Sequence[str]] = field(default_factory=dict)


def described(operation_id: str, answers: Any = None, *, many: bool = False, body: Any = None, **more: Any) -> Callable[[V], V]:
    """Describe a verb of an `ApiView`; its docstring's first line is the summary, what follows the description.

    `answers` is what a 200 has: a serializer class (`many`: a bare array of them), a JSON schema, a table of these by status,
    or nothing, which is a 204. `body` is the serializer of what is sent. `refuses` names, by status, the codes of the errors
    that only this endpoint has. `parameters` has a JSON schema for each query parameter that no filter declares. `example` is
    an answer, `sends` a body. `media_type` is what is answered where it is no JSON. `also_by` names a further proof that opens
    the endpoint. `headers` names, by status, headers of `web/schema/components.py` that only this answer has.
    """

    def decorate(handler: V) -> V:
        by_status = answers if _is_by_status(answers) else {204 if answers is None else 200: answers}
        listed = {status: answer(many=True) if many else answer for status, answer in by_status.items()}
        setattr(handler, _ATTRIBUTE, Description(operation_id, listed, body=body, **more))
        return handler

    return decorate


def _is_by_status(answers: Any) -> bool:
    return isinstance(answers, Mapping) and all(isinstance(status, int) for status in answers)


def description_of(view: Any, method: str) -> Description | None:
    """Return how a verb of a view, or of its class, is described; None where it is not."""
    found = getattr(getattr(view, method.lower(), None), _ATTRIBUTE, None)
    return found if isinstance(found, Description) else None
