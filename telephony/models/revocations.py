"""What was taken from an extension, and the proof that every switch has let go of it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from telephony.models.directory import Extension

# Nobody speaks with a switch for so long: whoever holds an errand beyond was killed.
LEASE = timedelta(seconds=30)


class RevocationReason(models.TextChoices):
    """What was taken away, or renewed."""

    CLOSED = "closed", "closed"
    PASSWORD_CHANGED = "password_changed", "password changed"
    RELEASED = "released", "released"
    HOLDER_DEACTIVATED = "holder_deactivated", "holder deactivated"
    DOMAIN_DEACTIVATED = "domain_deactivated", "domain out of use"


class ErrandState(models.TextChoices):
    """Whether a switch has let go of an extension."""

    PENDING = "pending"
    DONE = "done"


class Proof(NamedTuple):
    """A step in a person's words, what the switch was told, the first line of its answer, and when."""

    sentence: str
    command: str
    answer: str
    at: datetime


def _forgotten(step: Mapping[str, Any]) -> str:
    phones = step.get("phones", [])
    if not phones:
        return "No phone was registered."
    places = ", ".join(f"{phone['place']} ({phone['agent']})" if phone["agent"] else phone["place"] for phone in phones)
    return f"{len(phones)} phone{'' if len(phones) == 1 else 's'} forgotten: {places}."


def _left(step: Mapping[str, Any]) -> str:
    left = len(step.get("phones", []))
    return f"{left} registered since, or still." if left else "No phone is registered any more."


_SENTENCES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "cache": lambda _: "The cached directory entry is dropped.",
    "registrations": _forgotten,
    "forgotten": _left,
    "call": lambda step: f"Call ended: {step.get('from') or 'somebody'} → {step.get('to') or 'somebody'}.",
    "ended": lambda _: "No call is left.",
}


class RevocationQuerySet(models.QuerySet["Revocation"]):
    """Sets of revocations."""

    def for_listing(self) -> Self:
        """Load all that is shown of them: the errands too, in the order of their switches."""
        errands = RevocationErrand.objects.order_by("event_socket")
        return self.select_related("extension__domain", "requested_by").prefetch_related(
            models.Prefetch("errands", queryset=errands)
        )

    def pending(self) -> Self:
        """Return those that some switch has not been told of yet."""
        return self.filter(Exists(RevocationErrand.objects.pending().filter(revocation=OuterRef("pk"))))


class Revocation(models.Model):
    """That the phones of an extension are to be forgotten and its calls to end, at every switch; never changed, never deleted.

    Written in the transaction that takes the right away, so that a portal that dies right after it still carries it out.
    """

    extension = models.ForeignKey(Extension, models.PROTECT, related_name="revocations")
    reason = models.CharField(max_length=20, choices=RevocationReason)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RevocationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (models.CheckConstraint(condition=Q(reason__in=RevocationReason.values), name="revocation_reason_known"),)
        indexes = (models.Index(fields=("extension", "-created_at", "-id"), name="revocation_of_extension"),)

    def __str__(self) -> str:
        return f"{self.extension}: {self.get_reason_display()}"

    @property
    def is_done(self) -> bool:
        """Whether every switch has let go of it; also where there is no switch that could know of it."""
        return all(errand.state == ErrandState.DONE for errand in self.errands.all())

    @property
    def done_at(self) -> datetime | None:
        """When the last switch had let go of it; None while one has not."""
        if not self.is_done:
            return None
        return max((errand.done_at for errand in self.errands.all() if errand.done_at), default=self.created_at)


class RevocationErrandQuerySet(models.QuerySet["RevocationErrand"]):
    """Sets of errands."""

    def pending(self) -> Self:
        """Return those that are still to be done."""
        return self.filter(state=ErrandState.PENDING)

    def at_hand(self, now: datetime) -> Self:
        """Return those that are still to be done and that nobody is about."""
        return self.pending().filter(Q(lease_until=None) | Q(lease_until__lte=now))


class RevocationErrand(models.Model):
    """A revocation at one switch, known by where its event socket is. `steps` is what the last try said and heard, in order."""

    revocation = models.ForeignKey(Revocation, models.CASCADE, related_name="errands")
    event_socket = models.CharField(max_length=262)
    state = models.CharField(max_length=8, choices=ErrandState, default=ErrandState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    steps = models.JSONField(default=list)
    problem = models.CharField(max_length=300, blank=True, default="")
    done_at = models.DateTimeField(null=True)

    objects = RevocationErrandQuerySet.as_manager()

    class Meta:
        ordering = ("event_socket",)
        constraints = (
            models.UniqueConstraint(fields=("revocation", "event_socket"), name="errand_once_per_switch"),
            models.CheckConstraint(
                condition=Q(state=ErrandState.PENDING, done_at=None) | Q(state=ErrandState.DONE, done_at__isnull=False),
                name="errand_done_at_a_time",
            ),
        )
        indexes = (models.Index(fields=("next_at",), condition=Q(state=ErrandState.PENDING), name="errand_to_do"),)

    def __str__(self) -> str:
        return f"{self.revocation_id} at {self.event_socket}"

    @property
    def proof(self) -> Iterator[Proof]:
        """What the switch was told at the last try, in a person's words, with its answers."""
        for step in self.steps:
            say = _SENTENCES.get(step.get("step", ""))
            if say is not None:
                yield Proof(say(step), step.get("command", ""), step.get("answer", ""), datetime.fromisoformat(step["at"]))

    def claim(self) -> bool:
        """Take the errand for a while; tell whether nobody else is about it, nor has done it."""
        now = timezone.now()
        self.lease_until = now + LEASE
        taken = RevocationErrand.objects.at_hand(now).filter(pk=self.pk)
        claimed = taken.update(lease_until=self.lease_until, attempts=models.F("attempts") + 1)
        if claimed:
            self.attempts += 1
        return bool(claimed)

    def keep(self, **values: Any) -> None:
        """Store what has become of it, unless somebody else has taken it over meanwhile."""
        for name, value in values.items():
            setattr(self, name, value)
        mine = RevocationErrand.objects.filter(pk=self.pk, attempts=self.attempts)
        mine.update(**values)
