"""The lists of the console, one a line, and how to put rows into each: what holds of every list is tried on all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
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
    Gateway,
    GatewayChange,
    GatewayStatus,
    LiveCall,
    LiveChannel,
    Number,
    NumberImport,
    Provider,
    Quarantine,
    Recording,
    Registration,
    Revocation,
    RevocationErrand,
    RevocationReason,
    Switch,
    SwitchListening,
)
from telephony.models.holding import HoldingState
from telephony.services import number_imports
from telephony.services.tallies import count_all, note_change
from web.encryption import cipher
from webhooks.models import Attempt, Delivery, Event, Subscription
from webhooks.signing import new_secret

_serial = count(1)


def serial() -> int:
    return next(_serial)


def domain() -> Domain:
    return Domain.objects.get_or_create(name="pbx.example.com")[0]


def a_person(role: str = Role.USER) -> User:
    name = f"person-{serial()}"
    return User.objects.create_user(name, name=name, email=f"{name}@example.org", subject=f"auth0|{name}", role=role)


def a_held_extension(holder: User | None = None) -> Assignment:
    extension = Extension.objects.create(domain=domain(), number=str(1_000_000 + serial()), state=HoldingState.ASSIGNED)
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
        started_at=now, answered_at=now, ended_at=now, answered=True, outcome="answered", bill_seconds=4, hangup_cause="NORMAL_CLEARING",
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


def a_call_link_with_its_call() -> CallLink:
    link = a_call_link()
    Call.objects.create(
        call_uuid=str(link.call_uuid), call_link=link, direction="outbound", caller_user=link.user, started_at=timezone.now()
    )
    return link


def a_failure() -> FailedRegistration:
    now = timezone.now()
    network = f"198.51.{serial() % 250}.{serial() % 250}/32"
    return FailedRegistration.objects.create(network=network, first_at=now, last_at=now, span_began_at=now, total=3)


def a_counted_call() -> Call:
    """A call that the dashboard has counted."""
    call = a_call()
    note_change([call.started_at])
    count_all()
    return call


def a_gateway(at: Domain | None = None) -> Gateway:
    """A gateway of a provider's that a switch knows, and that has come up and gone down."""
    provider, switch = a_provider(), a_switch()
    gateway = Gateway.objects.create(
        name=f"gateway-{serial()}", domain=at or domain(), provider=provider, proxy="sip.example.net"
    )
    GatewayStatus.objects.create(switch=switch, gateway=gateway, name=gateway.name, is_up=True, since=timezone.now())
    GatewayChange.objects.create(switch=switch, name=gateway.name, at=timezone.now(), is_up=False)
    return gateway


def a_provider() -> Provider:
    return Provider.objects.create(name=f"Provider {serial()}")


def a_domain() -> Domain:
    """A domain with an extension and a gateway."""
    made = Domain.objects.create(name=f"d{serial()}.example.com")
    Extension.objects.create(domain=made, number="1000")
    a_gateway(made)
    return made


def another_switch() -> Switch:
    """A switch that is listened to, with a gateway on it."""
    switch = Switch.objects.create(name=f"switch-{serial()}", event_socket=f"192.0.2.7:{8000 + serial()}", is_up=True)
    SwitchListening.objects.create(switch=switch)
    GatewayStatus.objects.create(switch=switch, name="carrier", is_up=True, since=timezone.now())
    return switch


def a_quarantined() -> Quarantine:
    body = f"no record {serial()}".encode()
    return Quarantine.objects.create(
        kind="cdr", reason="no record", sha256=sha256(body).hexdigest(), size_bytes=len(body), body=cipher().encrypt(body)
    )


def a_webhook(owner: User | None = None) -> Subscription:
    webhook = Subscription(user=owner or a_person(), url=f"https://hooks.example.com/{serial()}")
    webhook.set_secret(new_secret())
    webhook.save()
    return webhook


def own_webhook(viewer: User) -> Subscription:
    return Subscription.objects.filter(user=viewer).first() or a_webhook(viewer)


def a_delivery(viewer: User) -> Delivery:
    event = Event.objects.create(type="webhook.test", at=timezone.now())
    delivery = Delivery.objects.create(event=event, subscription=own_webhook(viewer), body="{}")
    return an_attempt(delivery)


def an_attempt(delivery: Delivery) -> Delivery:
    Attempt.objects.create(delivery=delivery, at=timezone.now(), duration_ms=7, status=500, answer="no")
    return delivery


def a_retry(viewer: User) -> Delivery:
    """A try of the one delivery that there is."""
    return an_attempt(Delivery.objects.first() or a_delivery(viewer))


def an_import(viewer: User) -> NumberImport:
    return number_imports.upload(viewer, f"{serial()}.csv", b"number\n12\n", provider="Acme Carrier", column="number")


def a_phone(viewer: User) -> Registration:
    """A phone of the viewer's own."""
    held = Assignment.objects.filter(user=viewer).first() or a_held_extension(viewer)
    return Registration.objects.create(
        switch=a_switch(), extension=held.extension, user=held.extension.number, domain=domain().name, since=timezone.now(),
        expires_at=timezone.now() + timedelta(hours=1), network_ip="192.0.2.7", network_port=str(5060 + serial()), agent="phone",
        contact=f"sip:{serial()}@192.0.2.7",
    )  # fmt: skip


def the_extension() -> Extension:
    return Extension.objects.get_or_create(domain=domain(), number="1000")[0]


def the_number() -> Number:
    return Number.objects.get_or_create(number="17036879440", defaults={"provider": a_provider()})[0]


def the_person() -> User:
    return User.objects.filter(username="the-person").first() or User.objects.create_user(
        "the-person", subject="auth0|the-person"
    )


def a_past(viewer: User) -> None:
    """Something that was: who held extension and number, a call, and an entry about each."""
    then = timezone.now() - timedelta(days=serial())
    holders = (
        {"user": a_person(), "extension": the_extension(), "number": the_number()},
        {"user": the_person(), "extension": Extension.objects.create(domain=domain(), number=str(2_000_000 + serial()))},
    )
    for held in holders:
        Assignment.objects.create(starts_at=then, ends_at=then + timedelta(hours=1), **held)
    call = a_call()
    Call.objects.filter(pk=call.pk).update(
        caller_extension=the_extension(), caller_user=the_person(), number=the_number(), caller_number="1000"
    )
    for thing in (the_extension(), the_number(), the_person()):
        AuditEntry.objects.record("thing.changed", thing, actor=a_person())
    revocation = Revocation.objects.create(extension=the_extension(), reason=RevocationReason.CLOSED, requested_by=a_person())
    RevocationErrand.objects.create(revocation=revocation, event_socket="192.0.2.7:8021")


Factory = Callable[[User], object]


def anybodys(make: Callable[[], object]) -> Factory:
    """Return what makes a row that is not the viewer's."""
    return lambda viewer: make()


@dataclass(frozen=True, slots=True)
class List:
    """A list: its address, how a row of it is made, and who looks at it; `at` is where it is when that is a thing's own page."""

    address: str
    make: Factory
    role: str = Role.STAFF
    at: Callable[[User], object] | None = None

    def __str__(self) -> str:
        return self.address

    def path(self, viewer: User) -> str:
        """Return its address."""
        return self.address.format(self.at(viewer)) if self.at else self.address


LISTS: Final[tuple[List, ...]] = (
    List("/", anybodys(a_call)),
    List("/?q=100&outcome=answered", anybodys(a_call)),
    List("/dashboard/", anybodys(a_counted_call)),
    List("/dashboard/now", anybodys(a_live_call)),
    List("/live/", anybodys(a_live_call)),
    List("/live/now", anybodys(a_live_call)),
    List("/live/?", a_phone),
    List("/live/?gateways", anybodys(a_gateway)),
    List("/call-links/live", anybodys(a_call_link)),
    List("/call-links/", anybodys(a_call_link)),
    List("/extensions/", anybodys(a_held_extension)),
    List("/extensions/{}/", a_past, at=lambda viewer: the_extension().pk),
    List("/extensions/{}/revocations", a_past, at=lambda viewer: the_extension().pk),
    List("/numbers/", anybodys(a_held_extension)),
    List("/numbers/?state=assigned&q=1703", anybodys(a_held_extension)),
    List("/numbers/{}/", a_past, at=lambda viewer: the_number().pk),
    List("/numbers/import", an_import),
    List("/people/", anybodys(a_held_extension)),
    List("/people/search?person_q=person", anybodys(a_held_extension)),
    List("/people/{}/", a_past, at=lambda viewer: the_person().pk),
    List("/domains/", anybodys(a_domain)),
    List("/domains/{}/", anybodys(a_gateway), at=lambda viewer: domain().pk),
    List("/providers/", anybodys(a_gateway)),
    List("/gateways/", anybodys(a_gateway)),
    List("/gateways/?q=gateway", anybodys(a_gateway)),
    List("/switches/", anybodys(another_switch)),
    List("/switches/{}/", anybodys(a_gateway), at=lambda viewer: a_switch().pk),
    List("/quarantine/", anybodys(a_quarantined)),
    List("/webhooks/", a_webhook),
    List("/webhooks/?of=everybody", anybodys(a_webhook)),
    List("/webhooks/{}/", a_delivery, Role.USER, at=lambda viewer: own_webhook(viewer).pk),
    List("/webhooks/{}/log", a_delivery, Role.USER, at=lambda viewer: own_webhook(viewer).pk),
    List(
        "/webhooks/{0[0]}/deliveries/{0[1]}/", a_retry, Role.USER,
        at=lambda viewer: (own_webhook(viewer).pk, (Delivery.objects.first() or a_delivery(viewer)).pk),
    ),
    List("/keys/?of=everybody", anybodys(lambda: ApiKey.objects.issue(a_person(), "report"))),
    List("/audit/", anybodys(lambda: AuditEntry.objects.record("user.created", a_person(), actor=a_person()))),
    List(
        "/bans/", anybodys(lambda: BannedAddress.objects.create(network=f"203.0.{serial() % 250}.{serial() % 250}/32"))
    ),
    List("/bans/?", anybodys(a_failure)),
    List(
        "/invitations/",
        anybodys(lambda: Invitation.objects.create(email=f"{serial()}@example.org", invited_by=a_person())),
        Role.ADMIN,
    ),
    List("/search/?q=person", anybodys(a_person)),
    List("/search/?q=1000", anybodys(a_held_extension)),
)  # fmt: skip

# The same of the API.
API_LISTS: Final[tuple[List, ...]] = (
    List("/api/v2/call-recording/export.csv", anybodys(a_call)),
    List("/api/v2/call-recording/export.xlsx", anybodys(a_call)),
    List("/api/v2/statistics?period=12m", anybodys(a_counted_call)),
    List("/api/v2/search?q=person", anybodys(a_person)),
    List("/api/v2/search?q=1000", anybodys(a_held_extension)),
    List("/api/v2/search?q=1703", anybodys(a_held_extension)),
    List("/api/v2/call-links", anybodys(a_call_link_with_its_call)),
    List("/api/v2/call-links?q=person&state=under_way", anybodys(a_call_link_with_its_call)),
)
