"""Which talks are recorded: said by a domain, and for one of its extensions or for one of our numbers otherwise."""

from collections.abc import Iterable
from typing import Final

from django.db import models
from django.db.models import Q


class RecordingPolicy(models.TextChoices):
    """Which talks are recorded, seen from whoever the policy is of."""

    OFF = "off", "none"
    INBOUND = "inbound", "calls that come in"
    OUTBOUND = "outbound", "calls that go out"
    ALL = "all", "all calls"

    def wants(self, direction: str) -> bool:
        """Tell whether a talk of this direction, `inbound` or `outbound`, is to be recorded."""
        return self in (self.ALL, direction)


# What an extension or a number has that leaves it to the domain.
AS_THE_DOMAIN: Final = "domain"
OWN_CHOICES: Final[tuple[tuple[str, str], ...]] = ((AS_THE_DOMAIN, "as the domain says"), *RecordingPolicy.choices)
OWN_VALUES: Final = tuple(value for value, _ in OWN_CHOICES)
NOTICE_HELP: Final = "Both parties hear a tone before a talk that is recorded."


class RecordingRuled(models.Model):
    """Something of a domain that can have a policy of its own."""

    recording = models.CharField("recorded", max_length=8, choices=OWN_CHOICES, default=AS_THE_DOMAIN)
    recording_notice = models.BooleanField(
        "notice before a recording", default=False, help_text=f"{NOTICE_HELP} Also where only the domain asks for it."
    )

    class Meta:
        abstract = True

    @property
    def recording_policy(self) -> RecordingPolicy | None:
        """Its own policy; None where it leaves it to the domain."""
        return None if self.recording == AS_THE_DOMAIN else RecordingPolicy(self.recording)


def policy_constraint(prefix: str, values: Iterable[str]) -> models.CheckConstraint:
    """Return the database's own check of a policy."""
    return models.CheckConstraint(condition=Q(recording__in=list(values)), name=f"{prefix}_recording_known")
