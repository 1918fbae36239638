"""Numbers, as a table."""

from django.utils.safestring import mark_safe

from web.tables import Cell, ListTable

# Its own box ticks all of the page, where scripts run.
TICK = mark_safe(
    '<input class="form-check-input" type="checkbox" data-tick-all="number" aria-label="Tick every number of this page">'
)


class NumberTable(ListTable):
    """Numbers as staff browse them; each cell's look is its template's."""

    tick = Cell(template_name="telephony/partials/number_tick.html", verbose_name=TICK)
    number = Cell(template_name="telephony/partials/number_name.html", verbose_name="Number")
    state = Cell(template_name="telephony/partials/number_state.html", verbose_name="State")
    holder = Cell(template_name="telephony/partials/number_holder.html", verbose_name="Holder")
    extension = Cell(template_name="telephony/partials/number_extension.html", verbose_name="Extension")
    provider = Cell("{{ record.provider.name }}", verbose_name="Provider")
    country = Cell("{% firstof record.country 'unknown' %}", verbose_name="Country")

    class Meta:
        attrs = {"class": "calls numbers"}
