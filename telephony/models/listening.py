"""How each switch listens, where that is not what the settings say for all of them."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from telephony.models.switches import Switch
from telephony.switch.configuration import FOLDER_PATTERN, Listening, Srtp

_PORTS = [MinValueValidator(1), MaxValueValidator(65535)]


class SwitchListening(models.Model):
    """What `manage.py switchconfig` wrote down of a switch, so that the portal's answers are the same as its files."""

    class Encryption(models.TextChoices):
        """Whether voice between the switch and phones is encrypted."""

        OFF = "off", "never"
        OPTIONAL = "optional", "where the phone can"
        MANDATORY = "mandatory", "always"

    switch = models.OneToOneField(Switch, models.CASCADE, related_name="listening")
    address = models.GenericIPAddressField(null=True, blank=True, help_text="Left blank, the switch finds it out.")
    public_address = models.GenericIPAddressField(null=True, blank=True, help_text="What it calls itself behind a NAT.")
    internal_port = models.PositiveIntegerField(default=5060, validators=_PORTS, help_text="For phones.")
    external_port = models.PositiveIntegerField(default=5080, validators=_PORTS, help_text="For carriers.")
    tls_folder = models.CharField(
        max_length=255,
        blank=True,
        default="",
        validators=[RegexValidator(rf"\A(?:{FOLDER_PATTERN})?\Z", "Give an absolute path.")],
        help_text="The folder on the switch with its certificate; left blank, it takes no TLS.",
    )
    srtp = models.CharField(max_length=9, choices=Encryption, default=Encryption.OFF)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "way a switch listens"
        verbose_name_plural = "ways switches listen"
        constraints = (
            models.CheckConstraint(
                condition=Q(internal_port__range=(1, 65535), external_port__range=(1, 65535))
                & ~Q(internal_port=models.F("external_port")),
                name="switch_listening_ports_apart",
            ),
        )

    def __str__(self) -> str:
        return str(self.switch)

    def as_listening(self) -> Listening:
        """Return it as the documents take it."""
        return Listening(
            address=self.address or "",
            public_address=self.public_address or "",
            internal_port=self.internal_port,
            external_port=self.external_port,
            tls_folder=self.tls_folder,
            srtp=Srtp(self.srtp),
        )
