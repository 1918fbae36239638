"""Cell phones: from which a person dials in to a call link."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from telephony.fields import E164Field, format_number


class CellPhone(models.Model):
    """A person's registered cell phone; it is theirs, whatever number and extension they hold."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="cell_phone")
    number = E164Field(help_text="From here its owner dials in to call links.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("user__name", "pk")
        constraints = (models.CheckConstraint(condition=Q(number__regex=r"^[1-9][0-9]{6,14}$"), name="cell_phone_is_e164"),)

    def __str__(self) -> str:
        return format_number(self.number)
