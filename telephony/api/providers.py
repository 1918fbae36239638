"""`providers`: the companies from which we have numbers, for staff."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import StrictCharField, StrictSerializer, printable
from accounts.api.staff import StaffView
from accounts.permissions import person_of
from telephony.api.filtering import filtered
from telephony.api.keeping import answering
from telephony.filters.providers import ProviderFilter
from telephony.models import Provider
from telephony.services.providers import create_provider, delete_provider, listed, rename_provider
from web.idempotency import idempotent
from web.paging import KeysetPaginator, paged_response
from web.schema.describing import described

PROVIDERS = KeysetPaginator(ordering=("name", "id"))


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    """A provider, and how many numbers and gateways are its."""

    numbers = serializers.IntegerField(source="number_count")
    gateways = serializers.IntegerField(source="gateway_count")

    class Meta:
        model = Provider
        fields = ("id", "name", "numbers", "gateways", "created_at", "updated_at")


class ProviderRequestSerializer(StrictSerializer):
    """What a provider is called."""

    name = StrictCharField(max_length=100, validators=[printable])


def _find(provider_id: int) -> Provider:
    return get_object_or_404(listed(), pk=provider_id)


class ProviderList(StaffView):
    """GET the providers by name, as a bare array; POST makes one."""

    query_parameters = frozenset({"limit", "cursor", *ProviderFilter.base_filters})
    filters = ProviderFilter

    @described("listProviders", ProviderSerializer, many=True)
    def get(self, request: Request) -> Response:
        """List providers by name."""

        def serialize(page: Sequence[Provider]) -> Any:
            return ProviderSerializer(page, many=True).data

        return paged_response(request, filtered(ProviderFilter, request, listed()), serialize, PROVIDERS)

    @described("createProvider", {201: ProviderSerializer}, body=ProviderRequestSerializer, sends={"name": "Carrier Ltd"})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Make a provider of this name."""
        body = ProviderRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with answering():
            provider = create_provider(body.validated_data["name"], actor=person_of(request))
        return Response(ProviderSerializer(_find(provider.pk)).data, status=201)


class ProviderDetail(StaffView):
    """GET one provider; PATCH gives it another name; DELETE deletes it while nothing is its."""

    @described("getProvider", ProviderSerializer)
    def get(self, request: Request, provider_id: int) -> Response:
        """Show a provider, and how many numbers and gateways are its."""
        return Response(ProviderSerializer(_find(provider_id)).data)

    @described("changeProvider", ProviderSerializer, body=ProviderRequestSerializer, sends={"name": "Carrier Inc"})
    def patch(self, request: Request, provider_id: int) -> Response:
        """Give a provider another name."""
        provider = _find(provider_id)
        body = ProviderRequestSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        with answering():
            rename_provider(provider, body.validated_data.get("name", provider.name), actor=person_of(request))
        return Response(ProviderSerializer(_find(provider_id)).data)

    @described("deleteProvider", refuses={409: ("in_use",)})
    def delete(self, request: Request, provider_id: int) -> Response:
        """Delete a provider of which nothing is."""
        with answering():
            delete_provider(_find(provider_id), actor=person_of(request))
        return Response(status=204)
