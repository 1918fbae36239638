"""Networks that failed to prove themselves too often, and those that are therefore not listened to."""

import ipaddress
from datetime import datetime
from typing import Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

# Whoever has one IPv6 address has all of its /64.
BITS_OF_ONE_PARTY: Final = {4: 32, 6: 64}
# What can be banned at most: wider is a country, not an attacker.
FEWEST_BITS: Final = {4: 16, 6: 32}
LONGEST_NETWORK: Final = 43

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(text: str) -> Network:
    """Return the network that a text names; an address is the network of its party. Raises ValueError."""
    network = ipaddress.ip_network(text.strip(), strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:
        network = ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}", strict=False)
    if "/" not in text:
        network = network.supernet(new_prefix=BITS_OF_ONE_PARTY[network.version])
    return network


def validate_network(text: str) -> None:
    """Raise ValidationError where it is no network as it is stored, or too wide a one."""
    try:
        network = network_of(text)
    except ValueError:
        raise ValidationError("Give an IP address, or a network such as 203.0.113.0/24.") from None
    if network.prefixlen < FEWEST_BITS[network.version]:
        raise ValidationError(f"A network has at least {FEWEST_BITS[network.version]} bits in common.")


def shown(network: str) -> str:
    """Return a stored network as people write it: a single IPv4 address without its /32."""
    return network.removesuffix("/32") if ":" not in network else network


class BannedAddressQuerySet(models.QuerySet["BannedAddress"]):
    """Sets of bans."""

    def in_force(self, at: datetime) -> Self:
        """Return those that hold at this moment."""
        return self.filter(Q(until=None) | Q(until__gt=at))

    def over(self, at: datetime) -> Self:
        """Return those whose time is over."""
        return self.filter(until__lte=at)

    def covering(self, address: str) -> Self:
        """Return those of networks that an address is in; none where it is no address. One step into an index a width."""
        try:
            party = ipaddress.ip_network(address.strip().partition("%")[0])
        except ValueError:
            return self.none()
        mapped = getattr(party.network_address, "ipv4_mapped", None)
        if mapped is not None:
            party = ipaddress.ip_network(mapped)
        widths = range(FEWEST_BITS[party.version], party.max_prefixlen + 1)
        return self.filter(network__in=[str(party.supernet(new_prefix=bits)) for bits in widths])


class BannedAddress(models.Model):
    """A network that may not register nor call, whatever it proves, until a time or until somebody lifts it."""

    network = models.CharField(max_length=LONGEST_NETWORK, unique=True, validators=[validate_network])
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="How often it had failed to prove itself when it was banned.")
    last_user = models.CharField(max_length=64, blank=True, default="", help_text="Whom it claimed to be, or called, at last.")
    reason = models.CharField(max_length=200, blank=True, default="")
    banned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="Empty where the portal did."
    )

    objects = BannedAddressQuerySet.as_manager()

    class Meta:
        ordering = ("-since", "-id")
        constraints = (models.CheckConstraint(condition=~Q(network=""), name="ban_network_never_blank"),)
        indexes = (
            models.Index(fields=("-since", "-id"), name="ban_newest"),
            models.Index(fields=("until",), name="ban_by_end"),
        )

    def __str__(self) -> str:
        return shown(self.network)

    @property
    def address(self) -> str:
        """The network as people write it."""
        return shown(self.network)


class FailedRegistrationQuerySet(models.QuerySet["FailedRegistration"]):
    """Sets of counts."""

    def since(self, at: datetime) -> Self:
        """Return those of networks that have failed since then."""
        return self.filter(last_at__gte=at)


class FailedRegistration(models.Model):
    """How often a network has failed to prove itself: in all, and in the span of time that began at `span_began_at`."""

    network = models.CharField(max_length=LONGEST_NETWORK, unique=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    span_began_at = models.DateTimeField()
    in_span = models.PositiveIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    last_user = models.CharField(max_length=64, blank=True, default="")
    last_agent = models.CharField(max_length=100, blank=True, default="")

    objects = FailedRegistrationQuerySet.as_manager()

    class Meta:
        ordering = ("-last_at", "-id")
        indexes = (models.Index(fields=("-last_at", "-id"), name="failed_latest"),)

    def __str__(self) -> str:
        return shown(self.network)

    @property
    def address(self) -> str:
        """The network as people write it."""
        return shown(self.network)
