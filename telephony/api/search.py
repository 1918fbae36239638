"""`search`: numbers, people, extensions and calls by a text, as the field on every page of the console finds them."""

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlencode

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.models import User
from accounts.permissions import HasScope, IsActiveUser, person_of
from telephony.services.searching import LONGEST, OWN_FILTERS, SHORTEST, Kind, cleaned, count_search, search, words_of
from web.errors import Problem
from web.parameters import ApiView
from web.schema.describing import described

PARAMETERS: Final = {
    "q": {
        "description": "A part of a number or of a name, the beginning of an extension, a call's id or a UUID of it.",
        "required": True, "type": "string", "minLength": SHORTEST, "maxLength": LONGEST,
    }
}  # fmt: skip
# Where each is looked at over the API.
ADDRESSES: Final = {
    Kind.NUMBER: "number-api-detail",
    Kind.PERSON: "person-api-detail",
    Kind.EXTENSION: "extension-api-detail",
    Kind.CALL: "call-recording-detail",
}


class FoundSerializer(serializers.Serializer[Any]):
    """Something that was found: what it is, its id, what it is called, a few words about it, and where it is looked at."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    id = serializers.IntegerField()
    about = serializers.CharField(allow_blank=True)
    address = serializers.URLField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the member whose name means something to serializers."""
        return super().get_fields() | {"label": serializers.CharField(allow_blank=True)}


class SearchSerializer(serializers.Serializer[Any]):
    """What was found, at most five of each kind, and the kinds of which there are more."""

    found = FoundSerializer(many=True)
    more = serializers.ListField(child=serializers.ChoiceField(choices=[kind.value for kind in Kind]))


class Search(ApiView):
    """GET what a text finds: for staff everything, for others what is theirs."""

    permission_classes = (IsActiveUser, HasScope("calls:read"))
    query_parameters = frozenset(PARAMETERS)

    @described("search", SearchSerializer, parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """Find numbers, people, extensions and calls by a text.

        Staff find everything, others their own number, extension and calls. Staff's keys without `admin` find calls alone.
        """
        person, text = person_of(request), cleaned(request.query_params.get("q", ""))
        if not SHORTEST <= len(text) <= LONGEST:
            raise ValidationError({"q": [f"Give from {SHORTEST} to {LONGEST} characters."]})
        rate = count_search(person)
        if rate.is_exceeded:
            detail = f"More than {rate.limit} searches a minute; try again in {rate.reset} s."
            raise Problem(429, "throttled", detail, {"Retry-After": str(rate.reset)})
        groups = search(person, text, self._kinds(request))
        found = [
            {"kind": group.kind.value, "id": each.pk, "label": words.title, "about": words.about}
            | {"address": _address(request, person, group.kind, each)}
            for group in groups
            for each in group.found
            for words in [words_of(group.kind, each)]
        ]
        return Response({"found": found, "more": [group.kind.value for group in groups if group.has_more]})

    def _kinds(self, request: Request) -> Collection[Kind]:
        """Return what this proof reaches: what lists of staff's have is found by whoever may ask for these lists."""
        reaches = not person_of(request).is_staff or HasScope("admin")().has_permission(request, self)
        return tuple(Kind) if reaches else (Kind.CALL,)


def _address(request: Request, person: User, kind: Kind, each: Any) -> str:
    """Return where one looks at something: at itself or, where that is for staff, at one's own calls by it."""
    if kind in OWN_FILTERS and not person.is_staff:
        return f"{reverse('call-recording-list', request=request)}?{urlencode({OWN_FILTERS[kind]: each.number})}"
    return reverse(ADDRESSES[kind], args=(each.pk,), request=request)
