"""People, as a table."""

from web.tables import Cell, ListTable


class PersonTable(ListTable):
    """People as staff browse them; each cell's look is its template's."""

    person = Cell(template_name="telephony/partials/person_name.html", verbose_name="Person")
    email = Cell(template_name="telephony/partials/person_email.html", verbose_name="E-mail")
    role = Cell("{{ record.full_role.label }}", verbose_name="Role")
    holds = Cell(template_name="telephony/partials/person_holds.html", verbose_name="Extension and number")
    seen = Cell(template_name="telephony/partials/person_seen.html", verbose_name="Last sign-in")
    state = Cell(template_name="telephony/partials/person_state.html", verbose_name="State")

    class Meta:
        attrs = {"class": "calls records people"}
