"""Who can register at the switch: SIP domains and their extensions."""

from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

from django.apps import apps
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.db.models.functions import Cast
from django.utils import timezone

from telephony.fields import E164Field
from telephony.models.call_limits import CallLimited, limits_constraint
from telephony.models.holding import Holdable, HoldableQuerySet, HoldingState, holding_constraints
from telephony.models.recording_policies import NOTICE_HELP, OWN_VALUES, RecordingPolicy, RecordingRuled, policy_constraint

if TYPE_CHECKING:
    from telephony.models.live import Registration
    from telephony.models.numbers import Assignment


# What an extension's number is, and what to say of one that is not.
EXTENSION_NUMBER: Final = (r"\A[1-9][0-9]{1,6}\Z", "Give 2 to 7 digits, the first not 0.")
# How one is named where it is chosen: by its number, or as number@domain.
NAMED_EXTENSION: Final = r"\A[1-9][0-9]{1,6}(@[a-z0-9.-]{1,253})?\Z"


class Domain(models.Model):
    """A SIP directory domain."""

    name = models.CharField(
        max_length=253,
        unique=True,
        validators=[RegexValidator(r"\A[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z", "Give a host name in lower case.")],
    )
    is_active = models.BooleanField(default=True)
    recording = models.CharField(
        "recorded",
        max_length=8,
        choices=RecordingPolicy,
        default=RecordingPolicy.ALL,
        help_text="Where FREESWITCH_RECORDINGS_DIR is set. Extensions and numbers may say otherwise for themselves.",
    )
    recording_notice = models.BooleanField("notice before a recording", default=False, help_text=NOTICE_HELP)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="domain_name_never_blank"),
            policy_constraint("domain", RecordingPolicy.values),
        )

    # Counted where domains are listed.
    assigned_count: int

    def __str__(self) -> str:
        return self.name


class ExtensionQuerySet(HoldableQuerySet["Extension"]):
    """Sets of extensions."""

    def numbered(self, first: int, last: int) -> Self:
        """Return those with a number from `first` to `last`."""
        # As numbers: by their text 200 lies between 1000 and 9999, and the text's index would be searched for all of them.
        return self.alias(value=Cast("number", models.IntegerField())).filter(value__range=(first, last))

    def gaps(self, last: int) -> "models.QuerySet[Extension, str]":
        """Return the numbers, up to `last`, that follow one of these and do not exist in its domain, the lowest first."""
        following = Cast(Cast("number", models.IntegerField()) + 1, models.CharField(max_length=7))
        next_one = self.model.objects.filter(domain=OuterRef("domain"), number=OuterRef("following"))
        ends = self.exclude(number=str(last)).annotate(following=following).filter(~Exists(next_one))
        return ends.order_by("number").values_list("following", flat=True)

    def for_listing(self) -> Self:
        """Load all that a list shows of them: their domains, by which open assignment somebody holds them, their phones."""
        # Of other modules of this package, which import this one.
        held = apps.get_model("telephony", "Assignment").objects.open().select_related("user", "number")
        phones = apps.get_model("telephony", "Registration").objects.current(timezone.now()).select_related("switch")
        return self.select_related("domain").prefetch_related(
            Prefetch("assignments", queryset=held, to_attr="open_assignments"),
            Prefetch("registrations", queryset=phones.order_by("-since", "-pk"), to_attr="phones"),
        )

    def named(self, text: str) -> "Extension | None":
        """Return the extension `number@domain`, or the only one of this number; None where there is none, or several."""
        number, _, domain = text.partition("@")
        if domain:
            return self.at(number, domain)
        found = list(self.filter(number=number).select_related("domain")[:2])
        return found[0] if len(found) == 1 else None

    def registered(self, at: datetime, *, is_so: bool) -> Self:
        """Return those at which a phone is registered at this moment, or none is."""
        phones = apps.get_model("telephony", "Registration").objects.current(at).filter(extension=OuterRef("pk"))
        return self.filter(Exists(phones) if is_so else ~Exists(phones))

    def at(self, number: str, domain: str) -> "Extension | None":
        """Return the extension `number@domain`, None where there is none."""
        return self.filter(number=number, domain__name=domain.lower()).first()


class Extension(Holdable, RecordingRuled, CallLimited):
    """A short number inside a domain, at which phones register; its password is kept as an encrypted HA1 only."""

    domain = models.ForeignKey(Domain, models.PROTECT, related_name="extensions")
    number = models.CharField(max_length=7, validators=[RegexValidator(*EXTENSION_NUMBER)])
    display_name = models.CharField(max_length=100, blank=True, default="")
    encrypted_ha1 = models.BinaryField(null=True, blank=True, editable=False)
    forward_to = E164Field(blank=True, default="", help_text="Rung when the extension does not answer.")

    objects = ExtensionQuerySet.as_manager()

    # Filled by `for_listing`.
    open_assignments: "list[Assignment]"
    phones: "list[Registration]"

    class Meta:
        ordering = ("domain__name", "number")
        constraints = (
            models.UniqueConstraint(fields=("domain", "number"), name="extension_once_per_domain"),
            *holding_constraints("extension"),
            policy_constraint("extension", OWN_VALUES),
            limits_constraint("extension"),
        )
        indexes = (
            models.Index(fields=("domain", "state", "number"), name="extension_by_state"),
            models.Index(fields=("domain", "state", "cooling_until", "number"), name="extension_by_rest"),
            models.Index(fields=("number", "id"), name="extension_by_number"),
        )

    def __str__(self) -> str:
        return f"{self.number}@{self.domain.name}"

    @property
    def held_by(self) -> "Assignment | None":
        """The open assignment by which somebody holds it; of one that `for_listing` has loaded."""
        return next(iter(self.open_assignments), None)

    @property
    def is_closed(self) -> bool:
        """Whether nobody may use it, whoever holds it."""
        return self.state == HoldingState.DISABLED

    @property
    def is_assignable(self) -> bool:
        """Whether it may be given to somebody at this moment."""
        is_rested = self.cooling_until is not None and self.cooling_until <= timezone.now()
        return self.state == HoldingState.FREE or (self.state == HoldingState.COOLING and is_rested)

    @property
    def state_label(self) -> str:
        """Its state in a person's words."""
        return "closed" if self.is_closed else str(HoldingState(self.state).label).lower()
