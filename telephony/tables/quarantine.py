"""The quarantine, as a table."""

from web.tables import Cell, ListTable


class QuarantineTable(ListTable):
    """What nobody could read, as staff look through it; each cell's look is its template's."""

    reason = Cell(template_name="telephony/partials/quarantine_reason.html", verbose_name="Why")
    kind = Cell("{{ record.get_kind_display|capfirst }}", verbose_name="Kind")
    seen = Cell(template_name="telephony/partials/quarantine_seen.html", verbose_name="Last came")
    address = Cell('{{ record.address|default:"a file" }}', verbose_name="From")
    attempts = Cell("{{ record.times_seen }}", verbose_name="Tried")
    size = Cell("{{ record.size_bytes|filesizeformat }}", verbose_name="Size")
    state = Cell(template_name="telephony/partials/quarantine_state.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records quarantined"}
