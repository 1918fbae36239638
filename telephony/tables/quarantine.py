"""The quarantine, as a table."""

import django_tables2 as tables

from telephony.models import Quarantine


class QuarantineTable(tables.Table):
    """What nobody could read, as staff look through it; each cell's look is its template's."""

    reason = tables.TemplateColumn(template_name="telephony/partials/quarantine_reason.html", verbose_name="Why")
    kind = tables.TemplateColumn("{{ record.get_kind_display|capfirst }}", verbose_name="Kind")
    seen = tables.TemplateColumn(template_name="telephony/partials/quarantine_seen.html", verbose_name="Last came")
    address = tables.TemplateColumn('{{ record.address|default:"a file" }}', verbose_name="From")
    attempts = tables.TemplateColumn("{{ record.times_seen }}", verbose_name="Tried")
    size = tables.TemplateColumn("{{ record.size_bytes|filesizeformat }}", verbose_name="Size")
    state = tables.TemplateColumn(template_name="telephony/partials/quarantine_state.html", verbose_name="State")

    class Meta:
        model = Quarantine
        fields = ()
        sequence = ("reason", "kind", "seen", "address", "attempts", "size", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records quarantined"}
