"""The second factor of who signs in by password: an authenticator app (TOTP), and recovery codes for when it is lost."""

import base64
import hashlib
import hmac
import logging
import secrets
import time
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import qrcode
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django_otp.oath import TOTP
from qrcode.image.svg import SvgPathImage

from accounts.models import AuditEntry, RecoveryCode, SecondFactor, User
from web.encryption import cipher

logger = logging.getLogger("portal.second_factor")

ISSUER: Final = "MediaMagic Portal"
KEY_BYTES: Final = 20
# Steps of 30 seconds that a clock may be off, either way.
TOLERANCE: Final = 1
RECOVERY_CODES: Final = 10
# Without what is misread; ten of them are worth 49 bits, against guessing that is slowed down.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_AWAITED: Final = "second_factor_awaited"
AWAITED_SECONDS: Final = 300


class Setup(NamedTuple):
    """What an app has to be told, to type and to scan."""

    secret: str
    picture: str


class Verdict(NamedTuple):
    """Whether a code was right; if not, the seconds before another is looked at."""

    right: bool
    retry_after: int = 0


class Awaited(NamedTuple):
    """Who gave the right password and still owes a code, and where to go then."""

    person: User
    target: str


def is_enrolled(person: User) -> bool:
    """Tell whether a person is asked for a code."""
    return bool(SecondFactor.objects.filter(user=person, confirmed=True).exists())


def start_enrolment(person: User) -> None:
    """Give a person a new key, which counts for nothing until it is confirmed; a confirmed one stays as it is."""
    fresh = {"encrypted_key": cipher().encrypt(secrets.token_bytes(KEY_BYTES)), "last_step": -1}
    factor, created = SecondFactor.objects.get_or_create(user=person, defaults=fresh)
    if not created:
        SecondFactor.objects.filter(pk=factor.pk, confirmed=False).update(**fresh, created_at=timezone.now())


def setup_of(person: User) -> Setup | None:
    """Return what the app of a person has to be told who is about to enrol, None for anybody else.

    Source: the Key URI Format of google-authenticator.
    """
    factor = SecondFactor.objects.filter(user=person, confirmed=False).first()
    key = _key_of(factor) if factor else None
    if factor is None or key is None:
        return None
    secret = base64.b32encode(key).decode()
    label = quote(f"{ISSUER}:{factor.user.get_username()}")
    query = urlencode({"secret": secret, "issuer": ISSUER, "algorithm": "SHA1", "digits": 6, "period": 30}, quote_via=quote)
    picture = qrcode.make(f"otpauth://totp/{label}?{query}", image_factory=SvgPathImage, border=2).to_string()
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return Setup(spaced, f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}")


@transaction.atomic
def confirm_enrolment(person: User, code: str) -> list[str] | None:
    """Turn the second factor on if the app knows the key; return the recovery codes, None for a wrong code."""
    factor = SecondFactor.objects.select_for_update().filter(user=person, confirmed=False).first()
    if factor is None or not _verdict(factor, code).right:
        return None
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed=True)
    AuditEntry.objects.record("second_factor.enrolled", person, actor=person)
    return _fresh_codes(factor)


@transaction.atomic
def renew_recovery_codes(person: User) -> list[str]:
    """Replace a person's recovery codes; the old ones open nothing any more."""
    AuditEntry.objects.record("second_factor.codes_renewed", person, actor=person)
    return _fresh_codes(SecondFactor.objects.get(user=person, confirmed=True))


@transaction.atomic
def remove_second_factor(person: User, *, actor: User | None = None, actor_label: str = "") -> bool:
    """Take the second factor away, also one that waits to be confirmed; tell whether there was any."""
    removed, _ = SecondFactor.objects.filter(user=person).delete()
    if removed:
        AuditEntry.objects.record("second_factor.removed", person, actor=actor, actor_label=actor_label)
    return bool(removed)


def await_code(request: HttpRequest, person: User, target: str) -> None:
    """Remember, under a new session key, who gave the right password; it is no session of his yet."""
    request.session.cycle_key()
    request.session[_AWAITED] = {"person": person.pk, "target": target, "until": int(time.time()) + AWAITED_SECONDS}


def awaited(request: HttpRequest) -> Awaited | None:
    """Return who owes a code, None where nobody does any more."""
    kept = request.session.get(_AWAITED)
    if not isinstance(kept, dict) or kept["until"] < time.time():
        return None
    person = User.objects.filter(pk=kept["person"], is_active=True, is_superuser=True).first()
    return Awaited(person, str(kept["target"])) if person else None


def forget_awaited(request: HttpRequest) -> None:
    """Await nobody's code."""
    request.session.pop(_AWAITED, None)


@transaction.atomic
def check_code(person: User, code: str) -> Verdict:
    """Look at a code of the app or a recovery code; each is taken once."""
    factor = SecondFactor.objects.select_for_update().filter(user=person, confirmed=True).first()
    if factor is None:
        return Verdict(right=False)
    verdict = _verdict(factor, code)
    if verdict.right and not _is_app_code(code):
        AuditEntry.objects.record(
            "second_factor.recovery_code_used", person, actor=person, after={"left": factor.recovery_codes.count()}
        )
    return verdict


def _verdict(factor: SecondFactor, code: str) -> Verdict:
    """Judge a code and count it, on a row that is locked."""
    allowed, why = factor.verify_is_allowed()
    if not allowed:
        return Verdict(right=False, retry_after=int((why["locked_until"] - timezone.now()).total_seconds()) + 1)
    right = _takes_app_code(factor, code) if _is_app_code(code) else _takes_recovery_code(factor, code)
    if right:
        factor.throttle_reset()
    else:
        factor.throttle_increment()
    return Verdict(right=right)


def _is_app_code(code: str) -> bool:
    digits = code.replace(" ", "")
    return len(digits) == 6 and digits.isascii() and digits.isdigit()


def _takes_app_code(factor: SecondFactor, code: str) -> bool:
    key = _key_of(factor)
    if key is None:
        return False
    totp = TOTP(key)
    # One moment for the whole comparison.
    totp.time = time.time()
    if not totp.verify(int(code.replace(" ", "")), TOLERANCE, factor.last_step + 1):
        return False
    factor.last_step = totp.t()
    return True


def _takes_recovery_code(factor: SecondFactor, code: str) -> bool:
    taken, _ = RecoveryCode.objects.filter(factor=factor, digest=_digest(factor, code)).delete()
    return bool(taken)


def _fresh_codes(factor: SecondFactor) -> list[str]:
    halves = [["".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)] for _ in range(RECOVERY_CODES)]
    codes = ["-".join(pair) for pair in halves]
    factor.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(factor=factor, digest=_digest(factor, code)) for code in codes])
    return codes


def _digest(factor: SecondFactor, code: str) -> str:
    """Return what is kept of a recovery code; blanks, hyphens and case are the reader's."""
    plain = "".join(character for character in code.lower() if character not in " -")
    return hmac.new(settings.API_KEY_PEPPER.encode(), f"recovery:{factor.pk}:{plain}".encode(), hashlib.sha256).hexdigest()


def _key_of(factor: SecondFactor) -> bytes | None:
    """Return the key, None where CREDENTIALS_KEY does not name any more what it was encrypted with."""
    try:
        return cipher().decrypt(bytes(factor.encrypted_key))
    except InvalidToken:
        logger.error("the key of the %s was encrypted with another CREDENTIALS_KEY", factor)
        return None
