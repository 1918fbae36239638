"""`users`: people, what they hold, and letting them in and out, for staff."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictBooleanField, StrictCharField, StrictSerializer, printable
from accounts.api.staff import StaffView
from accounts.models import Role, User
from accounts.permissions import person_of
from telephony.api.extensions import RevocationSerializer
from telephony.api.filtering import filtered
from telephony.filters.people import PersonFilter
from telephony.models import Assignment, Revocation
from telephony.services.people import NotYoursError, OwnAccountError, change_person, listed
from web.errors import Problem
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

PEOPLE = KeysetPaginator(ordering=("-id",))


class HeldSerializer(serializers.ModelSerializer[Assignment]):
    """What a person holds: an extension, and the number that comes with it, "" where none does."""

    extension = serializers.CharField(source="extension.number")
    extension_id = serializers.IntegerField()
    domain = serializers.CharField(source="extension.domain.name")
    phone_number = serializers.CharField(source="number.number", default="")

    class Meta:
        model = Assignment
        fields = ("extension_id", "extension", "domain", "phone_number", "starts_at")


class UserSerializer(serializers.ModelSerializer[User]):
    """A person as staff see him; `last_sign_in_at` is of the console."""

    role = serializers.ChoiceField(choices=Role.choices, source="full_role.value")
    last_sign_in_at = serializers.DateTimeField(source="last_login", allow_null=True)
    holds = HeldSerializer(source="open_assignments", many=True)
    email = serializers.CharField(help_text="Empty where Auth0 has told none.")

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id", "auth0_id", "name", "email", "role", "is_active", "last_sign_in_at", "holds", "created_at", "updated_at",
        )  # fmt: skip


class ChangedUserSerializer(UserSerializer):
    """A person as he is now, and what was taken from his extensions by the change."""

    revocations = RevocationSerializer(many=True)

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "revocations")


class UserRequestSerializer(StrictSerializer):
    """What of a person is to change."""

    name = StrictCharField(required=False, allow_blank=True, max_length=255, validators=[printable])
    is_active = StrictBooleanField(required=False)


def changed(user_id: int, taken: Sequence[Revocation]) -> dict[str, Any]:
    """Return a person as he is now, and what was taken from his extensions by this request."""
    found = Revocation.objects.filter(pk__in=[each.pk for each in taken]).for_listing()
    return {**UserSerializer(find_person(user_id)).data, "revocations": RevocationSerializer(found, many=True).data}


def find_person(user_id: int) -> User:
    """Return a person with all that is shown of him. Raises Http404."""
    return get_object_or_404(listed(), pk=user_id)


class PersonList(StaffView):
    """GET people, who came last first, as a bare array. Nobody is made here: people come through Auth0."""

    query_parameters = frozenset({"limit", "cursor", *PersonFilter.base_filters})
    filters = PersonFilter

    @described("listUsers", UserSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List people and what they hold, who came last first."""

        def serialize(page: Sequence[User]) -> Any:
            return UserSerializer(page, many=True).data

        return paged_response(request, filtered(PersonFilter, request, listed()), serialize, PEOPLE)


class PersonDetail(StaffView):
    """GET one person; PATCH changes the name, and whether he may come in."""

    @described("getUser", UserSerializer)
    def get(self, request: Request, user_id: int) -> Response:
        """Show a person, and what he holds."""
        return Response(UserSerializer(find_person(user_id)).data)

    @described(
        "changeUser",
        ChangedUserSerializer,
        body=UserRequestSerializer,
        sends={"name": "Anna Smith"},
        refuses={403: ("admin_required",), 409: ("own_account",)},
    )
    def patch(self, request: Request, user_id: int) -> Response:
        """Change a person's name, and whether he may come in.

        `revocations` says what was taken from his extensions, and what every switch did.
        """
        body = UserRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            _, taken = change_person(find_person(user_id), body.validated_data, actor=person_of(request))
        except NotYoursError as error:
            raise Problem(403, "admin_required", str(error)) from None
        except OwnAccountError as error:
            raise Problem(409, "own_account", str(error)) from None
        return Response(changed(user_id, taken))
