"""Tables of people and of what they did."""

import django_tables2 as tables

from accounts.models import AuditEntry


class AuditTable(tables.Table):
    """The audit log as staff read it; each cell's look is its template's."""

    at = tables.TemplateColumn(template_name="accounts/partials/audit_at.html", verbose_name="When")
    actor = tables.TemplateColumn(template_name="accounts/partials/audit_actor.html", verbose_name="Who")
    action = tables.TemplateColumn(template_name="accounts/partials/audit_action.html", verbose_name="What")
    target = tables.TemplateColumn(template_name="accounts/partials/audit_target.html", verbose_name="To what")
    changes = tables.TemplateColumn(template_name="accounts/partials/audit_changes.html", verbose_name="Before and after")

    class Meta:
        model = AuditEntry
        fields = ()
        sequence = ("at", "actor", "action", "target", "changes")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls audit"}
