"""What the switch is told of itself: where it listens, its domains, its gateways and the networks of its carriers."""

import logging

from django.conf import settings
from django.db import transaction

from telephony.models import Domain, Gateway, Switch, SwitchListening
from telephony.services.credentials import CredentialsKeyError, gateway_password_of
from telephony.switch.configuration import Listening, SofiaGateway, Srtp

logger = logging.getLogger("portal.switch")


def listening(switchname: str = "") -> Listening:
    """Return how a switch is to listen: as was written down of it, else as the settings say."""
    of_its_own = SwitchListening.objects.filter(switch__name=switchname).first() if switchname else None
    return of_its_own.as_listening() if of_its_own else listening_of_settings()


def remember_listening(switchname: str, how: Listening) -> None:
    """Write down how a switch listens: from now on it is answered so."""
    with transaction.atomic():
        switch, _ = Switch.objects.get_or_create(name=switchname)
        fields = {
            "address": how.address or None,
            "public_address": how.public_address or None,
            "internal_port": how.internal_port,
            "external_port": how.external_port,
            "tls_folder": how.tls_folder,
            "srtp": how.srtp.value,
        }
        SwitchListening.objects.update_or_create(switch=switch, defaults=fields)


def listening_of_settings() -> Listening:
    """Return how a switch is to listen of which nothing else is known."""
    return Listening(
        address=settings.FREESWITCH_SIP_ADDRESS,
        public_address=settings.FREESWITCH_SIP_PUBLIC_ADDRESS,
        internal_port=settings.FREESWITCH_SIP_PORT,
        external_port=settings.FREESWITCH_CARRIER_PORT,
        tls_folder=settings.FREESWITCH_TLS_DIR,
        srtp=Srtp(settings.FREESWITCH_SRTP),
    )


def domains() -> list[str]:
    """Return the names of the domains in use."""
    return list(Domain.objects.filter(is_active=True).order_by("name").values_list("name", flat=True))


def gateways() -> list[SofiaGateway]:
    """Return the gateways in use, with what the switch proves itself with."""
    return [_gateway(gateway) for gateway in _in_use()]


def carriers() -> list[str]:
    """Return the networks from which carriers send calls, each once."""
    return sorted({network for gateway in _in_use() for network in gateway.calls_from})


def _in_use() -> list[Gateway]:
    return list(Gateway.objects.filter(is_active=True, domain__is_active=True).order_by("name"))


def _gateway(gateway: Gateway) -> SofiaGateway:
    try:
        password = gateway_password_of(gateway)
    except CredentialsKeyError as error:
        logger.warning(str(error))
        password = ""
    return SofiaGateway(
        name=gateway.name,
        proxy=gateway.proxy,
        username=gateway.username,
        password=password,
        register=gateway.register,
        ping_seconds=gateway.ping_seconds,
    )
