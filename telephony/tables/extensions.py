"""Extensions, and who held them, as tables."""

from web.tables import Cell, ListTable


class ExtensionTable(ListTable):
    """Extensions as staff browse them; each cell's look is its template's."""

    extension = Cell(template_name="telephony/partials/extension_name.html", verbose_name="Extension")
    holder = Cell(template_name="telephony/partials/extension_holder.html", verbose_name="Holder")
    did = Cell(template_name="telephony/partials/extension_did.html", verbose_name="Number")
    phones = Cell(template_name="telephony/partials/extension_registered.html", verbose_name="Phones")
    state = Cell(template_name="telephony/partials/extension_state.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records extensions"}


class HolderTable(ListTable):
    """Who held an extension, the last one first."""

    holder = Cell('<span class="party-number wrapped">{{ record.user }}</span>', verbose_name="Holder")
    did = Cell(template_name="telephony/partials/holder_did.html", verbose_name="Number")
    since = Cell(template_name="telephony/partials/holder_since.html", verbose_name="From")
    until = Cell(template_name="telephony/partials/holder_until.html", verbose_name="Until")

    class Meta:
        attrs = {"class": "calls records holders"}
