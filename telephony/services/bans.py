"""Networks that are not listened to: who is banned, from when to when, and how the switches learn of it.

The directory refuses whoever is banned, at every try and in every worker, from the commit on. The access list of the
switches follows: it is loaded anew after every change, and again by the listener wherever it is not what it should be.
"""

import ipaddress
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import BannedAddress
from telephony.models.bans import Network, network_of
from telephony.services.sip_configuration import carriers
from telephony.services.switchboard import addresses, reach
from telephony.switch.access_commands import ReloadAcl
from telephony.switch.configuration import MOST_BANNED
from telephony.switch.errors import CommandRefusedError, SwitchError
from telephony.switch.esl import EventSocket, SwitchAddress

logger = logging.getLogger("portal.bans")

RELOAD_SECONDS: Final = 3.0
THE_PORTAL: Final = "portal"
# A year; for longer somebody has to mean for ever.
MOST_MINUTES: Final = 525_600


class NotBannableError(Exception):
    """The network may not be banned; the message says why."""


class Reload(NamedTuple):
    """Whether a switch has loaded the list; `problem` is "" where it has."""

    switch: str
    problem: str


def is_banned(address: str) -> bool:
    """Tell whether nobody is listened to from an address at this moment; one query."""
    return bool(address) and BannedAddress.objects.in_force(timezone.now()).covering(address).exists()


def banned_networks() -> list[str]:
    """Return the networks that are banned at this moment, as many as the switch's list takes, in the order of their text."""
    newest = BannedAddress.objects.in_force(timezone.now()).order_by("-since", "-id")
    return sorted(newest.values_list("network", flat=True)[:MOST_BANNED])


def never_banned() -> Iterator[tuple[Network, str]]:
    """Yield the networks that cannot be banned, each with what it is."""
    for name in ("BAN_NEVER_CIDRS", "TRUSTED_PROXIES", "FREESWITCH_ALLOWED_CIDRS"):
        yield from ((network, f"it is named in {name}") for network in getattr(settings, name))
    yield from ((ipaddress.ip_network(network), "a carrier sends calls from there") for network in carriers())


def why_not(network: Network) -> str:
    """Return why a network may not be banned, "" where it may."""
    for spared, reason in never_banned():
        if spared.version == network.version and spared.overlaps(network):
            return f"{network} cannot be banned: {reason}."
    return ""


def ban(
    text: str, *, until: datetime | None, reason: str, actor: User | None = None, failures: int = 0, last_user: str = ""
) -> BannedAddress:
    """Ban an address or a network, until a time or until somebody lifts it; one that is banned already gets the new time.

    Raises NotBannableError, ValueError where the text is no network.
    """
    network = network_of(text)
    refusal = why_not(network)
    if refusal:
        raise NotBannableError(refusal)
    values: dict[str, Any] = {
        "until": until,
        "reason": reason,
        "banned_by": actor,
        "failures": failures,
        "last_user": last_user,
    }
    with transaction.atomic():
        banned = _stored(str(network), values)
        after = {"network": str(network), "until": until.isoformat() if until else "", "reason": reason, "failures": failures}
        AuditEntry.objects.record("ban.added", banned, actor=actor, actor_label="" if actor else THE_PORTAL, after=after)
    logger.warning("an address was banned", extra={"network": str(network), "failures": failures})
    return banned


def _stored(network: str, values: dict[str, Any]) -> BannedAddress:
    try:
        with transaction.atomic():
            return BannedAddress.objects.create(network=network, **values)
    except IntegrityError:
        BannedAddress.objects.filter(network=network).update(**values, since=timezone.now())
        return BannedAddress.objects.get(network=network)


def lift(banned: BannedAddress, *, actor: User | None = None) -> bool:
    """Listen to a network again; tell whether it was banned."""
    with transaction.atomic():
        lifted, _ = BannedAddress.objects.filter(pk=banned.pk).delete()
        if lifted:
            before = {"network": banned.network, "until": banned.until.isoformat() if banned.until else ""}
            AuditEntry.objects.record("ban.lifted", banned, actor=actor, before=before)
    return bool(lifted)


def forget_expired(at_once: int) -> int:
    """Delete some bans whose time is over; return how many."""
    over = list(BannedAddress.objects.over(timezone.now()).values_list("pk", flat=True)[:at_once])
    return BannedAddress.objects.filter(pk__in=over).delete()[0] if over else 0


def lasting(minutes: int | None) -> datetime | None:
    """Return until when a ban of so many minutes lasts; None, which is for ever, for None."""
    return timezone.now() + timedelta(minutes=minutes) if minutes is not None else None


# -- the access list of the switches ---------------------------------------------------------------------------------------


def publish() -> list[Reload]:
    """Let every switch load its access list anew; what one of them missed it is told by the listener."""
    return [Reload(str(address), _reload_problem(address)) for address in addresses()]


def _reload_problem(address: SwitchAddress) -> str:
    try:
        with reach(address) as socket:
            socket.api(ReloadAcl(), RELOAD_SECONDS)
    except SwitchError as error:
        logger.warning("a switch has not loaded its access list: %s", error, extra={"switch": str(address)})
        return str(error)
    return ""


class Follower:
    """Keeps the list of one switch as it should be, over a connection that somebody else holds."""

    def __init__(self) -> None:
        self._loaded: frozenset[str] | None = None

    def follow(self, socket: EventSocket) -> bool:
        """Let the switch load its list where it has another one, or where that is not known; tell whether it did.

        Raises SwitchError where the connection is of no more use.
        """
        wanted = frozenset(banned_networks())
        if wanted == self._loaded:
            return False
        self._loaded = wanted
        try:
            socket.api(ReloadAcl(), RELOAD_SECONDS)
        except CommandRefusedError as refused:
            logger.warning("a switch will not load its access list: %s", refused)
        return True
