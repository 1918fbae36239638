"""The log of what people and programs did."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, NoReturn, Self

from django.db import models
from django.db.models import Q

from accounts.models.people import User
from web.request_context import current_address, current_credential, current_request_id


class Change(NamedTuple):
    """A named value before and after an action, as text; "" where there was none."""

    name: str
    before: str
    after: str


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Sets of entries; what is written down stays as it is."""

    def about(self, targets: Iterable[models.Model]) -> Self:
        """Return the entries about any of these things."""
        ids: dict[str, list[str]] = {}
        for target in targets:
            ids.setdefault(target._meta.label_lower, []).append(str(target.pk))
        wanted = Q(pk__in=())
        for kind, of_kind in ids.items():
            wanted |= Q(target_type=kind, target_id__in=of_kind)
        return self.filter(wanted)

    def update(self, **values: Any) -> NoReturn:
        """Refuse: the log is only ever added to."""
        raise TypeError("the audit log is append-only")

    def delete(self) -> NoReturn:
        """Refuse: the log is only ever added to."""
        raise TypeError("the audit log is append-only")


class AuditEntryManager(models.Manager["AuditEntry"]):
    """Writes the log."""

    def record(
        self,
        action: str,
        target: models.Model | None = None,
        *,
        actor: User | None = None,
        actor_label: str = "",
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> "AuditEntry":
        """Write down who did what to what, and what changed; secrets are never passed in.

        From where, and with which request, is known from the request that is being answered, if any.
        """
        return self.create(
            action=action,
            actor=actor,
            actor_label=actor_label or (str(actor) if actor else ""),
            target_type=target._meta.label_lower if target else "",
            target_id=str(target.pk) if target else "",
            target_label=str(target)[:255] if target else "",
            address=current_address(),
            request_id=current_request_id(),
            credential=current_credential(),
            before=before or {},
            after=after or {},
        )


class AuditEntry(models.Model):
    """One line of the log of what people and programs did; written once, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="audit_entries")
    actor_label = models.CharField(max_length=255, blank=True, default="")
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64, blank=True, default="")
    target_id = models.CharField(max_length=64, blank=True, default="")
    target_label = models.CharField(max_length=255, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True, default="")
    credential = models.CharField(
        max_length=64, blank=True, default="", help_text="What proved who it was: session, token, api_key:ID or maintenance."
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = AuditEntryManager.from_queryset(AuditEntryQuerySet)()

    class Meta:
        ordering = ("-at", "-id")
        verbose_name_plural = "audit entries"
        indexes = (
            models.Index(fields=("-at", "-id"), name="audit_newest"),
            models.Index(fields=("actor", "-at"), name="audit_of_actor"),
            models.Index(fields=("target_type", "target_id", "-at"), name="audit_of_target"),
        )
        constraints = (models.CheckConstraint(condition=~Q(action=""), name="audit_action_never_blank"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the entry, once."""
        if not self._state.adding:
            raise TypeError("the audit log is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: the log is only ever added to."""
        raise TypeError("the audit log is append-only")

    @property
    def changes(self) -> Sequence[Change]:
        """What the entry says was before and after, by name; what did not change was not before."""
        names = {**self.before, **self.after}
        pairs = ((name, _plain(self.before.get(name)), _plain(self.after.get(name))) for name in names)
        return [Change(name, "" if before == after else before, after) for name, before, after in pairs if before or after]


def _plain(value: Any) -> str:
    """Return a value of an entry as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
