"""A portal in which everybody says what is in `payloads.py`, wherever somebody outside can put a text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, User
from portal.tests.everywhere.payloads import PAYLOADS
from telephony.models import (
    Assignment,
    BannedAddress,
    Call,
    CallLink,
    Domain,
    Extension,
    FailedRegistration,
    Gateway,
    GatewayChange,
    GatewayStatus,
    Leg,
    LiveCall,
    LiveChannel,
    Number,
    Provider,
    Quarantine,
    Registration,
    Revocation,
    RevocationErrand,
    RevocationReason,
    Switch,
)
from telephony.models.holding import HoldingState
from web.encryption import cipher


@dataclass
class Hostile:
    """What was planted: the texts by (place, name of the field), and the parameters of the addresses by place."""

    texts: dict[tuple[int, str], str] = field(default_factory=dict)
    parameters: dict[int, dict[str, str]] = field(default_factory=dict)

    def plant(self) -> "Hostile":
        """Let everybody say everything."""
        domain = Domain.objects.get_or_create(name="pbx.example.com")[0]
        for place in range(len(PAYLOADS)):
            self._place(place, domain)
        return self

    def text(self, place: int, model: type[Model], name: str, most: int | None = None) -> str:
        """Return a payload that is known by who says it where, cut to what the field takes."""
        label = f"{model._meta.model_name}.{name}"
        mark = f"zq{place:02}{sha256(label.encode()).hexdigest()[:4]}"
        text = PAYLOADS[place].replace("ZQ", mark)
        if mark not in text[: most or model._meta.get_field(name).max_length]:
            text = f"{mark} {text}"
        if connection.vendor == "postgresql":
            text = text.replace("\x00", "")
        text = text[: most or model._meta.get_field(name).max_length]
        self.texts[place, label] = text
        return text

    def _place(self, place: int, domain: Domain) -> None:
        def say(model: type[Model], *names: str) -> dict[str, str]:
            return {name: self.text(place, model, name) for name in names}

        now = timezone.now()
        person = User.objects.create_user(f"hostile-{place}", **say(User, "name"), subject=f"auth0|hostile-{place}")
        extension = Extension.objects.create(
            domain=domain, number=str(2000 + place), state=HoldingState.ASSIGNED, **say(Extension, "display_name")
        )
        provider = Provider.objects.create(**say(Provider, "name"))
        number = Number.objects.create(number=f"1703687{place:04}", provider=provider, state=HoldingState.ASSIGNED)
        Assignment.objects.create(user=person, extension=extension, number=number, starts_at=now)
        key = ApiKey.objects.issue(person, self.text(place, ApiKey, "name"))[0]
        switch = Switch.objects.create(
            **say(Switch, "name", "version"), event_socket=f"192.0.2.{place}:8021", is_up=True, max_sessions=1
        )
        call = self._call(place, say, switch=switch, provider=provider, number=number, started_at=now)
        live = LiveCall.objects.create(
            switch=switch,
            call_uuid=str(uuid4()),
            started_at=now,
            **say(LiveCall, "caller_number", "caller_name", "callee_number"),
        )
        LiveChannel.objects.create(switch=switch, call=live, uuid=live.call_uuid, started_at=now)
        Registration.objects.create(
            switch=switch, extension=extension, since=now, expires_at=now + timedelta(hours=1), network_ip="192.0.2.7",
            network_port="5060", domain=domain.name, **say(Registration, "user", "agent"),
        )  # fmt: skip
        gateway = Gateway.objects.create(domain=domain, **say(Gateway, "name"))
        GatewayStatus.objects.create(
            switch=switch, gateway=gateway, name=gateway.name, since=now, is_up=False, **say(GatewayStatus, "state")
        )
        GatewayChange.objects.create(switch=switch, at=now, is_up=False, **say(GatewayChange, "name"))
        CallLink.objects.create(
            user=person, extension=extension, number=number, source_number="2000", destination_number="12403019519", call_uuid=uuid4(),
            destination_leg_uuid=uuid4(), job_uuid=uuid4(), status=CallLink.Status.RINGING_SOURCE, expires_at=now + timedelta(minutes=9),
        )  # fmt: skip
        ban = BannedAddress.objects.create(
            network=f"203.0.113.{place}/32", failures=3, **say(BannedAddress, "last_user", "reason")
        )
        FailedRegistration.objects.create(
            network=f"198.51.100.{100 + place}/32", first_at=now, last_at=now, span_began_at=now, total=1,
            **say(FailedRegistration, "last_user", "last_agent"),
        )  # fmt: skip
        revocation = Revocation.objects.create(extension=extension, reason=RevocationReason.CLOSED, requested_by=person)
        RevocationErrand.objects.create(
            revocation=revocation, event_socket=f"192.0.2.{place}:8021", **say(RevocationErrand, "problem")
        )
        AuditEntry.objects.record(
            "user.created", person, actor=person, after={"name": self.text(place, AuditEntry, "after", 200)}
        )
        body = self.text(place, Quarantine, "body", 500).encode()
        Quarantine.objects.create(
            kind="cdr", sha256=sha256(body).hexdigest(), body=cipher().encrypt(body), size_bytes=len(body),
            **say(Quarantine, "reason", "content_type", "leg_uuid"),
        )  # fmt: skip
        self.parameters[place] = {
            "call_id": str(call.pk), "extension_id": str(extension.pk), "key_id": str(key.pk), "ban_id": str(ban.pk),
            "call_uuid": live.call_uuid, "number_id": str(number.pk), "provider_id": str(provider.pk), "gateway_id": str(gateway.pk),
            "person_id": str(person.pk), "switch_id": str(switch.pk),
        }  # fmt: skip

    def _call(self, place: int, say: Callable[..., dict[str, str]], **more: Any) -> Call:
        # Of a person the name is shown, of others what they call themselves.
        call = Call.objects.create(
            call_uuid=str(uuid4()), direction="inbound", outcome="failed",
            **say(Call, "caller_number", "caller_name", "callee_number", "hangup_cause", "domain_name"), **more,
        )  # fmt: skip
        Leg.objects.create(
            uuid=call.call_uuid, call=call, started_at=call.started_at, ended_at=call.started_at, direction="outbound", originator_uuid="x",
            raw={"variables": {"sip_user_agent": self.text(place, Leg, "raw", 300)}}, **say(Leg, "user", "gateway", "hangup_cause"),
        )  # fmt: skip
        return call
