"""Read a call record of mod_json_cdr or mod_xml_cdr: what it says of one leg.

Source: records of FreeSWITCH 1.11.1.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from telephony.switch.cdr_cleaning import clean, line
from telephony.switch.cdr_decoding import MAX_CDR_BYTES, decode_record
from telephony.switch.errors import CdrError

__all__ = ["MAX_CDR_BYTES", "LegRecord", "parse_cdr"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
MOST_SECONDS: Final = 2**31 - 1

_UUID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_CANONICAL_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_CAUSE = re.compile(r"[A-Z0-9_]{1,64}")
_TRANSFER = re.compile(r"(?:blind|att|uuid_br):([0-9A-Za-z][0-9A-Za-z._-]{0,63})")
_CALL_DIRECTIONS = frozenset({"inbound", "outbound", "local"})


class Reader(Protocol):
    """Reads a channel variable as one line of text."""

    def __call__(self, name: str, longest: int = 255) -> str:
        """Return the variable's text, "" where it is missing."""
        ...


@dataclass(slots=True, kw_only=True)
class LegRecord:
    """What a record says of one leg: times in UTC, lengths in seconds, "" and None where it says nothing."""

    uuid: str
    core_uuid: str
    switchname: str
    originator_uuid: str
    links: frozenset[str]
    direction: str
    call_direction: str
    context: str
    user: str
    user_domain: str
    dialed_user: str
    dialed_domain: str
    domain: str
    gateway: str
    caller_number: str
    caller_name: str
    destination: str
    started_at: datetime
    progress_at: datetime | None
    answered_at: datetime | None
    bridged_at: datetime | None
    ended_at: datetime | None
    billsec: int
    duration: int
    hangup_cause: str
    originate_disposition: str
    hold_seconds: int
    record_ms: int
    record_completion_cause: str
    portal_call_link: int | None
    portal_extension_id: int | None
    portal_number_id: int | None
    portal_payer_id: int | None
    mos: float | None
    jitter_ms: float | None
    packet_loss: float | None
    raw: dict[str, Any]

    @property
    def talked(self) -> bool:
        """Whether this leg was ever bridged to another."""
        return self.bridged_at is not None


def parse_cdr(body: bytes, content_type: str = "") -> LegRecord:
    """Return what the posted bytes, or a spilled file's, say of a leg.

    `content_type` is not believed: the bytes decide. Raises CdrError, whatever the bytes are.
    """
    record = decode_record(body)
    variables: dict[str, Any] = record["variables"]
    entries = _callflow(record)

    def text(name: str, longest: int = 255) -> str:
        return line(variables.get(name, ""), longest)

    uuid = _uuid(text("uuid"))
    if not uuid:
        raise CdrError("The record names no leg: its uuid is missing or malformed.")
    started_at = _instant(text("start_uepoch"))
    if started_at is None:
        raise CdrError("The record does not tell when the leg began: start_uepoch is missing or absurd.")
    return LegRecord(
        uuid=uuid,
        core_uuid=line(record.get("core-uuid", ""), 64),
        switchname=line(record.get("switchname", ""), 255),
        started_at=started_at,
        progress_at=_instant(text("progress_uepoch")) or _instant(text("progress_media_uepoch")),
        answered_at=_instant(text("answer_uepoch")),
        bridged_at=min(_bridges(entries), default=None),
        ended_at=_instant(text("end_uepoch")),
        raw=clean(record),
        **_relations(uuid, text, entries),
        **_parties(text, entries),
        **_result(text),
        **_quality(record),
    )


# -- the record's parts ----------------------------------------------------------------------------------------------------


def _callflow(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of the callflow, newest first as the switch has them."""
    entries = record.get("callflow")
    if isinstance(entries, dict):
        entries = [entries]
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _inner(structure: Any, *names: str) -> dict[str, Any]:
    """Return the object at the end of a path, an empty one where there is none."""
    for name in names:
        structure = structure.get(name) if isinstance(structure, dict) else None
    return structure if isinstance(structure, dict) else {}


def _relatives(entry: dict[str, Any], kind: str) -> Iterator[str]:
    """Yield the uuids of an entry's originators or originatees."""
    relation = _inner(entry, "caller_profile", kind)
    profiles = relation.get(f"{kind}_caller_profiles")
    for profile in profiles if isinstance(profiles, list) else [relation]:
        if isinstance(profile, dict) and (uuid := _uuid(line(profile.get("uuid", ""), 65))):
            yield uuid


def _relations(uuid: str, text: Reader, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the leg's parent and every other leg that the record names."""
    originators = [found for entry in reversed(entries) for found in _relatives(entry, "originator")]
    originatees = [found for entry in entries for found in _relatives(entry, "originatee")]
    transfer = _TRANSFER.match(text("transfer_to"))
    named = [_uuid(text(name)) for name in ("originating_leg_uuid", "bridge_uuid", "refer_uuid")]
    named.append(_uuid(transfer[1]) if transfer else "")
    parents = [parent for parent in (named[0], *originators) if parent and parent != uuid]
    return {
        "originator_uuid": parents[0] if parents else "",
        "links": frozenset({*named, *originators, *originatees} - {uuid, ""}),
    }


def _bridges(entries: list[dict[str, Any]]) -> Iterator[datetime]:
    for entry in entries:
        bridged_at = _instant(line(_inner(entry, "times").get("bridged_time", ""), 30))
        if bridged_at is not None:
            yield bridged_at


def _parties(text: Reader, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return who is on the leg, who called and whom."""
    direction = text("direction")
    # The newest entry comes first; what was dialled at first stands in the oldest.
    oldest = _inner(entries[-1], "caller_profile") if entries else {}
    gateway = text("sip_gateway_name") or text("sip_gateway")
    user, user_domain = _user(text, direction)
    destination = line(oldest.get("destination_number", ""), 255) or text("destination_number")
    if direction == "outbound" and not gateway and user:
        # What was dialled is the phone's contact address, which means nothing to people.
        destination = user
    call_direction = text("call_direction")
    caller_number = line(oldest.get("caller_id_number", ""), 64)
    caller_name = line(oldest.get("caller_id_name", ""), 128)
    return {
        "direction": direction if direction in ("inbound", "outbound") else "",
        "call_direction": call_direction if call_direction in _CALL_DIRECTIONS else "",
        "context": line(oldest.get("context", ""), 255),
        "user": user,
        "user_domain": user_domain,
        "dialed_user": text("dialed_user"),
        "dialed_domain": text("dialed_domain"),
        "domain": text("domain_name") or user_domain or text("dialed_domain"),
        "gateway": gateway,
        "caller_number": caller_number,
        "caller_name": caller_name if caller_name != caller_number else "",
        "destination": destination,
    }


def _user(text: Reader, direction: str) -> tuple[str, str]:
    """Return the extension whose phone is on the leg, and its domain.

    A phone that placed the leg proved its name (`user_name`); a leg that the switch placed has the name that was rung.
    What a caller merely claims (From, `presence_id` of a leg that came in) counts for nothing.
    """
    if text("user_name"):
        return text("user_name"), text("domain_name") or text("dialed_domain")
    name, _, domain = text("presence_id").partition("@") if direction == "outbound" else ("", "", "")
    return (name, domain or text("dialed_domain")) if name else ("", "")


def _result(text: Reader) -> dict[str, Any]:
    """Return how the leg ended and how long it took."""
    return {
        "billsec": _seconds(text("billsec", 30)),
        "duration": _seconds(text("duration", 30)),
        "hangup_cause": _cause(text("hangup_cause")),
        "originate_disposition": _cause(text("originate_disposition")),
        "hold_seconds": _seconds(text("hold_accum_seconds", 30)),
        "record_ms": _whole(text("record_ms", 30)) or 0,
        "record_completion_cause": text("record_completion_cause", 64),
        "portal_call_link": _whole(text("portal_call_link", 30)),
        "portal_extension_id": _whole(text("portal_extension_id", 30)),
        "portal_number_id": _whole(text("portal_number_id", 30)),
        "portal_payer_id": _whole(text("portal_payer", 30)),
    }


def _quality(record: dict[str, Any]) -> dict[str, Any]:
    """Return what the switch measured of the sound that it received.

    Jitter is the root of the largest variance of the packets' spacing, in milliseconds; loss is in percent.
    """
    measured = _inner(record, "callStats", "audio", "inbound")
    mos = _decimal(measured.get("mos"))
    variance = _decimal(measured.get("jitter_max_variance"))
    packets, skipped = _decimal(measured.get("media_packet_count")), _decimal(measured.get("skip_packet_count"))
    loss = None
    if packets is not None and skipped is not None and packets >= 0 and skipped >= 0 and packets + skipped > 0:
        loss = round(100 * skipped / (packets + skipped), 2)
    return {
        "mos": mos if mos is not None and 1 <= mos <= 5 else None,
        "jitter_ms": round(math.sqrt(variance), 2) if variance is not None and variance >= 0 else None,
        "packet_loss": loss,
    }


# -- the record's values ---------------------------------------------------------------------------------------------------


def _uuid(text: str) -> str:
    """Return a leg's uuid, a canonical one in lower case; "" for what is none."""
    if _CANONICAL_UUID.fullmatch(text):
        return text.lower()
    return text if _UUID.fullmatch(text) else ""


def _instant(text: str) -> datetime | None:
    """Return the time of so many microseconds since 1970; None for 0, "never", and for what is none."""
    if not _WHOLE_NUMBER.fullmatch(text):
        return None
    try:
        instant = EPOCH + timedelta(microseconds=int(text))
    except OverflowError:
        return None
    return instant if EARLIEST <= instant < LATEST else None


def _seconds(text: str) -> int:
    return min(_whole(text) or 0, MOST_SECONDS)


def _whole(text: str) -> int | None:
    """Return a whole number above 0 that the database holds, None for anything else."""
    return (int(text) or None) if _WHOLE_NUMBER.fullmatch(text) else None


def _cause(text: str) -> str:
    return text if _CAUSE.fullmatch(text) else ""


def _decimal(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if -1e15 < value < 1e15 else None
    return float(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None
