"""From what a record says to our own rows: which extensions, people, numbers and links a call has."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import User
from telephony.fields import normalise_number
from telephony.models import Assignment, CallLink, Domain, Extension, Gateway, Number, Provider, Switch
from telephony.switch.causes import outcome_of
from telephony.switch.summary import CallSummary, Party


def resolve(summary: CallSummary, switch: Switch | None) -> dict[str, Any]:
    """Return the values of a call's columns; what the portal does not know stays empty, and the call unassigned."""
    link = CallLink.objects.filter(pk=summary.call_link).first() if summary.call_link else None
    number = _number(summary)
    caller = _extension(summary.caller)
    callee = _extension(summary.callee)
    if callee is None and summary.direction == "inbound" and not summary.callee.user:
        callee = _holder_of(number, summary.started_at)
    return {
        "call_uuid": summary.call_uuid,
        "direction": summary.direction,
        "local": summary.local,
        "caller_number": _caller_number(summary, link)[:64],
        "caller_name": summary.caller_name[:128],
        "callee_number": _callee_number(summary, link)[:64],
        "caller_extension": caller,
        "callee_extension": callee,
        "caller_user": _user(caller, summary.started_at),
        "callee_user": _user(callee, summary.started_at),
        "number": number,
        "provider": _provider(number, summary.gateway),
        "domain": Domain.objects.filter(name=summary.domain.lower()).first() if summary.domain else None,
        "domain_name": summary.domain[:253],
        "switch": switch,
        "call_link": link,
        "started_at": summary.started_at,
        "answered_at": summary.answered_at,
        "ended_at": summary.ended_at,
        "answered": summary.answered,
        "bill_seconds": summary.bill_seconds,
        "duration_seconds": summary.duration_seconds,
        "hangup_cause": summary.hangup_cause[:64],
        "outcome": outcome_of(summary.hangup_cause, summary.answered).slug,
    }


def _caller_number(summary: CallSummary, link: CallLink | None) -> str:
    """Return who called; a carrier may have put a `+` before the number of whoever dialled in to a link."""
    if link is not None and link.mode == CallLink.Mode.DIAL_IN and summary.call_uuid == str(link.call_uuid):
        return link.source_number
    return summary.caller_number


def _callee_number(summary: CallSummary, link: CallLink | None) -> str:
    """Return whom a call was for: a link's destination, whoever answered for it and whatever was dialled to get there."""
    if link is not None and (summary.call_uuid == str(link.call_uuid) or not summary.callee_number):
        return link.destination_number
    return summary.callee_number


def _extension(party: Party) -> Extension | None:
    if party.extension_id is not None:
        known = Extension.objects.filter(pk=party.extension_id).first()
        if known is not None:
            return known
    return Extension.objects.at(party.user, party.domain) if party.user and party.domain else None


def _user(extension: Extension | None, at: datetime) -> User | None:
    if extension is None:
        return None
    assignment = Assignment.objects.at(at).filter(extension=extension).select_related("user").first()
    return assignment.user if assignment else None


def _holder_of(number: Number | None, at: datetime) -> Extension | None:
    """Return the extension to which a number belonged: whom a call was for that reached no phone."""
    if number is None:
        return None
    assignment = Assignment.objects.at(at).filter(number=number).select_related("extension").first()
    return assignment.extension if assignment else None


def _number(summary: CallSummary) -> Number | None:
    if summary.our_number_id is not None:
        known = Number.objects.select_related("provider").filter(pk=summary.our_number_id).first()
        if known is not None:
            return known
    for text in summary.our_numbers:
        try:
            digits = normalise_number(text)
        except ValidationError:
            continue
        known = Number.objects.select_related("provider").filter(number=digits).first()
        if known is not None:
            return known
    return None


def _provider(number: Number | None, gateway_name: str) -> Provider | None:
    if number is not None:
        return number.provider
    gateway = Gateway.objects.select_related("provider").filter(name=gateway_name).first() if gateway_name else None
    return gateway.provider if gateway else None
