"""What a second factor is kept as: the key of an app, encrypted, and the digests of its recovery codes."""

from django.conf import settings
from django.db import models
from django_otp.models import Device, ThrottlingMixin


class SecondFactor(ThrottlingMixin, Device):
    """The authenticator app of a person who signs in by password; its key is kept encrypted.

    Wrong codes are slowed down by the mixin: after the first a second, then two, four, eight.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="second_factor")
    name = models.CharField(max_length=64, default="Authenticator app", editable=False)
    # False while the person has not shown that the app knows the key.
    confirmed = models.BooleanField(default=False)
    encrypted_key = models.BinaryField(editable=False)
    # The time step of the last code that was taken: none is taken twice, none that is older.
    last_step = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"second factor of {self.user}"

    def get_throttle_factor(self) -> int:
        """Return the seconds to wait after the first wrong code; each further one doubles them."""
        return 1


class RecoveryCode(models.Model):
    """A code that stands in once for the authenticator app; only its peppered digest is kept."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("factor", "digest"), name="recovery_code_once"),)

    def __str__(self) -> str:
        return f"recovery code of {self.factor.user}"
