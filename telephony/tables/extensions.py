"""Extensions, and who held them, as tables."""

import django_tables2 as tables

from telephony.models import Assignment, Extension


class ExtensionTable(tables.Table):
    """Extensions as staff browse them; each cell's look is its template's."""

    extension = tables.TemplateColumn(template_name="telephony/partials/extension_name.html", verbose_name="Extension")
    holder = tables.TemplateColumn(template_name="telephony/partials/extension_holder.html", verbose_name="Holder")
    did = tables.TemplateColumn(template_name="telephony/partials/extension_did.html", verbose_name="Number")
    phones = tables.TemplateColumn(template_name="telephony/partials/extension_registered.html", verbose_name="Phones")
    state = tables.TemplateColumn(template_name="telephony/partials/extension_state.html", verbose_name="State")

    class Meta:
        model = Extension
        fields = ()
        sequence = ("extension", "holder", "did", "phones", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records extensions"}


class HolderTable(tables.Table):
    """Who held an extension, the last one first."""

    holder = tables.TemplateColumn('<span class="party-number wrapped">{{ record.user }}</span>', verbose_name="Holder")
    did = tables.TemplateColumn(template_name="telephony/partials/holder_did.html", verbose_name="Number")
    since = tables.TemplateColumn(template_name="telephony/partials/holder_since.html", verbose_name="From")
    until = tables.TemplateColumn(template_name="telephony/partials/holder_until.html", verbose_name="Until")

    class Meta:
        model = Assignment
        fields = ()
        sequence = ("holder", "did", "since", "until")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records holders"}
