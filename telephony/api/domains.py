"""`domains`: the SIP domains, for staff."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictBooleanField, StrictCharField, StrictChoiceField, StrictSerializer
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.extensions import RevocationSerializer
from telephony.api.filtering import filtered
from telephony.api.keeping import answering
from telephony.api.status import StatesSerializer
from telephony.filters.domains import DomainFilter
from telephony.models import Domain, Revocation
from telephony.models.holding import HoldingState
from telephony.models.recording_policies import RecordingPolicy
from telephony.services.domains import change_domain, create_domain, delete_domain, listed
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

DOMAINS = KeysetPaginator(ordering=("name", "id"))


class DomainSerializer(serializers.ModelSerializer[Domain]):
    """A domain; `extensions` counts them by state."""

    extensions = serializers.SerializerMethodField()
    gateways = serializers.IntegerField(source="gateway_count")

    class Meta:
        model = Domain
        fields: tuple[str, ...] = (
            "id", "name", "is_active", "recording", "recording_notice", "extensions", "gateways", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field(StatesSerializer)
    def get_extensions(self, domain: Domain) -> dict[str, int]:
        """Return how many extensions are in each state."""
        return {state: getattr(domain, f"{state}_count") for state in HoldingState.values}


class ChangedDomainSerializer(DomainSerializer):
    """A domain as it is now, and what was taken from its extensions by the change."""

    revocations = RevocationSerializer(many=True)

    class Meta(DomainSerializer.Meta):
        fields = (*DomainSerializer.Meta.fields, "revocations")


class DomainRequestSerializer(StrictSerializer):
    """What a domain is to be; what its name may look like the model knows."""

    name = StrictCharField(max_length=253)
    is_active = StrictBooleanField(required=False)
    recording = StrictChoiceField(choices=RecordingPolicy.choices, required=False)
    recording_notice = StrictBooleanField(required=False)


def _find(domain_id: int) -> Domain:
    return get_object_or_404(listed(), pk=domain_id)


class DomainList(StaffView):
    """GET the domains by name, as a bare array; POST makes one."""

    query_parameters = frozenset({"limit", "cursor", *DomainFilter.base_filters})
    filters = DomainFilter

    @described("listDomains", DomainSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List domains by name."""

        def serialize(page: Sequence[Domain]) -> Any:
            return DomainSerializer(page, many=True).data

        return paged_response(request, filtered(DomainFilter, request, listed()), serialize, DOMAINS)

    @described(
        "createDomain",
        {201: DomainSerializer},
        body=DomainRequestSerializer,
        sends={"name": "sales.example.com", "recording": "off"},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Make a domain; phones can register there as soon as a switch has loaded it."""
        body = DomainRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with answering():
            domain = create_domain(body.validated_data, actor=person_of(request))
        return Response(DomainSerializer(_find(domain.pk)).data, status=201)


class DomainDetail(StaffView):
    """GET one domain; PATCH changes it; DELETE deletes it while nothing hangs on it."""

    @described("getDomain", DomainSerializer)
    def get(self, request: Request, domain_id: int) -> Response:
        """Show a domain, with how many extensions are in each state."""
        return Response(DomainSerializer(_find(domain_id)).data)

    @described("changeDomain", ChangedDomainSerializer, body=DomainRequestSerializer, sends={"recording": "inbound"})
    def patch(self, request: Request, domain_id: int) -> Response:
        """Change a domain, all but its name.

        `revocations` says what was taken where it was put out of use.
        """
        domain = _find(domain_id)
        body = DomainRequestSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        with answering():
            _, taken = change_domain(domain, body.validated_data, actor=person_of(request))
        found = Revocation.objects.filter(pk__in=[each.pk for each in taken]).for_listing()
        revocations = RevocationSerializer(found, many=True).data
        return Response({**DomainSerializer(_find(domain_id)).data, "revocations": revocations})

    @described("deleteDomain", refuses={409: ("in_use",)})
    def delete(self, request: Request, domain_id: int) -> Response:
        """Delete a domain on which nothing hangs."""
        with answering():
            delete_domain(_find(domain_id), actor=person_of(request))
        return Response(status=204)
