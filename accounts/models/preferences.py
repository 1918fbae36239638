"""How a person likes the console: saved filters, chosen columns."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from accounts.models.people import User


class PreferenceQuerySet(models.QuerySet["Preference"]):
    """Sets of preferences."""

    def of(self, user: User) -> Self:
        """Return this person's."""
        return self.filter(user=user)

    def chosen_by(self, user: User) -> dict[str, Any]:
        """Return all that a person chose, by name."""
        return dict(self.of(user).values_list("name", "value"))

    def choose(self, user: User, name: str, value: Any) -> None:
        """Keep what a person chose."""
        self.update_or_create(user=user, name=name, defaults={"value": value})


class Preference(models.Model):
    """One choice of a person, by the name of what it is for, such as `calls.columns`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preferences")
    name = models.CharField(max_length=64)
    value = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "name"), name="preference_once_per_person"),)

    def __str__(self) -> str:
        return self.name
