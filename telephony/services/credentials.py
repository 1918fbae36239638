"""What phones prove themselves with: generated here, shown once, kept only as an encrypted HA1."""

import hashlib
import secrets

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Extension
from web.encryption import cipher

# Without what is misread or has to be escaped somewhere; 24 of them are worth 139 bits.
ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 24


class CredentialsKeyError(Exception):
    """The HA1 was encrypted with a key that CREDENTIALS_KEY does not name any more."""


def ha1_of(extension: Extension) -> str | None:
    """Return md5(user:realm:password) of an extension as hex, None where no password was set. Raises CredentialsKeyError."""
    if not extension.encrypted_ha1:
        return None
    try:
        return cipher().decrypt(bytes(extension.encrypted_ha1)).decode()
    except InvalidToken:
        raise CredentialsKeyError(f"The password of {extension} was encrypted with another CREDENTIALS_KEY.") from None


@transaction.atomic(durable=True)
def renew_password(extension: Extension, *, actor: User | None) -> str:
    """Give an extension a new SIP password and return it; it cannot be had again."""
    password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    # What SIP digest authentication is made of (RFC 3261); its strength is the password's.
    plain = f"{extension.number}:{extension.domain.name}:{password}".encode()
    ha1 = hashlib.md5(plain, usedforsecurity=False).hexdigest()
    Extension.objects.filter(pk=extension.pk).update(encrypted_ha1=cipher().encrypt(ha1.encode()), updated_at=timezone.now())
    AuditEntry.objects.record("extension.password_renewed", extension, actor=actor)
    return password
