"""The FreeSWITCH servers that report to us, and the gateways they send calls through."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from telephony.models.directory import Domain
from telephony.models.numbers import Provider


class Switch(models.Model):
    """A FreeSWITCH server, known by its `switchname`."""

    name = models.CharField(max_length=255, unique=True, help_text="The server's `switchname`.")
    core_uuid = models.CharField(max_length=64, blank=True, default="", help_text="Changes whenever the server restarts.")
    last_cdr_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "switches"
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="switch_name_never_blank"),)

    def __str__(self) -> str:
        return self.name


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
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("domain__name", "priority", "name")
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="gateway_name_never_blank"),)

    def __str__(self) -> str:
        return self.name
