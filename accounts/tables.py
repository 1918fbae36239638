"""Tables of people, their keys, and what they did."""

from typing import Any

from web.tables import ACTION, Cell, ListTable


class AuditTable(ListTable):
    """The audit log as staff read it; each cell's look is its template's."""

    at = Cell(template_name="accounts/partials/audit_at.html", verbose_name="When")
    actor = Cell(template_name="accounts/partials/audit_actor.html", verbose_name="Who")
    action = Cell(template_name="accounts/partials/audit_action.html", verbose_name="What")
    target = Cell(template_name="accounts/partials/audit_target.html", verbose_name="To what")
    changes = Cell(template_name="accounts/partials/audit_changes.html", verbose_name="Before and after")

    class Meta:
        attrs = {"class": "calls audit"}


class InvitationTable(ListTable):
    """Invitations as an admin browses them; each cell's look is its template's."""

    email = Cell(template_name="accounts/partials/invitation_email.html", verbose_name="Address")
    role = Cell("{{ record.get_role_display }}", verbose_name="As")
    state = Cell(template_name="accounts/partials/invitation_state.html", verbose_name="State")
    sent = Cell(template_name="accounts/partials/invitation_sent.html", verbose_name="Sent")
    withdraw = Cell(template_name="accounts/partials/invitation_withdraw.html", verbose_name=ACTION)

    class Meta:
        attrs = {"class": "calls invitations"}


class KeyTable(ListTable):
    """API keys as whoever may revoke them sees them; whose they are only where they are of several people."""

    name = Cell(template_name="accounts/partials/key_name.html", verbose_name="Key")
    owner = Cell(template_name="accounts/partials/key_owner.html", verbose_name="Whose")
    scopes = Cell(template_name="accounts/partials/key_scopes.html", verbose_name="Opens")
    created_at = Cell(template_name="accounts/partials/key_created.html", verbose_name="Made")
    last_used_at = Cell(template_name="accounts/partials/key_used.html", verbose_name="Last used")
    expires_at = Cell(template_name="accounts/partials/key_expires.html", verbose_name="Expires")
    state = Cell(template_name="accounts/partials/key_state.html", verbose_name="State")
    action = Cell(template_name="accounts/partials/key_revoke.html", verbose_name=ACTION)

    class Meta:
        attrs = {"class": "calls keys"}

    def __init__(self, *args: Any, of_everybody: bool, **kwargs: Any) -> None:
        super().__init__(*args, exclude=() if of_everybody else ("owner",), **kwargs)
