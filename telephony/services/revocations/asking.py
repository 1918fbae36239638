"""Ask every switch to let go of an extension: written down with what takes the right away, told once that is committed."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from telephony.models import Assignment, Domain, Extension, Revocation, RevocationErrand, RevocationReason
from telephony.services.revocations.errands import run_at_once
from telephony.services.switchboard import addresses


def revoke(extension: Extension, reason: RevocationReason, *, actor: User | None = None) -> Revocation:
    """Let every switch forget the phones of an extension and end its calls, as soon as the transaction is committed.

    The request that commits tells the switches, within a few seconds for all of them; what a switch could not be told then
    it is told later, by `errands.repeat`.
    """
    (revocation,) = revoke_all([extension], reason, actor=actor)
    return revocation


def revoke_all(extensions: Iterable[Extension], reason: RevocationReason, *, actor: User | None = None) -> list[Revocation]:
    """Do the same for several extensions, in one conversation with each switch."""
    places = [str(address) for address in addresses()]
    with transaction.atomic():
        revocations = [
            Revocation.objects.create(extension=extension, reason=reason, requested_by=actor) for extension in extensions
        ]
        RevocationErrand.objects.bulk_create(
            RevocationErrand(revocation=revocation, event_socket=place) for revocation in revocations for place in places
        )
        if revocations and places:
            ids = [revocation.pk for revocation in revocations]

            def tell_the_switches() -> None:
                run_at_once(ids)

            # What fails there is repeated: what has been committed is done, whatever becomes of that.
            transaction.on_commit(tell_the_switches, robust=True)
    return revocations


def revoke_holder(user: User, *, actor: User | None = None) -> list[Revocation]:
    """Do it for all that a person holds who was deactivated."""
    return revoke_all(_held(Assignment.objects.open().filter(user=user)), RevocationReason.HOLDER_DEACTIVATED, actor=actor)


def revoke_domain(domain: Domain, *, actor: User | None = None) -> list[Revocation]:
    """Do it for all that somebody holds in a domain that was taken out of use."""
    held = Assignment.objects.open().filter(extension__domain=domain)
    return revoke_all(_held(held), RevocationReason.DOMAIN_DEACTIVATED, actor=actor)


def _held(assignments: QuerySet[Assignment]) -> list[Extension]:
    return [each.extension for each in assignments.select_related("extension__domain").order_by("extension_id")]
