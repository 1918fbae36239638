"""Invitations: sent, accepted at the sign-in of who was invited, withdrawn; and what they let somebody be."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, Invitation, Role, User


@transaction.atomic
def send_invitation(invitation: Invitation, *, actor: User) -> None:
    """Store a new invitation. Raises IntegrityError where the address has an open one."""
    invitation.invited_by = actor
    invitation.save()
    AuditEntry.objects.record(
        "invitation.sent", invitation, actor=actor, after={"email": invitation.email, "role": invitation.role}
    )


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, actor: User) -> bool:
    """Withdraw an invitation, also one that was accepted, which ends it at the next request; tell whether it stood."""
    if not Invitation.objects.standing().filter(pk=invitation.pk).update(withdrawn_at=timezone.now()):
        return False
    before = {"email": invitation.email, "role": invitation.role}
    AuditEntry.objects.record("invitation.withdrawn", invitation, actor=actor, before=before)
    return True


@transaction.atomic
def accept_invitation(person: User, email: str) -> None:
    """Take the open invitation to this verified address as accepted, by whom the roles claim lets work as staff.

    Nobody's own: over the API the claim alone makes an admin, who would otherwise let himself in on the console too.
    """
    if person.role == Role.USER:
        return
    for invitation in Invitation.objects.standing().to(email).filter(accepted_at=None).exclude(invited_by=person):
        still_open = Invitation.objects.standing().filter(pk=invitation.pk, accepted_at=None)
        if still_open.update(accepted_at=timezone.now(), accepted_by=person):
            AuditEntry.objects.record("invitation.accepted", invitation, actor=person, after={"role": invitation.role})


def ceiling_of(person: User, email: str) -> Role:
    """Return the most that a person with this verified address may be on the web, at this moment.

    An invitation counts for whoever accepted it, and at the address that it was sent to; a domain of
    STAFF_EMAIL_DOMAINS, compared whole, sets no ceiling beyond the roles claim.
    """
    if person.role == Role.USER:
        return Role.USER
    if email.isascii() and email.rpartition("@")[2].lower() in settings.STAFF_EMAIL_DOMAINS:
        return Role.ADMIN
    accepted = Invitation.objects.standing().to(email).filter(accepted_by=person)
    roles = (Role(role) for role in accepted.values_list("role", flat=True))
    return max(roles, key=list(Role).index, default=Role.USER)
