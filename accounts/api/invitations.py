"""`invitations`: who may work as staff or admin on the console, said by admins."""

from collections.abc import Sequence
from typing import Any, NoReturn

from django.db import IntegrityError
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import PersonSerializer, StrictCharField, StrictChoiceField, StrictSerializer
from accounts.forms import INVITED, InvitationForm
from accounts.invitations import send_invitation, withdraw_invitation
from accounts.models import Invitation, Role
from accounts.permissions import HasScope, IsAdmin, person_of
from web.errors import Problem
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.parameters import ApiView
from web.schema.describing import described

INVITATIONS = KeysetPaginator(ordering=("-created_at", "-id"))


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Who was invited to be what, by whom, and what became of it; `invited_by` is null where no person did."""

    state = serializers.ChoiceField(choices=["open", "accepted", "withdrawn"], read_only=True)
    invited_by = PersonSerializer(allow_null=True, read_only=True)
    accepted_by = PersonSerializer(allow_null=True, read_only=True)

    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "state", "invited_by", "accepted_by", "created_at", "accepted_at", "withdrawn_at")


class NewInvitationSerializer(StrictSerializer):
    """Whom to invite, and to what."""

    email = StrictCharField(max_length=254)
    role = StrictChoiceField(choices=[choice for choice in Role.choices if choice[0] != Role.USER], default=Role.STAFF)


class AdminView(ApiView):
    """For admins, by keys of the scope `admin`."""

    permission_classes = (IsAdmin, HasScope("admin"))


class InvitationList(AdminView):
    """GET the invitations, newest first, as a bare array; POST invites somebody."""

    query_parameters = frozenset({"limit", "cursor"})

    @described("listInvitations", InvitationSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List who was invited, newest first."""
        invitations = Invitation.objects.select_related("invited_by", "accepted_by")

        def serialize(page: Sequence[Invitation]) -> Any:
            return InvitationSerializer(page, many=True).data

        return paged_response(request, invitations, serialize, INVITATIONS)

    @described(
        "sendInvitation",
        {201: InvitationSerializer},
        body=NewInvitationSerializer,
        sends={"email": "sam@example.com", "role": "staff"},
        refuses={409: ("already_invited",)},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Invite somebody to work as staff or admin on the console.

        Nothing is mailed. Whoever proves this address when signing in, and has the role at Auth0 besides, accepts it; but
        for whoever sent it.
        """
        body = NewInvitationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        # By the rules of the console's form.
        form = InvitationForm(body.validated_data)
        if not form.is_valid():
            _refuse(form)
        try:
            send_invitation(form.instance, actor=person_of(request))
        except IntegrityError:
            raise Problem(409, "already_invited", INVITED) from None
        return Response(InvitationSerializer(form.instance).data, status=201)


def _refuse(form: InvitationForm) -> NoReturn:
    if form.has_error("email", code="invited"):
        raise Problem(409, "already_invited", INVITED)
    raise serializers.ValidationError({name: [str(error) for error in errors] for name, errors in form.errors.items()})


class InvitationDetail(AdminView):
    """GET one invitation; DELETE withdraws it."""

    @described("getInvitation", InvitationSerializer)
    def get(self, request: Request, invitation_id: int) -> Response:
        """Show an invitation, and what became of it."""
        return Response(InvitationSerializer(get_object_or_404(Invitation, pk=invitation_id)).data)

    @described("withdrawInvitation")
    def delete(self, request: Request, invitation_id: int) -> Response:
        """Withdraw an invitation, also one that was accepted.

        Its person is a plain user of the console at the next request. It stays in the list; a second time changes nothing.
        """
        withdraw_invitation(get_object_or_404(Invitation, pk=invitation_id), actor=person_of(request))
        return Response(status=204)
