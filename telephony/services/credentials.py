"""What phones and trunks prove themselves with: a phone's password is shown once and kept as an encrypted HA1."""

import hashlib
import secrets

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Extension, Gateway, RevocationReason
from telephony.services.revocations.asking import revoke
from web.encryption import cipher

# Without what is misread or has to be escaped somewhere; 24 of them are worth 139 bits.
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 24


class CredentialsKeyError(Exception):
    """What is kept was encrypted with a key that CREDENTIALS_KEY does not name any more."""


def ha1_of(extension: Extension) -> str | None:
    """Return md5(user:realm:password) of an extension as hex, None where no password was set. Raises CredentialsKeyError."""
    if not extension.encrypted_ha1:
        return None
    return _decrypted(bytes(extension.encrypted_ha1), str(extension))


@transaction.atomic(durable=True)
def renew_password(extension: Extension, *, actor: User | None) -> str:
    """Give an extension a new SIP password and return it; it cannot be had again.

    Whoever has the old one is thrown out: the switches forget the extension's phones and end its calls.
    """
    password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    # What SIP digest authentication is made of (RFC 3261); its strength is the password's.
    plain = f"{extension.number}:{extension.domain.name}:{password}".encode()
    ha1 = hashlib.md5(plain, usedforsecurity=False).hexdigest()
    Extension.objects.filter(pk=extension.pk).update(encrypted_ha1=cipher().encrypt(ha1.encode()), updated_at=timezone.now())
    AuditEntry.objects.record("extension.password_renewed", extension, actor=actor)
    revoke(extension, RevocationReason.PASSWORD_CHANGED, actor=actor)
    return password


def gateway_password_of(gateway: Gateway) -> str:
    """Return what the switch proves itself with to a carrier, "" where nothing was set. Raises CredentialsKeyError."""
    return _decrypted(bytes(gateway.encrypted_password), str(gateway)) if gateway.encrypted_password else ""


@transaction.atomic
def set_gateway_password(gateway: Gateway, password: str, *, actor: User | None) -> None:
    """Keep a gateway's password, encrypted; it is sent to the switch and shown to nobody."""
    encrypted = cipher().encrypt(password.encode())
    Gateway.objects.filter(pk=gateway.pk).update(encrypted_password=encrypted, updated_at=timezone.now())
    AuditEntry.objects.record("gateway.password_changed", gateway, actor=actor)


def _decrypted(encrypted: bytes, whose: str) -> str:
    try:
        return cipher().decrypt(encrypted).decode()
    except InvalidToken:
        raise CredentialsKeyError(f"The password of {whose} was encrypted with another CREDENTIALS_KEY.") from None
