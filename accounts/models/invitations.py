"""Invitations to work as staff."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models.people import Role, User


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Sets of invitations."""

    def standing(self) -> Self:
        """Return those that let somebody in: sent or accepted, and not withdrawn."""
        return self.filter(withdrawn_at=None)

    def to(self, email: str) -> Self:
        """Return those to an address. Addresses that only look or fold like it are none of it."""
        return self.filter(email=email.lower()) if email.isascii() else self.none()


class Invitation(models.Model):
    """Leave for a person of this e-mail address to work as staff; withdrawing it also ends what was accepted."""

    email = models.EmailField(help_text="Kept in lower case.")
    role = models.CharField(max_length=8, choices=Role, default=Role.STAFF)
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="invitations_sent")
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="invitations_accepted")
    created_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                Lower("email"), condition=Q(accepted_at=None, withdrawn_at=None), name="invitation_open_once_per_email"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None) | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    @property
    def state(self) -> str:
        """What became of it, in a word."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "open" if self.accepted_at is None else "accepted"
