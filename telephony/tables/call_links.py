"""Call links, as a table."""

from web.tables import Cell, ListTable


class CallLinkTable(ListTable):
    """Call links as a person browses them; each cell's look is its template's."""

    link = Cell(template_name="telephony/partials/link_parties.html", verbose_name="From and to")
    placed = Cell(template_name="telephony/partials/link_placed.html", verbose_name="Placed")
    who = Cell("{{ record.user }}", verbose_name="By")
    mode = Cell("{{ record.get_mode_display|capfirst }}", verbose_name="Mode")
    state = Cell(template_name="telephony/partials/link_outcome.html", verbose_name="State")
    call = Cell(template_name="telephony/partials/link_call.html", verbose_name="Call")

    class Meta:
        attrs = {"class": "calls records links"}
