"""The companies from which we have numbers: made, renamed, and deleted while nothing is theirs."""

from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import Count, QuerySet

from accounts.models import User
from telephony.models import Call, Gateway, Number, Provider
from telephony.services import keeping
from telephony.services.keeping import InUseError


class Uses(NamedTuple):
    """What is a provider's: how many numbers and gateways, and whether calls name it."""

    numbers: int
    gateways: int
    has_calls: bool

    @property
    def sentence(self) -> str:
        """Why it cannot be deleted, "" where it can."""
        found = [_counted(self.numbers, "number"), _counted(self.gateways, "gateway"), "calls" if self.has_calls else ""]
        named = " and ".join(each for each in found if each)
        return f"It has {named}: it cannot be deleted." if named else ""


def listed() -> QuerySet[Provider]:
    """Return the providers with what a list shows of them: `number_count`, `gateway_count`."""
    return Provider.objects.annotate(number_count=_counting(Number), gateway_count=_counting(Gateway))


def _counting(kind: type[models.Model]) -> Any:
    mine = kind._default_manager.order_by().filter(provider=models.OuterRef("pk")).values("provider")
    counted = models.Subquery(mine.annotate(n=Count("*")).values("n"), output_field=models.IntegerField())
    return models.functions.Coalesce(counted, 0)


def uses_of(provider: Provider) -> Uses:
    """Return what hangs on a provider."""
    calls = Call.objects.filter(provider=provider).order_by()
    return Uses(provider.numbers.count(), provider.gateways.count(), calls.exists())


def create_provider(name: str, *, actor: User | None) -> Provider:
    """Make a provider. Raises ValidationError."""
    return keeping.create(Provider, {"name": name}, actor=actor)


def rename_provider(provider: Provider, name: str, *, actor: User | None) -> Provider:
    """Give a provider another name. Raises ValidationError, GoneError."""
    return keeping.change(provider, {"name": name}, actor=actor)


@transaction.atomic
def delete_provider(provider: Provider, *, actor: User | None) -> None:
    """Delete a provider of which nothing is. Raises InUseError, GoneError."""
    if why := uses_of(keeping.held(provider)).sentence:
        raise InUseError(why)
    keeping.delete(provider, shown=("name",), actor=actor)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
