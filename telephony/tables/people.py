"""People, as a table."""

import django_tables2 as tables

from accounts.models import User


class PersonTable(tables.Table):
    """People as staff browse them; each cell's look is its template's."""

    person = tables.TemplateColumn(template_name="telephony/partials/person_name.html", verbose_name="Person")
    email = tables.TemplateColumn(template_name="telephony/partials/person_email.html", verbose_name="E-mail")
    role = tables.TemplateColumn("{{ record.full_role.label }}", verbose_name="Role")
    holds = tables.TemplateColumn(template_name="telephony/partials/person_holds.html", verbose_name="Extension and number")
    seen = tables.TemplateColumn(template_name="telephony/partials/person_seen.html", verbose_name="Last sign-in")
    state = tables.TemplateColumn(template_name="telephony/partials/person_state.html", verbose_name="State")

    class Meta:
        model = User
        fields = ()
        sequence = ("person", "email", "role", "holds", "seen", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls records people"}
