"""What the switches have at this moment, as the listener hears it: calls and their legs, phones, gateways.

All of it is advice: what counts of a call is its record.
"""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import User
from telephony.models.call_links import CallLink
from telephony.models.calls import Call
from telephony.models.directory import Extension
from telephony.models.numbers import Assignment, Number
from telephony.models.switches import Gateway, Switch


class LiveCallQuerySet(models.QuerySet["LiveCall"]):
    """Sets of calls that go on."""

    def visible_to(self, user: User) -> Self:
        """Return the calls that this person may see, and hang up: staff all, others those they take part in."""
        return self if user.is_staff else self.filter(Q(caller_user=user) | Q(callee_user=user))

    def for_listing(self) -> Self:
        """Load all that a row shows, in a fixed number of queries."""
        return self.select_related(
            "switch", "caller_extension", "callee_extension", "caller_user", "callee_user", "number", "call_link"
        )


class LiveCall(models.Model):
    """A call that goes on: the connected set of its legs, summed up as a call of the list is."""

    class State(models.TextChoices):
        """How far it is."""

        RINGING = "ringing"
        ANSWERED = "answered"
        HELD = "held", "on hold"

    switch = models.ForeignKey(Switch, models.CASCADE, related_name="live_calls")
    core_uuid = models.CharField(max_length=64, blank=True, default="")
    call_uuid = models.CharField(max_length=64, help_text="The uuid of the a-leg.")
    state = models.CharField(max_length=8, choices=State, default=State.RINGING)
    direction = models.CharField(max_length=8, choices=Call.Direction, default=Call.Direction.OUTBOUND)
    local = models.BooleanField(default=False, help_text="Between two extensions.")
    caller_number = models.CharField(max_length=64, blank=True, default="")
    caller_name = models.CharField(max_length=128, blank=True, default="")
    callee_number = models.CharField(max_length=64, blank=True, default="")
    caller_extension = models.ForeignKey(Extension, models.SET_NULL, null=True, blank=True, related_name="+")
    callee_extension = models.ForeignKey(Extension, models.SET_NULL, null=True, blank=True, related_name="+")
    caller_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    callee_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    number = models.ForeignKey(Number, models.SET_NULL, null=True, blank=True, related_name="+")
    call_link = models.ForeignKey(CallLink, models.SET_NULL, null=True, blank=True, related_name="+")
    domain_name = models.CharField(max_length=253, blank=True, default="")
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When talk began.")
    held_at = models.DateTimeField(null=True, blank=True, help_text="Since when somebody is on hold.")
    updated_at = models.DateTimeField(auto_now=True)

    # As a page shows it to somebody.
    seen_direction: str
    seconds: float | None

    objects = LiveCallQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("switch", "call_uuid"), name="live_call_once"),
            models.CheckConstraint(condition=Q(state__in=("ringing", "answered", "held")), name="live_call_state_known"),
        )
        indexes = (
            models.Index(fields=("-started_at", "-id"), name="live_call_newest"),
            models.Index(fields=("caller_user",), name="live_call_of_caller"),
            models.Index(fields=("callee_user",), name="live_call_of_callee"),
        )

    def __str__(self) -> str:
        return f"{self.caller_number or 'unknown'} → {self.callee_number or 'unknown'}"

    @property
    def since(self) -> datetime:
        """Since when it is in its state."""
        return self.held_at or self.answered_at or self.started_at

    def direction_for(self, user: User) -> str:
        """Return the direction as this person sees it: a call between extensions comes in for its callee."""
        came_in = not user.is_staff and self.local and self.callee_user_id == user.pk and self.caller_user_id != user.pk
        return Call.Direction.INBOUND if came_in else self.direction


class LiveChannel(models.Model):
    """A leg that lives, by what its events say; it has what `telephony.switch.summary.LegFacts` asks of a leg."""

    switch = models.ForeignKey(Switch, models.CASCADE, related_name="live_channels")
    call = models.ForeignKey(LiveCall, models.CASCADE, related_name="channels")
    core_uuid = models.CharField(max_length=64, blank=True, default="")
    uuid = models.CharField(max_length=64)
    originator_uuid = models.CharField(max_length=64, blank=True, default="")
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
    answered_at = models.DateTimeField(null=True, blank=True)
    bridged_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    portal_call_link = models.BigIntegerField(null=True, blank=True)
    portal_extension_id = models.BigIntegerField(null=True, blank=True)
    portal_number_id = models.BigIntegerField(null=True, blank=True)

    # What a leg has only when it is over.
    ended_at: datetime | None = None
    billsec = 0
    hangup_cause = ""
    originate_disposition = ""

    class Meta:
        ordering = ("started_at", "id")
        constraints = (models.UniqueConstraint(fields=("switch", "uuid"), name="live_channel_once"),)

    def __str__(self) -> str:
        return self.uuid


class UnrecordedLeg(models.Model):
    """A leg of a call that ended with its switch, and of which no record has come; when one does, it takes over."""

    uuid = models.CharField(max_length=64, unique=True)
    call = models.ForeignKey(Call, models.CASCADE, related_name="unrecorded_legs")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.uuid


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Sets of phones that are registered."""

    def current(self, at: datetime) -> Self:
        """Return those whose time is not up."""
        return self.filter(expires_at__gt=at)

    def visible_to(self, user: User) -> Self:
        """Return the phones that this person may see: staff all, others those at an extension they hold now."""
        if user.is_staff:
            return self
        return self.filter(extension__in=Assignment.objects.open().filter(user=user).values("extension"))

    def for_listing(self) -> Self:
        """Load all that a row shows, in a fixed number of queries."""
        held = models.Prefetch(
            "extension__assignments", Assignment.objects.open().select_related("user"), to_attr="open_assignments"
        )
        return self.select_related("switch", "extension__domain").prefetch_related(held)


class Registration(models.Model):
    """A phone that is registered at a switch: from where, and since when."""

    switch = models.ForeignKey(Switch, models.CASCADE, related_name="registrations")
    extension = models.ForeignKey(Extension, models.CASCADE, null=True, blank=True, related_name="registrations")
    user = models.CharField(max_length=64)
    domain = models.CharField(max_length=253)
    contact = models.CharField(max_length=512, blank=True, default="", help_text="Where it wants to be rung.")
    network_ip = models.CharField(max_length=45, blank=True, default="", help_text="From where it registered.")
    network_port = models.CharField(max_length=5, blank=True, default="")
    transport = models.CharField(max_length=32, blank=True, default="")
    agent = models.CharField(max_length=255, blank=True, default="", help_text="What the phone says that it is.")
    since = models.DateTimeField()
    since_is_known = models.BooleanField(
        default=True, help_text="False where it was registered before the listener first saw it: then since before `since`."
    )
    expires_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        ordering = ("user", "domain", "-since", "id")
        constraints = (
            models.UniqueConstraint(fields=("switch", "user", "domain", "contact"), name="registration_once_per_contact"),
        )
        indexes = (models.Index(fields=("extension", "expires_at"), name="registration_of_extension"),)

    def __str__(self) -> str:
        return f"{self.user}@{self.domain} from {self.place}"

    @property
    def place(self) -> str:
        """From where it is registered."""
        address = f"[{self.network_ip}]" if ":" in self.network_ip else self.network_ip
        return f"{address}:{self.network_port}" if self.network_port else address

    @property
    def holder(self) -> User | None:
        """Who holds its extension now; of a row that was loaded for a list."""
        assignments: list[Assignment] = getattr(self.extension, "open_assignments", []) if self.extension else []
        return assignments[0].user if assignments else None


class GatewayStatus(models.Model):
    """How a gateway is on a switch."""

    switch = models.ForeignKey(Switch, models.CASCADE, related_name="gateway_statuses")
    name = models.CharField(max_length=64)
    gateway = models.ForeignKey(Gateway, models.CASCADE, null=True, blank=True, related_name="statuses")
    is_up = models.BooleanField()
    state = models.CharField(max_length=32, blank=True, default="", help_text="Of its registration, as the switch names it.")
    since = models.DateTimeField(help_text="When it came up, or went down, as far as the listener knows.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "switch__name")
        verbose_name_plural = "gateway statuses"
        constraints = (models.UniqueConstraint(fields=("switch", "name"), name="gateway_status_once"),)

    def __str__(self) -> str:
        return f"{self.name} on {self.switch}: {'up' if self.is_up else 'down'}"


class GatewayChange(models.Model):
    """A gateway came up or went down: kept for a while, to be looked up."""

    switch = models.ForeignKey(Switch, models.CASCADE, related_name="gateway_changes")
    name = models.CharField(max_length=64)
    is_up = models.BooleanField()
    state = models.CharField(max_length=32, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("-at", "-id"), name="gateway_change_newest"),)

    def __str__(self) -> str:
        return f"{self.name} on {self.switch} {'came up' if self.is_up else 'went down'}"
