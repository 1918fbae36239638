"""Calls, phones and gateways of a moment, as the listener keeps them, for the tests of page and API."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Gateway, GatewayStatus, LiveCall, LiveChannel, Registration, Switch
from telephony.switch.esl import SwitchAddress

PORT = 65_000


def listened_to(settings: Any, *names: str, **fields: Any) -> list[Switch]:
    """Return switches that the settings lead to, and that are heard; nobody is there."""
    now = timezone.now()
    settings.FREESWITCH_ESL_ALL = tuple(
        SwitchAddress("127.0.0.1", PORT + place, "canary-password") for place in range(len(names))
    )
    settings.FREESWITCH_ESL = settings.FREESWITCH_ESL_ALL[0]
    values = {"is_up": True, "last_heard_at": now, "listened_at": now, "sessions": 2, "max_sessions": 1000} | fields
    return [
        Switch.objects.update_or_create(name=name, defaults={"event_socket": str(address)} | values)[0]
        for name, address in zip(names, settings.FREESWITCH_ESL_ALL, strict=True)
    ]


def talk(switch: Switch, caller: Assignment | None, callee: Assignment | None, **fields: Any) -> LiveCall:
    """Return a call that goes on between two extensions, or with somebody outside."""
    began = timezone.now() - timedelta(seconds=65)
    values = {
        "call_uuid": str(uuid4()), "state": "answered", "started_at": began, "answered_at": began, "local": bool(caller and callee),
        "direction": "outbound" if caller else "inbound", "domain_name": "pbx.example.com",
        "caller_number": caller.extension.number if caller else "12025550123",
        "callee_number": callee.extension.number if callee else "12403019517",
        "caller_extension": caller.extension if caller else None, "caller_user": caller.user if caller else None,
        "callee_extension": callee.extension if callee else None, "callee_user": callee.user if callee else None,
    }  # fmt: skip
    call = LiveCall.objects.create(switch=switch, **values | fields)
    for uuid in (call.call_uuid, str(uuid4())):
        LiveChannel.objects.create(switch=switch, call=call, uuid=uuid, started_at=began)
    return call


def register(switch: Switch, held: Assignment | None, contact: str = "a", **fields: Any) -> Registration:
    """Return a phone at an extension."""
    now = timezone.now()
    values = {
        "extension": held.extension if held else None, "user": held.extension.number if held else "x", "domain": "pbx.example.com",
        "contact": contact, "network_ip": "192.0.2.7", "network_port": "5060", "transport": "UDP", "agent": "Desk 3000",
        "since": now - timedelta(hours=3), "expires_at": now + timedelta(minutes=2),
    }  # fmt: skip
    return Registration.objects.create(switch=switch, **values | fields)


def gateway(switch: Switch, name: str = "carrier", *, is_up: bool = True, since: datetime | None = None) -> GatewayStatus:
    """Return how a gateway is."""
    known = Gateway.objects.filter(name=name).first()
    return GatewayStatus.objects.create(
        switch=switch, name=name, gateway=known, is_up=is_up, state="NOREG", since=since or timezone.now()
    )


def people(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> dict[str, Assignment]:
    """Return anna at 1006, ben at 1005, eve at 1007, and sam, who is staff, at 1001."""
    places = {"anna": ("1006", "user"), "ben": ("1005", "user"), "eve": ("1007", "user"), "sam": ("1001", "staff")}
    return {name: hold(make_person(name, role), exten) for name, (exten, role) in places.items()}
