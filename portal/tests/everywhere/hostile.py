"""A portal in which everybody says what is in `payloads.py`, wherever somebody outside can put a text."""

import json
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
    NumberChange,
    NumberImport,
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
from webhooks.models import Attempt, Delivery, Event, Subscription
from webhooks.signing import new_secret

# Says of a model's fields what is in them.
Say = Callable[..., dict[str, str]]


@dataclass
class Hostile:
    """What was planted: the texts by (place, name of the field), and the parameters of the addresses by place."""

    # Who looks: what is its owner's alone is theirs.
    looker: User
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
        other_domain = Domain.objects.create(**say(Domain, "name"))
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
        gateway = Gateway.objects.create(domain=domain, provider=provider, **say(Gateway, "name", "proxy", "username"))
        GatewayStatus.objects.create(
            switch=switch, gateway=gateway, name=gateway.name, since=now, is_up=False, **say(GatewayStatus, "state")
        )
        GatewayChange.objects.create(switch=switch, at=now, is_up=False, **say(GatewayChange, "name"))
        link = CallLink.objects.create(
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
        entry = Quarantine.objects.create(
            kind="cdr", sha256=sha256(body).hexdigest(), body=cipher().encrypt(body), size_bytes=len(body),
            **say(Quarantine, "reason", "content_type", "leg_uuid"),
        )  # fmt: skip
        self.parameters[place] = {
            "call_id": str(call.pk), "extension_id": str(extension.pk), "key_id": str(key.pk), "ban_id": str(ban.pk),
            "call_uuid": live.call_uuid, "number_id": str(number.pk), "provider_id": str(provider.pk), "gateway_id": str(gateway.pk),
            "user_id": str(person.pk), "switch_id": str(switch.pk), "domain_id": str(other_domain.pk), "entry_id": str(entry.pk),
            "link_id": str(link.pk),
        }  # fmt: skip
        self.parameters[place] |= self._webhook(place, say) | self._undertakings(place, say)

    def _webhook(self, place: int, say: Say) -> dict[str, str]:
        """Let the looker have a webhook whose receiver answers what it likes."""
        webhook = Subscription(user=self.looker, url=f"https://hooks.example.com/{place}", **say(Subscription, "description"))
        webhook.set_secret(new_secret())
        webhook.save()
        event = Event.objects.create(at=timezone.now(), **say(Event, "type"))
        body = json.dumps({"data": self.text(place, Delivery, "body", 300)})
        delivery = Delivery.objects.create(event=event, subscription=webhook, body=body, **say(Delivery, "problem"))
        Attempt.objects.create(
            delivery=delivery, at=timezone.now(), duration_ms=1, answer=self.text(place, Attempt, "answer", 300),
            problem=self.text(place, Attempt, "problem"),
        )  # fmt: skip
        return {"webhook_id": str(webhook.pk), "delivery_id": str(delivery.pk)}

    def _undertakings(self, place: int, say: Say) -> dict[str, str]:
        """Let the looker import a file in which anything stands, and change numbers."""
        line = self.text(place, NumberImport, "wrong_lines", 100)
        tomorrow = timezone.now() + timedelta(days=1)
        imported = NumberImport.objects.create(
            owner=self.looker, state="asked", total=3, position=3, wrong=1, known=1, expires_at=tomorrow, new_providers=[line],
            samples=[[2, line, "17036879447"]], wrong_lines=[[3, line, line, "", line]], passed_over=[[4, line, line, "", line]],
            **say(NumberImport, "file_name", "provider"),
        )  # fmt: skip
        change = NumberChange.objects.create(
            owner=self.looker, state="done", action="provider", total=1, position=1, refused=1, expires_at=tomorrow,
            refusals=[[0, "17036879447", self.text(place, NumberChange, "refusals", 100)]], **say(NumberChange, "value"),
        )  # fmt: skip
        return {"import_id": str(imported.pk), "change_id": str(change.pk)}

    def _call(self, place: int, say: Say, **more: Any) -> Call:
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
