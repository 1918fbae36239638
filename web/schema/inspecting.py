"""Make of a view, and of what it declares, its part of the API's schema."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from drf_spectacular.drainage import error as note_error
from drf_spectacular.openapi import AutoSchema as BaseAutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_examples_list
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from web.bodies import WITH_BODY
from web.idempotency import is_idempotent
from web.schema import components
from web.schema.describing import Description, description_of
from web.schema.queries import Schema, UndescribedError, query_parameters

COMPARED: Final = frozenset({"PUT", "PATCH", "DELETE"})
ALWAYS: Final = (400, 405, 406, 429, 500, 503)
_VERB: Final = re.compile(r"\A(?:Return|Tell) (\w)")
NOTHING: Final = Description("", {204: None})


class AutoSchema(BaseAutoSchema):
    """What an endpoint is, from its parameters, filters, permissions and proofs, and what `described` says of it."""

    described: Description

    @property
    def endpoint(self) -> Any:
        """The view: an `ApiView`, by the verb that is described."""
        return self.view

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Schema | None:
        """Return the description of one verb of an address; what is not described is noted as an error."""
        if not hasattr(self.endpoint, "query_parameters"):
            return None
        self.described = description_of(self.endpoint, method) or NOTHING
        try:
            if self.described is NOTHING:
                raise UndescribedError("put `@described(…)` of web/schema/describing.py above it")
            operation: Schema = super().get_operation(path, path_regex, path_prefix, method, registry) or {}
            self._complete(operation)
        except UndescribedError as missing:
            note_error(f"{method} {path} ({type(self.endpoint).__name__}.{method.lower()}) is not described: {missing}")
            return None
        return operation

    def _complete(self, operation: Schema) -> None:
        """Add what drf-spectacular has no place for: shared parameters, and what is answered beside success."""
        operation["parameters"] = [*operation.get("parameters", []), *self._parameters()]
        for status, answer in operation["responses"].items():
            names = components.headers([*self._headers(), *self.described.headers.get(int(status), ())])
            answer["headers"] = names
            answer["description"] = answer["description"] or "Done."
        if self._may_be_unchanged:
            operation["responses"]["304"] = components.reference("responses", "NotModified")
        operation["responses"] |= {str(status): components.error(status, codes) for status, codes in self._errors().items()}
        operation["responses"] = dict(sorted(operation["responses"].items()))

    # -- words -------------------------------------------------------------------------------------------------------------

    @property
    def _docstring(self) -> list[str]:
        return (inspect.getdoc(getattr(self.endpoint, self.method.lower())) or "").split("\n", 1)

    def get_operation_id(self) -> str:
        """Return the name that a client's function has."""
        return self.described.operation_id

    def get_summary(self) -> str:
        """Return the first line of what the handler says of itself."""
        return self._docstring[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override] # drf-spectacular's own is of this kind
        """Return the rest of it, and who may ask."""
        permissions = self.endpoint.get_permissions()
        audience = [f"For {each.audience}." for each in permissions if getattr(each, "audience", "")]
        scopes = [
            f"A key with scopes needs `{each.scope_needed}`." for each in permissions if getattr(each, "scope_needed", "")
        ]
        rest = " ".join("".join(self._docstring[1:]).split())
        return " ".join(part for part in (rest, *audience, *scopes) if part)

    def get_tags(self) -> list[str]:
        """Return the first part of the address below the API's."""
        return [self.path.removeprefix("/api/v2/").partition("/")[0]]

    # -- what is asked -----------------------------------------------------------------------------------------------------

    def _parameters(self) -> list[Schema]:
        found = query_parameters(self.endpoint, self.described) if self.method == "GET" else []
        names = ["RequestId"]
        if is_idempotent(self._handler):
            names.append("IdempotencyKey")
        if self._may_be_unchanged:
            names.append("IfNoneMatch")
        if self.method in COMPARED:
            names.append("IfMatch")
        return [*found, *(components.reference("parameters", name) for name in names)]

    def _resolve_path_parameters(self, variables: Any) -> list[Schema]:
        """Say of each part of an address what it is: `ban_id` is the ban's id."""
        found: list[Schema] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in found:
            thing, _, what = parameter["name"].rpartition("_")
            parameter["description"] = f"The {thing}'s {what}." if thing else f"The {what}."
            if parameter["schema"].get("type") == "integer":
                parameter["schema"]["minimum"] = 0
        return found

    def get_request_serializer(self) -> Any:
        """Return what is sent. Raises UndescribedError where a verb with a body says nothing of it."""
        if self.method in WITH_BODY and self.described.body is None:
            raise UndescribedError("`body=` of `described` has to name its serializer (`StrictSerializer`: none is wanted)")
        return self.described.body

    def get_auth(self) -> list[Schema]:
        """Return the proofs of which one opens it, with the scope that a key needs."""
        scopes = [each.scope_needed for each in self.endpoint.get_permissions() if getattr(each, "scope_needed", "")]
        found: list[Schema] = []
        for authenticator in self.endpoint.get_authenticators():
            name, definition = authenticator.security_scheme
            scheme = ResolvedComponent(name, ResolvedComponent.SECURITY_SCHEMA, schema=definition, object=type(authenticator))
            self.registry.register_on_missing(scheme)
            found.append({name: scopes if definition["type"] == "apiKey" else []})
        return found + ([{self.described.also_by: []}] if self.described.also_by else []) or [{}]

    # -- what is answered --------------------------------------------------------------------------------------------------

    @property
    def _handler(self) -> Any:
        return getattr(self.endpoint, self.method.lower())

    @property
    def _may_be_unchanged(self) -> bool:
        return self.method == "GET" and self.endpoint.head_allowed and bool({200, 206} & set(self.described.answers))

    def get_response_serializers(self) -> Any:
        """Return what is answered, by status."""
        if self.described.media_type:
            return {(status, self.described.media_type): answer for status, answer in self.described.answers.items()}
        return dict(self.described.answers)

    def _headers(self) -> list[str]:
        paged = ["Link", "X-Page-Size"] if "cursor" in self.endpoint.query_parameters and self.method == "GET" else []
        replayed = ["Idempotent-Replayed"] if is_idempotent(self._handler) else []
        return [*paged, *replayed, *(["ETag"] if self._may_be_unchanged else [])]

    def _errors(self) -> Mapping[int, Sequence[str]]:
        """Return the codes that only this endpoint has, by status; none for what it answers as all others do."""
        authenticators, permissions = self.endpoint.get_authenticators(), self.endpoint.get_permissions()
        narrowed = any(getattr(each, "audience", "") or getattr(each, "scope_needed", "") for each in permissions)
        has_body = self.method in WITH_BODY
        found: dict[int, set[str]] = {status: set() for status in ALWAYS}
        found |= {401: set()} if authenticators else {}
        found |= {403: set()} if narrowed else {}
        found |= {404: set()} if "{" in self.path or any(getattr(each, "is_hidden", False) for each in authenticators) else {}
        found |= {412: set()} if self.method in COMPARED else {}
        found |= {411: set(), 413: set(), 415: set()} if has_body else {}
        found |= {409: {"idempotency_in_progress"}, 422: set()} if is_idempotent(self._handler) else {}
        for status, codes in self.described.refuses.items():
            found.setdefault(status, set()).update(codes)
        return {status: sorted(codes) for status, codes in sorted(found.items())}

    def _get_examples(
        self, serializer: Any, direction: Any, media_type: str, status_code: Any = None, extras: Any = None
    ) -> Any:
        is_answer = direction == "response"
        value = self.described.example if is_answer else self.described.sends
        if value is None or (is_answer and not str(status_code).startswith("2")):
            return {}
        return build_examples_list([OpenApiExample("example", value=value)])

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Take for a list only what is described as one."""
        return isinstance(serializer, serializers.ListSerializer)

    # -- shapes ------------------------------------------------------------------------------------------------------------

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Return the name without what drf-spectacular adds to what is sent."""
        return re.sub(r"(Request)?(Serializer)?$", "", type(serializer).__name__)

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Schema:
        """Have every member of an answer required, and no other one taken where the serializer refuses it."""
        schema: Schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response":
            optional = {name for name, field in serializer.fields.items() if _may_be_absent(serializer, field)}
            schema["required"] = sorted(set(schema.get("properties", {})) - optional)
            for name, member in schema.get("properties", {}).items():
                _tidy(member, is_counted=isinstance(serializer.fields[name], serializers.IntegerField))
        elif getattr(serializer, "refuses_unknown", False):
            schema["additionalProperties"] = False
        return schema


def _tidy(member: Schema, *, is_counted: bool) -> None:
    """Say of an answer's member what it is, and not how it is made, or which database keeps it."""
    member.pop("readOnly", None)
    if "description" in member:
        member["description"] = _VERB.sub(lambda found: found[1].upper(), member["description"])
    if is_counted:
        for limit in ("maximum", "format"):
            member.pop(limit, None)


def _may_be_absent(serializer: Any, field: Any) -> bool:
    if field.field_name in getattr(getattr(serializer, "Meta", None), "optional", ()):
        return True
    plain = not isinstance(serializer, serializers.ModelSerializer)
    return plain and not field.required and not field.read_only
