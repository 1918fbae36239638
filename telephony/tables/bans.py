"""Bans and who earns them, as tables."""

import django_tables2 as tables

from telephony.models import BannedAddress, FailedRegistration
from web.tables import ACTION


class BanTable(tables.Table):
    """Bans as staff browse them."""

    network = tables.TemplateColumn(template_name="telephony/partials/ban_network.html", verbose_name="Address")
    since = tables.TemplateColumn(template_name="telephony/partials/ban_since.html", verbose_name="Since")
    until = tables.TemplateColumn(template_name="telephony/partials/ban_until.html", verbose_name="Until")
    failures = tables.TemplateColumn(template_name="telephony/partials/ban_failures.html", verbose_name="Failed")
    reason = tables.TemplateColumn(template_name="telephony/partials/ban_reason.html", verbose_name="Why")
    action = tables.TemplateColumn(template_name="telephony/partials/ban_lift.html", verbose_name=ACTION)

    class Meta:
        model = BannedAddress
        fields = ()
        sequence = ("network", "since", "until", "failures", "reason", "action")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls bans"}


class FailedRegistrationTable(tables.Table):
    """Who fails to prove himself, the last one first."""

    network = tables.TemplateColumn('<span class="party-number">{{ record.address }}</span>', verbose_name="Address")
    total = tables.TemplateColumn("{% load figures %}{{ record.total|figure }}", verbose_name="Failed")
    last = tables.TemplateColumn(template_name="telephony/partials/failed_last.html", verbose_name="Last tried")
    last_at = tables.TemplateColumn(template_name="telephony/partials/failed_at.html", verbose_name="When")

    class Meta:
        model = FailedRegistration
        fields = ()
        sequence = ("network", "total", "last", "last_at")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls failures"}
