"""Tables of people, their keys, and what they did."""

from typing import Any

import django_tables2 as tables

from accounts.models import ApiKey, AuditEntry, Invitation
from web.tables import ACTION


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
    withdraw = tables.TemplateColumn(template_name="accounts/partials/invitation_withdraw.html", verbose_name=ACTION)

    class Meta:
        model = Invitation
        fields = ()
        sequence = ("email", "role", "state", "sent", "withdraw")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls invitations"}


class KeyTable(tables.Table):
    """API keys as whoever may revoke them sees them; whose they are only where they are of several people."""

    name = tables.TemplateColumn(template_name="accounts/partials/key_name.html", verbose_name="Key")
    owner = tables.TemplateColumn(template_name="accounts/partials/key_owner.html", verbose_name="Whose")
    scopes = tables.TemplateColumn(template_name="accounts/partials/key_scopes.html", verbose_name="Opens")
    created_at = tables.TemplateColumn(template_name="accounts/partials/key_created.html", verbose_name="Made")
    last_used_at = tables.TemplateColumn(template_name="accounts/partials/key_used.html", verbose_name="Last used")
    expires_at = tables.TemplateColumn(template_name="accounts/partials/key_expires.html", verbose_name="Expires")
    state = tables.TemplateColumn(template_name="accounts/partials/key_state.html", verbose_name="State")
    action = tables.TemplateColumn(template_name="accounts/partials/key_revoke.html", verbose_name=ACTION)

    class Meta:
        model = ApiKey
        fields = ()
        sequence = ("name", "owner", "scopes", "created_at", "last_used_at", "expires_at", "state", "action")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls keys"}

    def __init__(self, *args: Any, of_everybody: bool, **kwargs: Any) -> None:
        super().__init__(*args, exclude=() if of_everybody else ("owner",), **kwargs)
