"""The lists of the console, one a line, and how to put rows into each: what holds of every list is tried on all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Final
from uuid import uuid4

from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, Invitation, Role, User
from telephony.models import (
    Assignment,
    BannedAddress,
    Call,
    CallLink,
    Domain,
    Extension,
    FailedRegistration,
    LiveCall,
    LiveChannel,
    Number,
    Provider,
    Recording,
    Switch,
)
from telephony.models.holding import HoldingState

_serial = count(1)


def serial() -> int:
    return next(_serial)


def domain() -> Domain:
    return Domain.objects.get_or_create(name="pbx.example.com")[0]


def a_person(role: str = Role.USER) -> User:
    name = f"person-{serial()}"
    return User.objects.create_user(name, name=name, email=f"{name}@example.org", subject=f"auth0|{name}", role=role)


def a_held_extension(holder: User | None = None) -> Assignment:
    extension = Extension.objects.create(domain=domain(), number=str(100_000 + serial()), state=HoldingState.ASSIGNED)
    provider = Provider.objects.get_or_create(name="Acme Carrier")[0]
    number = Number.objects.create(number=f"1703{serial():07}", provider=provider, state=HoldingState.ASSIGNED)
    return Assignment.objects.create(user=holder or a_person(), extension=extension, number=number, starts_at=timezone.now())


def a_switch() -> Switch:
    return Switch.objects.get_or_create(name="fs1")[0]


def a_call() -> Call:
    """A call of somebody's, recorded, by everything that a row can show."""
    caller, callee = a_held_extension(), a_held_extension()
    now = timezone.now()
    call = Call.objects.create(
        call_uuid=str(uuid4()), direction="outbound", local=True, caller_number=caller.extension.number, caller_extension=caller.extension,
        caller_user=caller.user, callee_number=callee.extension.number, callee_extension=callee.extension, callee_user=callee.user,
        number=caller.number, provider=caller.number.provider, domain=domain(), domain_name=domain().name, switch=a_switch(),
        started_at=now, answered_at=now, ended_at=now, answered=True, bill_seconds=4, hangup_cause="NORMAL_CLEARING",
    )  # fmt: skip
    Recording.objects.create(
        call=call, leg_uuid=call.call_uuid, file_name=f"{call.call_uuid}.wav", size_bytes=100, sha256="0" * 64, channels=2,
        sample_rate=8000, duration_ms=4000,
    )  # fmt: skip
    return call


def a_live_call() -> LiveCall:
    held = a_held_extension()
    call = LiveCall.objects.create(
        switch=a_switch(),
        call_uuid=str(uuid4()),
        caller_user=held.user,
        caller_extension=held.extension,
        started_at=timezone.now(),
    )
    LiveChannel.objects.create(switch=call.switch, call=call, uuid=call.call_uuid, started_at=call.started_at)
    return call


def a_call_link() -> CallLink:
    held = a_held_extension()
    return CallLink.objects.create(
        user=held.user, extension=held.extension, number=held.number, source_number=held.extension.number, destination_number="12403019519",
        call_uuid=uuid4(), destination_leg_uuid=uuid4(), job_uuid=uuid4(), status=CallLink.Status.BRIDGED,
        expires_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip


def a_failure() -> FailedRegistration:
    now = timezone.now()
    network = f"198.51.{serial() % 250}.{serial() % 250}/32"
    return FailedRegistration.objects.create(network=network, first_at=now, last_at=now, span_began_at=now, total=3)


@dataclass(frozen=True, slots=True)
class List:
    """A list: its address, how a row of it is made, and who looks at it."""

    address: str
    make: Callable[[], object]
    role: str = Role.STAFF

    def __str__(self) -> str:
        return self.address


LISTS: Final[tuple[List, ...]] = (
    List("/", a_call),
    List("/?q=100&outcome=answered", a_call),
    List("/live/", a_live_call),
    List("/live/now", a_live_call),
    List("/call-links/live", a_call_link),
    List("/extensions/", a_held_extension),
    List("/keys/?of=everybody", lambda: ApiKey.objects.issue(a_person(), "report")),
    List("/audit/", lambda: AuditEntry.objects.record("user.created", a_person(), actor=a_person())),
    List("/bans/", lambda: BannedAddress.objects.create(network=f"203.0.{serial() % 250}.{serial() % 250}/32")),
    List("/bans/?", a_failure),
    List(
        "/invitations/", lambda: Invitation.objects.create(email=f"{serial()}@example.org", invited_by=a_person()), Role.ADMIN
    ),
    List("/search/?q=person", a_person),
    List("/search/?q=100", a_held_extension),
)
