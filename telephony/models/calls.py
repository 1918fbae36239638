"""Calls, their legs as the switch recorded them, and what could not be read."""

import builtins
import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch, Q
from django.utils.functional import cached_property

from accounts.models import User
from telephony.models.call_links import CallLink
from telephony.models.directory import Domain, Extension
from telephony.models.numbers import Number, Provider
from telephony.models.switches import Switch
from telephony.switch.causes import outcome_of
from web.encryption import cipher

if TYPE_CHECKING:
    from telephony.models.recordings import Recording


class Moment(NamedTuple):
    """Something that happened to a leg."""

    at: datetime
    event: str
    leg_uuid: str


class Quality(NamedTuple):
    """What was measured of the sound: mean opinion score (1 to 5), milliseconds, percent; None where it was not."""

    mos: float | None
    jitter_ms: float | None
    packet_loss: float | None


# What a timeline shows, in the order of a call, and the column of a leg that tells when.
MOMENTS = {
    "started": "started_at",
    "ringing": "progress_at",
    "answered": "answered_at",
    "bridged": "bridged_at",
    "ended": "ended_at",
}


LONGEST_UUID = 64


def uuids_of(text: str) -> set[str]:
    """Return the uuids that a text may mean, as they are stored: itself, and in the canonical spelling where it is one."""
    if len(text) > LONGEST_UUID:
        return set()
    try:
        return {text, str(UUID(text))}
    except ValueError:
        return {text}


class CallQuerySet(models.QuerySet["Call"]):
    """Sets of calls."""

    def visible_to(self, user: User) -> Self:
        """Return the calls that this person may see: staff all, others those of an extension they held at the time."""
        if user.is_staff:
            return self
        return self.filter(Q(caller_user=user) | Q(callee_user=user))

    def for_listing(self, *besides: str) -> Self:
        """Load all that a row shows in two queries, also the relations that it shows `besides` the parties and the recording.

        None that it does not show: of seven tables PostgreSQL chooses a plan in 20 ms, of four in 2.
        """
        recordings = self.model._meta.apps.get_model("telephony", "Recording").objects.defer("peaks")
        return self.select_related(
            "caller_extension", "callee_extension", "caller_user", "callee_user", *besides
        ).prefetch_related(Prefetch("recordings", recordings, to_attr="loaded_recordings"))

    def find(self, call_id: int) -> "Call":
        """Return the call of this id, or the one that it was joined to. Raises Call.DoesNotExist."""
        found = self.filter(pk=call_id).first() or self.filter(aliases__former_id=call_id).first()
        if found is None:
            raise self.model.DoesNotExist
        return found

    def named(self, text: str) -> Self:
        """Return the calls that a text names: by an id, by a uuid of theirs, of a leg or of a call that was joined to them.

        Looked up in indexes, one query before the calls' own, however many calls there are.
        """
        names = uuids_of(text)
        ids = [int(text)] if re.fullmatch(r"[0-9]{1,18}", text) else []
        found = self.model.objects.order_by().filter(call_uuid__in=names).values_list("pk").union(
            Leg.objects.order_by().filter(uuid__in=names).values_list("call_id"),
            CallAlias.objects.filter(former_uuid__in=names).values_list("call_id"),
            CallAlias.objects.filter(former_id__in=ids).values_list("call_id"),
        )  # fmt: skip
        return self.filter(pk__in=[pk for (pk,) in found] + ids)

    def with_recording(self, wanted: bool = True) -> Self:
        """Return the calls that can, or cannot, be listened to."""
        ready = self.model._meta.apps.get_model("telephony", "Recording").objects.filter(
            call=models.OuterRef("pk"), state="ready"
        )
        return self.filter(models.Exists(ready) if wanted else ~models.Exists(ready))


class Call(models.Model):
    """One call: the connected set of its legs, summed up in a row that is computed from them again with every leg."""

    class Direction(models.TextChoices):
        """Seen from the portal; a call between two extensions is outbound."""

        INBOUND = "inbound"
        OUTBOUND = "outbound"

    call_uuid = models.CharField(max_length=64, unique=True, help_text="The uuid of the a-leg.")
    direction = models.CharField(max_length=8, choices=Direction)
    local = models.BooleanField(default=False, help_text="Between two extensions.")
    caller_number = models.CharField(max_length=64, blank=True, default="")
    caller_name = models.CharField(max_length=128, blank=True, default="")
    callee_number = models.CharField(max_length=64, blank=True, default="")
    caller_extension = models.ForeignKey(Extension, models.PROTECT, null=True, blank=True, related_name="calls_placed")
    callee_extension = models.ForeignKey(Extension, models.PROTECT, null=True, blank=True, related_name="calls_received")
    caller_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="calls_placed",
        help_text="Who held the caller's extension when the call began.",
    )
    callee_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="calls_received",
        help_text="Who held the callee's extension when the call began.",
    )
    number = models.ForeignKey(
        Number,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        help_text="Our number that was dialled, or shown as caller ID.",
    )
    provider = models.ForeignKey(Provider, models.PROTECT, null=True, blank=True, related_name="calls")
    domain = models.ForeignKey(Domain, models.PROTECT, null=True, blank=True, related_name="calls")
    domain_name = models.CharField(max_length=253, blank=True, default="", help_text="As the record had it.")
    switch = models.ForeignKey(Switch, models.PROTECT, null=True, blank=True, related_name="calls")
    call_link = models.ForeignKey(CallLink, models.PROTECT, null=True, blank=True, related_name="calls")
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When talk began.")
    ended_at = models.DateTimeField(null=True, blank=True)
    answered = models.BooleanField(default=False, help_text="Whether the parties talked.")
    bill_seconds = models.PositiveIntegerField(default=0)
    duration_seconds = models.PositiveIntegerField(default=0)
    hangup_cause = models.CharField(max_length=64, blank=True, default="")
    outcome = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            models.CheckConstraint(condition=Q(direction__in=("inbound", "outbound")), name="call_direction_known"),
            models.CheckConstraint(condition=~Q(call_uuid=""), name="call_uuid_never_blank"),
            models.CheckConstraint(
                condition=Q(answered=True, answered_at__isnull=False) | Q(answered=False, answered_at=None, bill_seconds=0),
                name="call_answered_means_talked",
            ),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="call_ends_after_start"),
        )
        indexes = (
            models.Index(fields=("-started_at", "-id"), name="call_newest"),
            models.Index(fields=("caller_user", "-started_at", "-id"), name="call_of_caller"),
            models.Index(fields=("callee_user", "-started_at", "-id"), name="call_of_callee"),
            models.Index(fields=("caller_extension", "-started_at", "-id"), name="call_of_caller_exten"),
            models.Index(fields=("callee_extension", "-started_at", "-id"), name="call_of_callee_exten"),
            models.Index(fields=("number", "-started_at", "-id"), name="call_of_number"),
            models.Index(fields=("hangup_cause", "-started_at", "-id"), name="call_by_cause"),
            models.Index(fields=("outcome", "-started_at", "-id"), name="call_by_outcome"),
        )

    def __str__(self) -> str:
        return f"{self.caller_number or 'unknown'} → {self.callee_number or 'unknown'}"

    @property
    def outcome_label(self) -> str:
        """What became of the call, in words for people."""
        return outcome_of(self.hangup_cause, self.answered).label

    @cached_property
    def recording(self) -> "Recording | None":
        """The recording to listen to: of several the longest, None where there is none."""
        loaded: builtins.list[Recording] | None = getattr(self, "loaded_recordings", None)
        recordings = loaded if loaded is not None else builtins.list(self.recordings.all())
        return max((r for r in recordings if r.state == "ready"), key=lambda r: (r.duration_ms, -r.pk), default=None)

    @cached_property
    def timeline_legs(self) -> "builtins.list[Leg]":
        """The call's legs in the order in which they began, without their raw records."""
        return builtins.list(self.legs.defer("raw"))

    def timeline(self) -> "builtins.list[Moment]":
        """Return what happened to each leg, oldest first; what happened together keeps the order of a call."""
        moments = [
            Moment(at, event, leg.uuid)
            for leg in self.timeline_legs
            for event, column in MOMENTS.items()
            if (at := getattr(leg, column)) is not None
        ]
        order = builtins.list(MOMENTS)
        return sorted(moments, key=lambda moment: (moment.at, order.index(moment.event)))

    @property
    def worst_quality(self) -> Quality:
        """The worst that any leg measured: the call was heard no better."""
        legs = self.timeline_legs
        return Quality(
            mos=min((leg.mos for leg in legs if leg.mos is not None), default=None),
            jitter_ms=max((leg.jitter_ms for leg in legs if leg.jitter_ms is not None), default=None),
            packet_loss=max((leg.packet_loss for leg in legs if leg.packet_loss is not None), default=None),
        )

    def direction_for(self, user: User) -> str:
        """Return the direction as this person sees it: a call between extensions comes in for its callee."""
        if self._is_callee(user):
            return self.Direction.INBOUND
        return self.direction

    def extension_for(self, user: User) -> Extension | None:
        """Return the extension on this person's side; staff see the caller's where there is one."""
        if self._is_callee(user):
            return self.callee_extension
        return self.caller_extension or self.callee_extension

    def _is_callee(self, user: User) -> bool:
        return not user.is_staff and self.local and self.callee_user_id == user.pk and self.caller_user_id != user.pk


class CallAlias(models.Model):
    """The id and uuid of a call that a later record joined to an elder one; they lead there."""

    former_id = models.BigIntegerField(primary_key=True)
    former_uuid = models.CharField(max_length=64, db_index=True)
    call = models.ForeignKey(Call, models.CASCADE, related_name="aliases")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "call aliases"

    def __str__(self) -> str:
        return f"{self.former_id} → {self.call_id}"


class Leg(models.Model):
    """One channel, as the switch recorded it; column by column what `telephony.switch.cdr.LegRecord` has."""

    uuid = models.CharField(max_length=64, unique=True)
    call = models.ForeignKey(Call, models.PROTECT, related_name="legs")
    switch = models.ForeignKey(Switch, models.PROTECT, null=True, blank=True, related_name="legs")
    core_uuid = models.CharField(max_length=64, blank=True, default="")
    switchname = models.CharField(max_length=255, blank=True, default="")
    originator_uuid = models.CharField(max_length=64, blank=True, default="", help_text="The leg that this one was placed for.")
    direction = models.CharField(max_length=16, blank=True, default="")
    call_direction = models.CharField(max_length=16, blank=True, default="")
    context = models.CharField(max_length=255, blank=True, default="")
    user = models.CharField(max_length=255, blank=True, default="")
    user_domain = models.CharField(max_length=255, blank=True, default="")
    dialed_user = models.CharField(max_length=255, blank=True, default="")
    dialed_domain = models.CharField(max_length=255, blank=True, default="")
    domain = models.CharField(max_length=255, blank=True, default="")
    gateway = models.CharField(max_length=255, blank=True, default="")
    caller_number = models.CharField(max_length=64, blank=True, default="")
    caller_name = models.CharField(max_length=128, blank=True, default="")
    destination = models.CharField(max_length=255, blank=True, default="")
    started_at = models.DateTimeField()
    progress_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    bridged_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    billsec = models.PositiveIntegerField(default=0, help_text="Seconds, answer to hangup.")
    duration = models.PositiveIntegerField(default=0, help_text="Seconds, start to hangup.")
    hangup_cause = models.CharField(max_length=64, blank=True, default="")
    originate_disposition = models.CharField(max_length=64, blank=True, default="")
    hold_seconds = models.PositiveIntegerField(default=0)
    record_ms = models.PositiveBigIntegerField(default=0)
    record_completion_cause = models.CharField(max_length=64, blank=True, default="")
    portal_call_link = models.BigIntegerField(null=True, blank=True)
    portal_extension_id = models.BigIntegerField(null=True, blank=True)
    portal_number_id = models.BigIntegerField(null=True, blank=True)
    portal_payer_id = models.BigIntegerField(
        null=True, blank=True, help_text="The person at whose charge the leg goes outside."
    )
    mos = models.FloatField("MOS", null=True, blank=True)
    jitter_ms = models.FloatField(null=True, blank=True)
    packet_loss = models.FloatField(null=True, blank=True, help_text="Percent.")
    raw = models.JSONField(help_text="The record as posted, without its secrets.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("started_at", "id")
        constraints = (models.CheckConstraint(condition=~Q(uuid=""), name="leg_uuid_never_blank"),)
        indexes = (
            models.Index(fields=("call", "started_at"), name="leg_of_call"),
            models.Index(fields=("portal_payer_id", "started_at"), condition=~Q(portal_payer_id=None), name="leg_by_payer"),
        )

    def __str__(self) -> str:
        return self.uuid

    @property
    def talked(self) -> bool:
        """Whether this leg was ever bridged to another."""
        return self.bridged_at is not None


class LegLink(models.Model):
    """A uuid that a leg's record names: what joins legs into a call, in whatever order they come."""

    leg = models.ForeignKey(Leg, models.CASCADE, related_name="links")
    uuid = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("leg", "uuid"), name="leg_link_once"),)
        indexes = (models.Index(fields=("uuid",), name="leg_link_by_uuid"),)

    def __str__(self) -> str:
        return self.uuid


class Quarantine(models.Model):
    """What the switch sent and nobody could read: kept whole up to a cap, with the reason."""

    class Kind(models.TextChoices):
        """What it was meant to be."""

        CDR = "cdr", "call record"
        RECORDING = "recording"

    class State(models.TextChoices):
        """What staff did about it."""

        NEW = "new"
        RETRIED = "retried"
        DISCARDED = "discarded"

    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.NEW)
    reason = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, help_text="Of what is kept; the same bytes are kept once.")
    body = models.BinaryField()  # encrypted: see `content`
    size_bytes = models.PositiveBigIntegerField(help_text="As sent; what is kept may be cut.")
    content_type = models.CharField(max_length=255, blank=True, default="")
    leg_uuid = models.CharField(max_length=64, blank=True, default="", help_text="As the request's address named it.")
    address = models.GenericIPAddressField(null=True, blank=True)
    times_seen = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-last_seen_at", "-id")
        verbose_name_plural = "quarantine"
        constraints = (
            models.UniqueConstraint(fields=("kind", "sha256"), name="quarantine_same_bytes_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="quarantine_has_a_reason"),
            models.CheckConstraint(condition=Q(state__in=("new", "retried", "discarded")), name="quarantine_state_known"),
        )
        indexes = (models.Index(fields=("state", "-last_seen_at"), name="quarantine_newest"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"

    @property
    def content(self) -> bytes:
        """What came. Raises InvalidToken where CREDENTIALS_KEY does not name any more what it was encrypted with."""
        return cipher().decrypt(bytes(self.body))
