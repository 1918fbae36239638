"""Whether the gateways are up: how they are, and when that changed."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from telephony.models import Gateway, GatewayChange, GatewayStatus, Switch
from telephony.switch.live_facts import GatewayFacts

logger = logging.getLogger("portal.listener")

CHANGES_KEPT: Final = timedelta(days=90)


@transaction.atomic
def take(switch: Switch, facts: GatewayFacts, at: datetime) -> None:
    """Write down how a gateway is, and, where it came up or went down, that it did."""
    known = GatewayStatus.objects.filter(switch=switch, name=facts.name).first()
    if known is None:
        gateway = Gateway.objects.filter(name=facts.name).first()
        known = GatewayStatus(switch=switch, name=facts.name, gateway=gateway, is_up=facts.is_up, since=at)
        if not facts.is_up:
            _note_change(switch, facts, at)
    elif known.is_up != facts.is_up:
        known.is_up, known.since = facts.is_up, at
        _note_change(switch, facts, at)
    elif known.state == facts.state:
        return
    known.state = facts.state
    known.save()


@transaction.atomic
def replace(switch: Switch, gateways: Iterable[GatewayFacts], at: datetime) -> None:
    """Bring the gateways of a switch up to its own list."""
    listed = {facts.name: facts for facts in gateways if len(facts.name) <= 64}
    GatewayStatus.objects.filter(switch=switch).exclude(name__in=listed).delete()
    for facts in listed.values():
        take(switch, facts, at)


def _note_change(switch: Switch, facts: GatewayFacts, at: datetime) -> None:
    GatewayChange.objects.create(switch=switch, name=facts.name, is_up=facts.is_up, state=facts.state, at=at)
    level = logging.INFO if facts.is_up else logging.WARNING
    logger.log(level, "a gateway came up" if facts.is_up else "a gateway went down", extra={"gateway": facts.name})


def sweep_changes(before: datetime, at_once: int) -> int:
    """Delete some changes that are long past; return how many."""
    some = list(GatewayChange.objects.filter(at__lt=before).values_list("pk", flat=True)[:at_once])
    return GatewayChange.objects.filter(pk__in=some).delete()[0] if some else 0
