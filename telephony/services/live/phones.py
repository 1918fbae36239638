"""Which phones are registered, from where and since when."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from telephony.models import Extension, Registration, Switch
from telephony.switch.live_facts import PhoneFacts

# Where the switch has not said for how long.
USUAL_SECONDS: Final = 3600


def phones_of(extension: Extension) -> Sequence[Registration]:
    """Return the phones at an extension, as far as the listener knows, with their switches; the newest first."""
    current = Registration.objects.current(timezone.now()).filter(extension=extension)
    return list(current.select_related("switch").order_by("-since", "-pk"))


def switches_of(number: str, domain: str) -> list[int]:
    """Return the ids of the switches at which an extension is registered, that of the newest registration first."""
    current = Registration.objects.current(timezone.now()).filter(user=number, domain=domain)
    return list(dict.fromkeys(current.order_by("-since", "-pk").values_list("switch_id", flat=True)))


def registered(switch: Switch, phone: PhoneFacts, at: datetime) -> None:
    """Write down that a phone has registered, or has done so again: then only until when."""
    known = Registration.objects.filter(switch=switch, user=phone.user, domain=phone.domain, contact=phone.contact)
    values = _values(phone, at)
    if not known.update(updated_at=timezone.now(), **values):
        extension = Extension.objects.at(phone.user, phone.domain)
        Registration.objects.create(switch=switch, extension=extension, since=at, **_key(phone), **values)


def unregistered(switch: Switch, phone: PhoneFacts) -> None:
    """Write down that a phone is registered no more; where the switch does not say which one, all of its extension."""
    gone = Registration.objects.filter(switch=switch, user=phone.user, domain=phone.domain)
    (gone.filter(contact=phone.contact) if phone.contact else gone).delete()


@transaction.atomic
def replace(switch: Switch, phones: Iterable[PhoneFacts], at: datetime) -> None:
    """Bring the phones of a switch up to its own list: since when one is registered that is new here, nobody knows."""
    listed = {(phone.user, phone.domain, phone.contact): phone for phone in phones}
    known = {(row.user, row.domain, row.contact): row for row in Registration.objects.filter(switch=switch)}
    extensions = _extensions(listed.values())
    Registration.objects.filter(pk__in=[row.pk for key, row in known.items() if key not in listed]).delete()
    for key, row in known.items():
        if key in listed:
            row.extension = extensions.get(key[:2])
            for name, value in _values(listed[key], at).items():
                setattr(row, name, value)
    Registration.objects.bulk_update(
        [row for key, row in known.items() if key in listed], ["extension", *_values(PhoneFacts(user="", domain=""), at)]
    )
    Registration.objects.bulk_create(
        Registration(
            switch=switch,
            extension=extensions.get(key[:2]),
            since=at,
            since_is_known=False,
            **_key(phone),
            **_values(phone, at),
        )
        for key, phone in listed.items()
        if key not in known
    )


def sweep(at: datetime) -> None:
    """Forget the phones whose time is up, of which no event told."""
    Registration.objects.filter(expires_at__lte=at).delete()


def _extensions(phones: Iterable[PhoneFacts]) -> dict[tuple[str, str], Extension]:
    users, domains = {phone.user for phone in phones}, {phone.domain.lower() for phone in phones}
    known = Extension.objects.filter(Q(number__in=users) & Q(domain__name__in=domains)).select_related("domain")
    return {(extension.number, extension.domain.name): extension for extension in known}


def _key(phone: PhoneFacts) -> dict[str, str]:
    return {"user": phone.user[:64], "domain": phone.domain[:253], "contact": phone.contact}


def _values(phone: PhoneFacts, at: datetime) -> dict[str, Any]:
    return {
        "network_ip": phone.network_ip[:45],
        "network_port": phone.network_port[:5],
        "transport": phone.status.removeprefix("Registered").strip("()").partition(")")[0][:32],
        "agent": phone.agent,
        "expires_at": at + timedelta(seconds=USUAL_SECONDS if phone.seconds is None else phone.seconds),
    }
