"""Take in the switch's records: each leg once, joined into its call, or kept in quarantine."""

import enum
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from telephony.models import Call, CallAlias, Leg, LegLink, Quarantine, Recording, Switch, UnrecordedLeg
from telephony.services import announcing, probes, quarantine
from telephony.services.call_links.progress import settle
from telephony.services.recording_pauses import note_keys
from telephony.services.resolution import resolve
from telephony.services.tallies import note_change
from telephony.switch.cdr import LegRecord, parse_cdr
from telephony.switch.errors import CdrError
from telephony.switch.masks import masks_in
from telephony.switch.summary import summarise
from web.locks import lock_names

logger = logging.getLogger("portal.intake")

# A call has a handful of legs. A record that names more than this is no call, and each name costs a lock.
MOST_LINKS = 100
ATTEMPTS = 3
SWITCH_SEEN_EVERY = timedelta(seconds=10)


class Result(enum.StrEnum):
    """What became of a posted record."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a posted record, and why where it was not stored."""

    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a posted body came from."""

    content_type: str = ""
    leg_uuid: str = ""
    address: str | None = None


class UnusableRecordError(Exception):
    """The record can be read but not be stored; says why."""


def take_in(body: bytes, origin: Origin) -> Intake:
    """Store the leg that `body` records, or keep it in quarantine; when this returns, what it did is committed.

    Raises OperationalError or InterfaceError while the database is away: then nothing was stored.
    """
    intake = try_to_take_in(body, origin)
    if intake.result is Result.QUARANTINED:
        quarantine.keep(
            Quarantine.Kind.CDR,
            body,
            intake.reason,
            content_type=origin.content_type,
            leg_uuid=origin.leg_uuid,
            address=origin.address,
        )
    return intake


def try_to_take_in(body: bytes, origin: Origin) -> Intake:
    """Do the same without keeping what cannot be stored: the answer says that it belongs in quarantine, and why."""
    try:
        record = parse_cdr(body, origin.content_type)
        if probes.is_probe(record.uuid):
            _note_probe(record)
            return Intake(Result.PROBE)
        return Intake(_store_with_retries(record))
    except CdrError as error:
        reason = error.reason
    except UnusableRecordError as error:
        reason = str(error)
    except (DataError, IntegrityError, ValueError) as error:
        # Whatever a record holds, the switch must not be told to try it for ever: staff get to see it instead.
        logger.exception("a record could not be stored")
        reason = f"The record could not be stored: {type(error).__name__}."
    return Intake(Result.QUARANTINED, reason)


def _note_probe(record: LegRecord) -> None:
    """Let the doctor know that the record of a call to nobody came; it is no call."""
    probes.note(
        record.uuid,
        probes.Hop.RECORD,
        hangup_cause=record.hangup_cause,
        record_ms=record.record_ms,
        switchname=record.switchname,
    )


def _store_with_retries(record: LegRecord) -> Result:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _store(record)
        except OperationalError as error:
            # Two joins of the same calls can wait for each other: PostgreSQL ends one of them.
            if "deadlock" not in str(error) or attempt == ATTEMPTS:
                raise
            logger.warning("deadlock while joining legs, trying again", extra={"leg_uuid": record.uuid})
    raise AssertionError("unreachable")


@transaction.atomic(durable=True)
def _store(record: LegRecord) -> Result:
    names = {record.uuid, *record.links}
    if len(names) > MOST_LINKS:
        raise UnusableRecordError(f"The record names {len(names)} other legs, more than {MOST_LINKS}.")
    lock_names(names)
    known = Leg.objects.only("started_at").filter(uuid=record.uuid).first()
    if known is not None:
        if known.started_at != record.started_at:
            raise UnusableRecordError("The leg's uuid stands already for another call: the switch used it again.")
        return Result.DUPLICATE
    calls = _lock_joined_calls(record.uuid, record.links)
    legs = list(Leg.objects.filter(call__in=calls).defer("raw"))
    switch = _switch(record)
    fields = resolve(summarise([*legs, record]), switch)
    began = [call.started_at for call in calls]
    call = _merge(calls) if calls else Call()
    for name, value in fields.items():
        setattr(call, name, value)
    call.save()
    note_change([*began, call.started_at])
    leg = Leg.objects.create(call=call, switch=switch, **_columns(record))
    LegLink.objects.bulk_create(LegLink(leg=leg, uuid=uuid) for uuid in sorted(record.links))
    Recording.objects.filter(leg_uuid=record.uuid, call=None).update(call=call)
    UnrecordedLeg.objects.filter(uuid=record.uuid).delete()
    note_keys(leg, masks_in(record.raw))
    settle(call)
    announcing.records_changed(call)
    return Result.STORED


def _lock_joined_calls(uuid: str, links: frozenset[str]) -> Sequence[Call]:
    """Return the calls that a leg belongs to, elder first, locked.

    While one waits for a lock another may have merged the call away, so look again until nothing has moved.
    """
    while True:
        wanted = _joined_calls(uuid, links)
        if not wanted:
            return []
        locked = list(Call.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
        if {call.pk for call in locked} == _joined_calls(uuid, links):
            return locked


def _joined_calls(uuid: str, links: frozenset[str]) -> set[int]:
    """Return the ids of the calls of the legs that this one names, and of those that name it or the same third one.

    A call that ended with its switch has legs without a record as well. Three queries, each by its index: as one, with an OR
    between, it would read every call there is.
    """
    named = Leg.objects.filter(uuid__in=links).values_list("call_id", flat=True)
    naming = LegLink.objects.filter(uuid__in={uuid, *links}).values_list("leg__call_id", flat=True)
    unrecorded = UnrecordedLeg.objects.filter(uuid__in={uuid, *links}).values_list("call_id", flat=True)
    return {*named, *naming, *unrecorded}


def _merge(calls: Sequence[Call]) -> Call:
    """Make one call of several: the elder row stays, the others' ids lead to it."""
    elder, *younger = calls
    for call in younger:
        Leg.objects.filter(call=call).update(call=elder)
        Recording.objects.filter(call=call).update(call=elder)
        UnrecordedLeg.objects.filter(call=call).update(call=elder)
        CallAlias.objects.filter(call=call).update(call=elder)
        CallAlias.objects.create(former_id=call.pk, former_uuid=call.call_uuid, call=elder)
        call.delete()
    return elder


def _switch(record: LegRecord) -> Switch | None:
    """Return the switch that sent the record, noted down on first sight."""
    if not record.switchname:
        return None
    now = timezone.now()
    switch, _ = Switch.objects.get_or_create(name=record.switchname)
    # One row a switch: writing it with every record would make all records wait for each other.
    stale = Q(last_cdr_at=None) | Q(last_cdr_at__lt=now - SWITCH_SEEN_EVERY)
    # Where the switch itself has said which run of it this is, a record that lay in a file since before knows no better.
    core_uuid = Case(When(event_socket="", then=Value(record.core_uuid)), default=F("core_uuid"))
    Switch.objects.filter(stale, pk=switch.pk).update(last_cdr_at=now, core_uuid=core_uuid, updated_at=now)
    return switch


def _columns(record: LegRecord) -> dict[str, Any]:
    """Return the record's values for the columns of a leg, texts cut to what the column holds."""
    columns: dict[str, Any] = {}
    for field in Leg._meta.concrete_fields:
        if hasattr(record, field.attname):
            value = getattr(record, field.attname)
            columns[field.attname] = value[: field.max_length] if isinstance(field, models.CharField) else value
    return columns
