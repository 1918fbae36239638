"""Domains, providers and gateways, as tables."""

import django_tables2 as tables

from telephony.models import Domain, Gateway, Provider


class DomainTable(tables.Table):
    """Domains as staff browse them; each cell's look is its template's."""

    domain = tables.TemplateColumn(template_name="telephony/partials/domain_name.html", verbose_name="Domain")
    extensions = tables.TemplateColumn(template_name="telephony/partials/domain_extensions.html", verbose_name="Extensions")
    gateways = tables.TemplateColumn("{{ record.gateway_count }}", verbose_name="Gateways")
    recorded = tables.TemplateColumn(
        "{{ record.get_recording_display|capfirst }}{% if record.recording_notice %}, with a tone{% endif %}",
        verbose_name="Recorded",
    )
    state = tables.TemplateColumn(template_name="telephony/partials/in_use.html", verbose_name="State")

    class Meta:
        model = Domain
        fields = ()
        sequence = ("domain", "extensions", "gateways", "recorded", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records domains"}


class ProviderTable(tables.Table):
    """Providers as staff browse them."""

    provider = tables.TemplateColumn(template_name="telephony/partials/provider_name.html", verbose_name="Provider")
    numbers = tables.TemplateColumn("{{ record.number_count }}", verbose_name="Numbers")
    gateways = tables.TemplateColumn("{{ record.gateway_count }}", verbose_name="Gateways")
    since = tables.TemplateColumn(template_name="telephony/partials/created_at.html", verbose_name="Since")

    class Meta:
        model = Provider
        fields = ()
        sequence = ("provider", "numbers", "gateways", "since")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records providers"}


class GatewayTable(tables.Table):
    """Gateways as staff browse them."""

    gateway = tables.TemplateColumn(template_name="telephony/partials/gateway_name.html", verbose_name="Gateway")
    carrier = tables.TemplateColumn(template_name="telephony/partials/gateway_carrier.html", verbose_name="Carrier")
    priority = tables.TemplateColumn("{{ record.priority }}", verbose_name="Priority")
    live = tables.TemplateColumn(template_name="telephony/partials/gateway_live.html", verbose_name="On the switches")
    state = tables.TemplateColumn(template_name="telephony/partials/in_use.html", verbose_name="State")

    class Meta:
        model = Gateway
        fields = ()
        sequence = ("gateway", "carrier", "priority", "live", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records gateways"}
