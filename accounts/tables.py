"""Tables of people and of what they did."""

import django_tables2 as tables
from django.utils.safestring import mark_safe

from accounts.models import AuditEntry, Invitation

WITHDRAW = mark_safe('<span class="visually-hidden">Withdraw</span>')


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


class InvitationTable(tables.Table):
    """Invitations as an admin browses them; each cell's look is its template's."""

    email = tables.TemplateColumn(template_name="accounts/partials/invitation_email.html", verbose_name="Address")
    role = tables.TemplateColumn("{{ record.get_role_display }}", verbose_name="As")
    state = tables.TemplateColumn(template_name="accounts/partials/invitation_state.html", verbose_name="State")
    sent = tables.TemplateColumn(template_name="accounts/partials/invitation_sent.html", verbose_name="Sent")
    withdraw = tables.TemplateColumn(template_name="accounts/partials/invitation_withdraw.html", verbose_name=WITHDRAW)

    class Meta:
        model = Invitation
        fields = ()
        sequence = ("email", "role", "state", "sent", "withdraw")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls invitations"}
