"""Gateways: made, changed and deleted; their passwords go in and never come out. The switches are told by `gateway_loading`."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import Prefetch, QuerySet

from accounts.models import AuditEntry, User
from telephony.models import Gateway, GatewayStatus, LiveChannel
from telephony.services import keeping
from telephony.services.credentials import set_gateway_password
from telephony.services.keeping import InUseError
from telephony.switch.configuration import PASSWORD_PATTERN

SHOWN: Final = (
    "name", "domain", "provider", "priority", "is_active", "proxy", "username", "register", "ping_seconds", "networks",
)  # fmt: skip
# What a switch has been told of a gateway, and has to be told anew.
TOLD: Final = frozenset({"name", "is_active", "proxy", "username", "register", "ping_seconds", "networks"})

validate_password: Final = RegexValidator(
    rf"\A{PASSWORD_PATTERN}\Z", "Use no blanks, quotes, $, < or >: the switch cannot take them."
)


def listed() -> QuerySet[Gateway]:
    """Return the gateways with all that is shown of them: how they are on each switch, too."""
    statuses = GatewayStatus.objects.select_related("switch").order_by("switch__name")
    return Gateway.objects.select_related("domain", "provider").prefetch_related(Prefetch("statuses", queryset=statuses))


@transaction.atomic
def create_gateway(values: Mapping[str, Any], *, password: str | None = None, actor: User | None) -> Gateway:
    """Make a gateway, with a password where one is given. Raises ValidationError."""
    gateway = keeping.create(Gateway, values, actor=actor)
    _keep_password(gateway, password, actor)
    _check_registration(gateway)
    return gateway


@transaction.atomic
def change_gateway(
    gateway: Gateway, values: Mapping[str, Any], *, password: str | None = None, actor: User | None
) -> tuple[Gateway, bool]:
    """Change a gateway; a password of None stays as it is, "" is forgotten. Raises ValidationError, GoneError.

    Return it, and whether the switches have to be told.
    """
    kept = keeping.held(gateway)
    before = {name: getattr(kept, name) for name in TOLD}
    kept = keeping.change(kept, values, actor=actor)
    has_new_password = _keep_password(kept, password, actor)
    _check_registration(kept)
    return kept, has_new_password or any(getattr(kept, name) != value for name, value in before.items())


def _keep_password(gateway: Gateway, password: str | None, actor: User | None) -> bool:
    """Store a password that was given; tell whether there is another one now."""
    if password:
        try:
            validate_password(password)
        except ValidationError as error:
            raise ValidationError({"password": error.messages}) from None
        set_gateway_password(gateway, password, actor=actor)
    elif password == "" and gateway.encrypted_password:
        Gateway.objects.filter(pk=gateway.pk).update(encrypted_password=None)
        AuditEntry.objects.record("gateway.password_forgotten", gateway, actor=actor)
    else:
        return False
    gateway.refresh_from_db(fields=["encrypted_password"])
    return True


def _check_registration(gateway: Gateway) -> None:
    """Ask for what a registration needs: the switch leaves a gateway out that cannot register."""
    if gateway.register and not (gateway.username and gateway.encrypted_password):
        raise ValidationError("To register, a gateway needs a user name and a password.")


def why_kept(gateway: Gateway) -> str:
    """Return why a gateway cannot be deleted, "" where it can."""
    if gateway.name == settings.EMERGENCY_GATEWAY:
        return f"{gateway} is the one that EMERGENCY_GATEWAY names: it cannot be deleted."
    if gateway.is_active:
        return f"{gateway} is in use: take it out of use first."
    if LiveChannel.objects.filter(gateway=gateway.name).exists():
        return f"Somebody talks by {gateway} at this moment: it cannot be deleted yet."
    return ""


@transaction.atomic
def delete_gateway(gateway: Gateway, *, actor: User | None) -> None:
    """Delete a gateway that is out of use. Raises InUseError, GoneError."""
    if why := why_kept(keeping.held(gateway)):
        raise InUseError(why)
    keeping.delete(gateway, shown=SHOWN, actor=actor)
