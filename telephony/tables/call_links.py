"""Call links, as a table."""

import django_tables2 as tables

from telephony.models import CallLink


class CallLinkTable(tables.Table):
    """Call links as a person browses them; each cell's look is its template's."""

    link = tables.TemplateColumn(template_name="telephony/partials/link_parties.html", verbose_name="From and to")
    placed = tables.TemplateColumn(template_name="telephony/partials/link_placed.html", verbose_name="Placed")
    who = tables.TemplateColumn("{{ record.user }}", verbose_name="By")
    mode = tables.TemplateColumn("{{ record.get_mode_display|capfirst }}", verbose_name="Mode")
    state = tables.TemplateColumn(template_name="telephony/partials/link_outcome.html", verbose_name="State")
    call = tables.TemplateColumn(template_name="telephony/partials/link_call.html", verbose_name="Call")

    class Meta:
        model = CallLink
        fields = ()
        sequence = ("link", "placed", "who", "mode", "state", "call")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records links"}
