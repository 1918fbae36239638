"""What a list's filters and an endpoint's own parameters are, as the schema says it."""

import inspect
from collections.abc import Mapping
from typing import Any, Final

import django_filters
from django import forms

from web.schema.components import PARAMETERS, reference
from web.schema.describing import Description

Schema = dict[str, Any]
LONGEST_VALUE: Final = 1000
_COMPARED: Final = {
    "iexact": "is this, in upper or lower case", "gte": "is at least this", "lt": "is below this",
    "contains": "has this in it", "icontains": "has this in it, in upper or lower case",
}  # fmt: skip


class UndescribedError(Exception):
    """Something of an endpoint is not described; the message says what, and how it is."""


def query_parameters(view: Any, description: Description) -> list[Schema]:
    """Return the query parameters of a verb, in the order of their names. Raises UndescribedError."""
    return [_parameter(name, view, description) for name in sorted(view.query_parameters)]


def _parameter(name: str, view: Any, description: Description) -> Schema:
    if name in description.parameters:
        return _as_parameter(name, description.parameters[name])
    filters: Mapping[str, django_filters.Filter] = view.filters.base_filters if view.filters else {}
    if name in filters:
        return _as_parameter(name, filter_schema(filters[name], view.filters))
    if name in PARAMETERS:
        return reference("parameters", name)
    raise UndescribedError(f"its parameter {name!r}: `filters = …` on the view, or `parameters={{…}}` in `described`")


def _as_parameter(name: str, schema: Mapping[str, Any]) -> Schema:
    rest = {key: value for key, value in schema.items() if key not in ("description", "required")}
    required = {"required": True} if schema.get("required") else {}
    return {"name": name, "in": "query", "description": schema["description"], **required, "schema": rest}


def filter_schema(known: django_filters.Filter, kind: type[django_filters.FilterSet]) -> Schema:
    """Return a filter's JSON schema and what it says of itself."""
    # A form without a value in it is sent as it is.
    return {"description": _sentence(known, kind), "anyOf": [field_schema(known.field), {"const": ""}]}


def _sentence(known: django_filters.Filter, kind: type[django_filters.FilterSet]) -> str:
    """Take it from where it was said already: the help text, the filter's method, or a field of our own."""
    if known.field.help_text:
        return str(known.field.help_text)
    method = getattr(kind, known.method, None) if isinstance(known.method, str) else known.method
    if method is not None and method.__doc__:
        return _first_line(method)
    if type(known.field).__module__.partition(".")[0] not in ("django", "django_filters"):
        return _first_line(type(known.field))
    words = str(known.field_name).replace("__", "'s ").replace("_", " ")
    return f"Keep those whose {words} {_COMPARED.get(known.lookup_expr, 'is this')}."


def field_schema(field: forms.Field) -> Schema:
    """Return the JSON schema of what a form's field takes; a field of our own says it in `json_schema`."""
    declared: Schema | None = getattr(field, "json_schema", None)
    if declared is not None:
        return declared
    if isinstance(field, forms.ChoiceField):
        return {"type": "string", "enum": [value for value, _ in _flat(field.choices) if value != ""]}
    if isinstance(field, forms.IntegerField):
        limits = {"minimum": field.min_value, "maximum": field.max_value}
        return {"type": "integer"} | {name: limit for name, limit in limits.items() if limit is not None}
    if isinstance(field, forms.RegexField):
        return {"type": "string", "pattern": field.regex.pattern.replace(r"\A", "^").replace(r"\Z", "$")}
    return {"type": "string", "maxLength": getattr(field, "max_length", None) or LONGEST_VALUE}


def _flat(choices: Any) -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in choices]


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]
