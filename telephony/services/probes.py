"""Questions, calls and uploads that the doctor has a switch make, to see whether they arrive.

A probe is a uuid with our signature in it: whatever comes under one is noted, for the doctor to find, and leaves no other
trace: no user, no call, no recording. It travels as the name of a user, as the uuid of a leg, and in the address of an upload.
"""

import enum
import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.utils.crypto import constant_time_compare, salted_hmac

logger = logging.getLogger("portal.switch")

VARIABLE: Final = "portal_doctor"
_MARK: Final = "d0c7"
_USER_PREFIX: Final = "doctor-"
_RANDOM_DIGITS: Final = 11
_SHAPE: Final = re.compile(rf"{_MARK}([0-9a-f]{{4}})-([0-9a-f]{{4}})-4([0-9a-f]{{3}})-8[0-9a-f]{{3}}-[0-9a-f]{{12}}")
_KEPT_SECONDS: Final = 300
_ATTENDING: Final = "doctor:attending"


class Hop(enum.StrEnum):
    """What the switch sends."""

    QUESTION = "xml"
    RECORD = "cdr"
    RECORDING = "recordings"


def new_probe() -> UUID:
    """Return a probe that nobody has used."""
    chosen = secrets.token_hex(8)[:_RANDOM_DIGITS]
    return _probe_of(chosen)


def is_probe(text: str) -> bool:
    """Tell whether a leg's uuid is a probe of this portal's. Costs next to nothing where it is an ordinary one."""
    found = _SHAPE.fullmatch(text)
    return found is not None and constant_time_compare(text, str(_probe_of("".join(found.groups()))))


def user_of(probe: UUID) -> str:
    """Return the user as whom a probe is asked for."""
    return f"{_USER_PREFIX}{probe}"


def probe_of_user(user: str) -> str:
    """Return the probe that a user is, "" where it is a user like any other."""
    probe = user.removeprefix(_USER_PREFIX)
    return probe if probe != user and is_probe(probe) else ""


def answer_to(probe: str) -> str:
    """Return what only this portal answers to a probe."""
    return salted_hmac("telephony.doctor.answer", probe, algorithm="sha256").hexdigest()[:32]


def note(probe: str, hop: Hop, **facts: Any) -> None:
    """Write down that a probe has come."""
    cache.set(_key(probe, hop), facts, _KEPT_SECONDS)


def noted(probe: UUID, hop: Hop) -> dict[str, Any] | None:
    """Return what was written down of a probe, None while it has not come."""
    found = cache.get(_key(str(probe), hop))
    return found if isinstance(found, dict) else None


@contextmanager
def attending(hop: Hop) -> Iterator[None]:
    """Have whatever is refused at a hop written down as long as this lasts."""
    cache.delete(_refusal_key(hop))
    cache.set(_ATTENDING, 1, _KEPT_SECONDS)
    try:
        yield
    finally:
        cache.delete(_ATTENDING)


def note_refusal(path: str, code: str, address: str) -> None:
    """Write down who was refused, and why, while somebody wants to know; never fails."""
    hop = next((hop for hop in Hop if path.startswith(f"/freeswitch/{hop}")), None)
    try:
        if hop is not None and cache.get(_ATTENDING):
            cache.set(_refusal_key(hop), {"code": code, "address": address}, _KEPT_SECONDS)
    except DatabaseError:
        logger.warning("a refusal could not be noted: the cache is away")


def refusal_at(hop: Hop) -> dict[str, str] | None:
    """Return who was last refused at a hop, as `code` and `address`."""
    found = cache.get(_refusal_key(hop))
    return found if isinstance(found, dict) else None


def _probe_of(chosen: str) -> UUID:
    """Return the uuid made of random digits and a signature over them, in the shape of a random uuid."""
    signature = salted_hmac("telephony.doctor.probe", chosen, algorithm="sha256").hexdigest()
    return UUID(f"{_MARK}{chosen[:8]}4{chosen[8:]}8{signature[:15]}")


def _key(probe: str, hop: Hop) -> str:
    return f"doctor:{hop}:{probe}"


def _refusal_key(hop: Hop) -> str:
    return f"doctor:refused:{hop}"
