"""Domains, providers and gateways, as tables."""

from web.tables import Cell, ListTable


class DomainTable(ListTable):
    """Domains as staff browse them; each cell's look is its template's."""

    domain = Cell(template_name="telephony/partials/domain_name.html", verbose_name="Domain")
    extensions = Cell(template_name="telephony/partials/domain_extensions.html", verbose_name="Extensions")
    gateways = Cell("{{ record.gateway_count }}", verbose_name="Gateways")
    recorded = Cell(
        "{{ record.get_recording_display|capfirst }}{% if record.recording_notice %}, with a tone{% endif %}",
        verbose_name="Recorded",
    )
    state = Cell(template_name="telephony/partials/in_use.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records domains"}


class ProviderTable(ListTable):
    """Providers as staff browse them."""

    provider = Cell(template_name="telephony/partials/provider_name.html", verbose_name="Provider")
    numbers = Cell("{{ record.number_count }}", verbose_name="Numbers")
    gateways = Cell("{{ record.gateway_count }}", verbose_name="Gateways")
    since = Cell(template_name="telephony/partials/created_at.html", verbose_name="Since")

    class Meta:
        attrs = {"class": "calls records providers"}


class GatewayTable(ListTable):
    """Gateways as staff browse them."""

    gateway = Cell(template_name="telephony/partials/gateway_name.html", verbose_name="Gateway")
    carrier = Cell(template_name="telephony/partials/gateway_carrier.html", verbose_name="Carrier")
    priority = Cell("{{ record.priority }}", verbose_name="Priority")
    live = Cell(template_name="telephony/partials/gateway_live.html", verbose_name="On the switches")
    state = Cell(template_name="telephony/partials/in_use.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records gateways"}
