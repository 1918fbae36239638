"""People and their phones: who they are, what they hold and held, and letting them in and out."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Revocation
from telephony.services import keeping
from telephony.services.revocations.asking import revoke_holder

LAST_ENTRIES: Final = 20


class NotYoursError(Exception):
    """Whoever asks may not do this to that person; the message says why."""


class OwnAccountError(Exception):
    """Nobody lets himself out: there might be nobody left to let him in again."""

    def __init__(self) -> None:
        super().__init__("You cannot deactivate yourself: somebody else has to.")


def listed() -> QuerySet[User]:
    """Return people with what is shown of them."""
    return with_holdings(User.objects.all())


def with_holdings(people: QuerySet[User]) -> QuerySet[User]:
    """Return people with the open assignments by which they hold something, as `open_assignments`."""
    held = Assignment.objects.open().select_related("extension__domain", "number").order_by("starts_at", "pk")
    return people.prefetch_related(Prefetch("assignments", queryset=held, to_attr="open_assignments"))


def holdings_of(person: User) -> list[Assignment]:
    """Return by which assignments somebody of `listed` holds something."""
    found: list[Assignment] = getattr(person, "open_assignments", [])
    return found


def may_change(actor: User, person: User) -> bool:
    """Tell whether `actor` may let a person in and out: staff people, admins staff too, superusers everybody."""
    if actor.is_superuser:
        return True
    if person.is_superuser:
        return False
    if person.full_role == Role.USER:
        return actor.is_staff
    return actor.effective_role == Role.ADMIN


def change_person(person: User, values: Mapping[str, Any], *, actor: User) -> tuple[User, list[Revocation]]:
    """Change a person's `name`, and whether he `is_active`; return him, and what was taken from his extensions.

    Who is deactivated is refused at the next request, whatever he proves himself with, and his phones are thrown out; who is
    activated again comes in by what he had. Raises NotYoursError, OwnAccountError, ValidationError.
    """
    if not may_change(actor, person):
        raise NotYoursError("Only admins may do this to staff and admins.")
    if values.get("is_active") is False and actor.pk == person.pk:
        raise OwnAccountError
    with transaction.atomic():
        was_active = keeping.held(person).is_active
        person = keeping.change(person, values, actor=actor)
        taken = revoke_holder(person, actor=actor) if was_active and not person.is_active else []
    return person, taken


def history_of(person: User) -> QuerySet[Assignment]:
    """Return what a person held before, the last first."""
    before = person.assignments.exclude(ends_at=None)
    return before.select_related("extension__domain", "number").order_by("-ends_at", "-pk")


def entries_of(person: User) -> list[AuditEntry]:
    """Return the newest entries of the log by a person and about him."""
    about = {"target_type": User._meta.label_lower, "target_id": str(person.pk)}
    newest: dict[int, AuditEntry] = {}
    for which in (Q(actor=person), Q(**about)):
        found = AuditEntry.objects.filter(which).select_related("actor").order_by("-at", "-id")
        newest |= {entry.pk: entry for entry in found[:LAST_ENTRIES]}
    return sorted(newest.values(), key=lambda entry: (entry.at, entry.pk), reverse=True)[:LAST_ENTRIES]
