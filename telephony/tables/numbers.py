"""Numbers, as a table."""

import django_tables2 as tables
from django.utils.safestring import mark_safe

from telephony.models import Number

# Its own box ticks all of the page, where scripts run.
TICK = mark_safe(
    '<input class="form-check-input" type="checkbox" data-tick-all="number" aria-label="Tick every number of this page">'
)


class NumberTable(tables.Table):
    """Numbers as staff browse them; each cell's look is its template's."""

    tick = tables.TemplateColumn(template_name="telephony/partials/number_tick.html", verbose_name=TICK)
    number = tables.TemplateColumn(template_name="telephony/partials/number_name.html", verbose_name="Number")
    state = tables.TemplateColumn(template_name="telephony/partials/number_state.html", verbose_name="State")
    holder = tables.TemplateColumn(template_name="telephony/partials/number_holder.html", verbose_name="Holder")
    extension = tables.TemplateColumn(template_name="telephony/partials/number_extension.html", verbose_name="Extension")
    provider = tables.TemplateColumn("{{ record.provider.name }}", verbose_name="Provider")
    country = tables.TemplateColumn("{% firstof record.country 'unknown' %}", verbose_name="Country")

    class Meta:
        model = Number
        fields = ()
        sequence = ("tick", "number", "state", "holder", "extension", "provider", "country")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls numbers"}
