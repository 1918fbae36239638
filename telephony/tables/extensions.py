"""Extensions, as a table."""

import django_tables2 as tables

from telephony.models import Extension


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
        attrs = {"class": "calls extensions"}
