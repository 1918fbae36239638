"""What the switch is told of itself: where it listens, its domains, its gateways and the networks of its carriers."""

import logging

from django.conf import settings

from telephony.models import Domain, Gateway
from telephony.services.credentials import CredentialsKeyError, gateway_password_of
from telephony.switch.configuration import Listening, SofiaGateway

logger = logging.getLogger("portal.switch")


def listening() -> Listening:
    """Return where the switch is to listen."""
    return Listening(
        address=settings.FREESWITCH_SIP_ADDRESS,
        public_address=settings.FREESWITCH_SIP_PUBLIC_ADDRESS,
        internal_port=settings.FREESWITCH_SIP_PORT,
        external_port=settings.FREESWITCH_CARRIER_PORT,
        tls_folder=settings.FREESWITCH_TLS_DIR,
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
    )
