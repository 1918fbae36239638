"""SIP domains: made, changed, taken out of use and deleted; the phones of one that is out of use are thrown out."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from telephony.models import Call, Domain, Extension, Gateway, Revocation
from telephony.models.holding import HoldingState
from telephony.services import keeping
from telephony.services.keeping import InUseError
from telephony.services.revocations.asking import revoke_domain

SHOWN: Final = ("name", "is_active", "recording", "recording_notice")
NAME_IS_FIXED: Final = "It has extensions, whose passwords are bound to its name: that cannot be changed any more."


def listed() -> QuerySet[Domain]:
    """Return the domains with what is shown of them: how many extensions are in each state, and how many gateways it has."""
    counts = {f"{state}_count": Count("extensions", filter=Q(extensions__state=state)) for state in HoldingState.values}
    mine = Gateway.objects.order_by().filter(domain=models.OuterRef("pk")).values("domain")
    gateways = models.Subquery(mine.annotate(n=Count("*")).values("n"), output_field=models.IntegerField())
    return Domain.objects.annotate(
        extension_count=Count("extensions"), **counts, gateway_count=models.functions.Coalesce(gateways, 0)
    )


def create_domain(values: Mapping[str, Any], *, actor: User | None) -> Domain:
    """Make a domain. Raises ValidationError."""
    return keeping.create(Domain, values, actor=actor)


@transaction.atomic
def change_domain(domain: Domain, values: Mapping[str, Any], *, actor: User | None) -> tuple[Domain, list[Revocation]]:
    """Change a domain; return it, and what was taken from its extensions where it was taken out of use.

    Raises ValidationError, GoneError.
    """
    kept = keeping.held(domain)
    if values.get("name", kept.name) != kept.name and has_extensions(kept):
        raise ValidationError({"name": NAME_IS_FIXED})
    was_active = kept.is_active
    kept = keeping.change(kept, values, actor=actor)
    taken = revoke_domain(kept, actor=actor) if was_active and not kept.is_active else []
    return kept, taken


def has_extensions(domain: Domain) -> bool:
    """Tell whether a domain's name is fixed."""
    return Extension.objects.filter(domain=domain).exists()


def why_kept(domain: Domain) -> str:
    """Return why a domain cannot be deleted, "" where it can."""
    if domain.name == settings.SIP_DOMAIN:
        return f"{domain} is the portal's own, which SIP_DOMAIN names: it cannot be deleted."
    found = {
        "extensions": has_extensions(domain),
        "gateways": Gateway.objects.filter(domain=domain).exists(),
        "calls": Call.objects.filter(domain=domain).order_by().exists(),
    }
    hanging = " and ".join(name for name, exists in found.items() if exists)
    return f"{domain} has {hanging}: it cannot be deleted. Take it out of use instead." if hanging else ""


@transaction.atomic
def delete_domain(domain: Domain, *, actor: User | None) -> None:
    """Delete a domain on which nothing hangs. Raises InUseError, GoneError."""
    if why := why_kept(keeping.held(domain)):
        raise InUseError(why)
    keeping.delete(domain, shown=SHOWN, actor=actor)
