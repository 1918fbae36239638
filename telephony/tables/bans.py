"""Bans and who earns them, as tables."""

from web.tables import ACTION, Cell, ListTable


class BanTable(ListTable):
    """Bans as staff browse them."""

    network = Cell(template_name="telephony/partials/ban_network.html", verbose_name="Address")
    since = Cell(template_name="telephony/partials/ban_since.html", verbose_name="Since")
    until = Cell(template_name="telephony/partials/ban_until.html", verbose_name="Until")
    failures = Cell(template_name="telephony/partials/ban_failures.html", verbose_name="Failed")
    reason = Cell(template_name="telephony/partials/ban_reason.html", verbose_name="Why")
    action = Cell(template_name="telephony/partials/ban_lift.html", verbose_name=ACTION)

    class Meta:
        attrs = {"class": "calls bans"}


class FailedRegistrationTable(ListTable):
    """Who fails to prove himself, the last one first."""

    network = Cell('<span class="party-number">{{ record.address }}</span>', verbose_name="Address")
    total = Cell("{% load figures %}{{ record.total|figure }}", verbose_name="Failed")
    last = Cell(template_name="telephony/partials/failed_last.html", verbose_name="Last tried")
    last_at = Cell(template_name="telephony/partials/failed_at.html", verbose_name="When")

    class Meta:
        attrs = {"class": "calls failures"}
