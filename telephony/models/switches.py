"""The FreeSWITCH servers that report to us, and the gateways they send calls through."""

import ipaddress
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from telephony.models.directory import Domain
from telephony.models.numbers import Provider
from telephony.switch.configuration import PROXY_PATTERN, USERNAME_PATTERN

LEAST_PING_SECONDS: Final = 5
MOST_PING_SECONDS: Final = 3600


def networks_of(text: str) -> list[str]:
    """Return the networks of a comma-separated list of addresses and networks, as CIDR. Raises ValueError."""
    return [str(ipaddress.ip_network(part.strip())) for part in text.split(",") if part.strip()]


def validate_networks(text: str) -> None:
    """Raise ValidationError where one of them is none, or is everybody's."""
    try:
        networks = networks_of(text)
    except ValueError as error:
        raise ValidationError(f"Give addresses and networks, as in 192.0.2.0/24: {error}.") from None
    if any(ipaddress.ip_network(network).prefixlen < 8 for network in networks):
        raise ValidationError("A carrier's network has at least 8 bits in common: anybody could call otherwise.")


def validate_ping(seconds: int) -> None:
    """Raise ValidationError where the switch would not ask so often. Source: sofia.c."""
    if seconds and not LEAST_PING_SECONDS <= seconds <= MOST_PING_SECONDS:
        raise ValidationError(f"Give from {LEAST_PING_SECONDS} to {MOST_PING_SECONDS} seconds, or 0 for never.")


class Switch(models.Model):
    """A FreeSWITCH server, known by its `switchname`."""

    name = models.CharField(max_length=255, unique=True, help_text="The server's `switchname`.")
    core_uuid = models.CharField(max_length=64, blank=True, default="", help_text="Changes whenever the server restarts.")
    last_cdr_at = models.DateTimeField(null=True, blank=True)
    event_socket = models.CharField(
        max_length=262, blank=True, default="", help_text="Host and port of its event socket, as the portal reaches it."
    )
    is_up = models.BooleanField(default=False, help_text="Whether the listener was connected to it when it last wrote this.")
    last_heard_at = models.DateTimeField(null=True, blank=True, help_text="When it last said something on its event socket.")
    listened_at = models.DateTimeField(
        null=True, blank=True, help_text="When the listener last followed it, or tried to; empty once it was stopped."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=64, blank=True, default="")
    sessions = models.PositiveIntegerField(default=0, help_text="How many legs it had when it was last heard.")
    max_sessions = models.PositiveIntegerField(default=0, help_text="How many legs it takes; 0 where it has not said.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "switches"
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="switch_name_never_blank"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_away(self) -> bool:
        """Whether the listener has lost it: it was heard once, and is not connected."""
        return self.last_heard_at is not None and not self.is_up


class Gateway(models.Model):
    """An upstream trunk of a domain; of several active ones the lowest `priority` is tried first."""

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", "Use letters, digits, '.', '_' and '-'.")],
    )
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="gateways")
    provider = models.ForeignKey(Provider, models.PROTECT, null=True, blank=True, related_name="gateways")
    priority = models.PositiveSmallIntegerField(default=100)
    proxy = models.CharField(
        max_length=255,
        blank=True,
        default="",
        validators=[RegexValidator(rf"\A{PROXY_PATTERN}\Z", "Give a host, as in sip.example.net:5060;transport=udp.")],
        help_text="The carrier's host, with a port and ;transport=tcp or tls where need be. Without it, the name is the host.",
    )
    username = models.CharField(
        max_length=64,
        blank=True,
        default="",
        validators=[RegexValidator(rf"\A{USERNAME_PATTERN}\Z", "Use letters, digits and . _ + @ -")],
        help_text="What the switch proves itself with to the carrier.",
    )
    encrypted_password = models.BinaryField(null=True, blank=True, editable=False)
    register = models.BooleanField(default=False, help_text="Whether the carrier wants the switch to register.")
    ping_seconds = models.PositiveSmallIntegerField(
        default=0,
        validators=[validate_ping],
        help_text="How often the switch asks by OPTIONS whether the carrier is there; calls then pass over one that is not. "
        "0 never, which is right where the carrier does not answer OPTIONS: then only a registration tells.",
    )
    networks = models.CharField(
        max_length=500,
        blank=True,
        default="",
        validators=[validate_networks],
        help_text="Addresses and networks from which the carrier sends calls, with commas between; others are refused.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    @property
    def calls_from(self) -> list[str]:
        """The networks from which the carrier sends calls; its host, where that is an address, is one."""
        host = self.proxy.partition(";")[0].partition(":")[0]
        try:
            own = networks_of(host)
        except ValueError:
            own = []
        return [*own, *networks_of(self.networks)]

    class Meta:
        ordering = ("domain__name", "priority", "name")
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="gateway_name_never_blank"),)

    def __str__(self) -> str:
        return self.name
