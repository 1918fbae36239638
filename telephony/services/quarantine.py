"""Keep what the switch sent and nobody could read."""

import hashlib
import logging

from django.db.models import F
from django.utils import timezone

from telephony.models import Quarantine
from web.encryption import cipher

logger = logging.getLogger("portal.intake")

KEPT_BYTES = 256 * 1024


def keep(
    kind: Quarantine.Kind,
    body: bytes,
    reason: str,
    *,
    size: int | None = None,
    content_type: str = "",
    leg_uuid: str = "",
    address: str | None = None,
) -> Quarantine:
    """Keep a body (its first 256 KiB) with the reason why it could not be read; the same bytes are kept once."""
    kept = body[:KEPT_BYTES]
    entry, created = Quarantine.objects.get_or_create(
        kind=kind,
        sha256=hashlib.sha256(kept).hexdigest(),
        defaults={
            # Nobody could read it: so nobody took out of it what opens something.
            "body": cipher().encrypt(kept),
            "reason": reason[:255],
            "size_bytes": len(body) if size is None else size,
            "content_type": _plain(content_type)[:255],
            "leg_uuid": _plain(leg_uuid)[:64],
            "address": address,
        },
    )
    if not created:
        Quarantine.objects.filter(pk=entry.pk).update(times_seen=F("times_seen") + 1, last_seen_at=timezone.now())
    logger.warning("quarantined", extra={"kind": kind, "reason": reason, "quarantine_id": entry.pk})
    return entry


def _plain(text: str) -> str:
    """Drop what PostgreSQL cannot store and a page should not show."""
    return "".join(c for c in text if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF)
