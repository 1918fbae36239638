"""What the switch is to do with the source of a call link, rung or dialling in: decided when it asks, and given out once."""

import logging
import re
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone

from telephony.fields import normalise_number
from telephony.models import Assignment, CallLink, Switch
from telephony.services.cell_phones import cell_phone_of
from telephony.services.dialing import DestinationNotAllowedError, check_callable
from telephony.services.routing import Dialled, route_for
from telephony.services.subscribers import holder_at, holder_of_number
from telephony.services.talk_limits import allowance_of, link_allowance_of, link_minutes_used_up, outside_minutes_used_up
from telephony.switch.dialplan import CallLimits, CallOut, LinkMarks, Plan, Refuse, Ring

logger = logging.getLogger("portal.call_links")

RING_SECONDS: Final = 25
LONGEST_EXTENSION: Final = 7
# Both phones ring, one after the other, and then some: a link of which nothing was heard by then is asked after.
SET_UP_WITHIN: Final = timedelta(seconds=75)

_LINK = re.compile(r"link([1-9][0-9]{0,17})")
_LEG_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _RefusedError(Exception):
    """The link may not go on; `cause` for the switch, the message for people."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def plan_of_link(call: Dialled, destination_leg_uuid: str) -> Plan:
    """Return how a source that has answered is connected; a refusal for everybody but the leg that the link rang.

    Proof is what only the portal and the switch know, the uuids of both legs. Whoever asks a second time is refused, too.
    """
    link = _asked_for(call, destination_leg_uuid)
    if link is None or not link.take_up():
        reason = "No call link waits for this leg: refused."
        return Plan(context=call.context, action=Refuse(cause="CALL_REJECTED"), reasons=(reason,))
    return _carried_out(link, call, is_answered=True)


def plan_of_dial_in(call: Dialled, caller: str, switch_name: str) -> Plan | None:
    """Return how somebody is connected who dials in to a link of theirs; None for every other call.

    `caller` is what the carrier says of who calls, and can be forged: so it opens no more than the one destination that
    the number's holder has named a moment ago, once.
    """
    link = _dialled_in_to(call, caller)
    if link is None or not _LEG_UUID.fullmatch(call.leg_uuid):
        return None
    switch = Switch.objects.filter(name=switch_name).first()
    if not link.take_up_call(UUID(call.leg_uuid), switch, SET_UP_WITHIN):
        return None
    return _carried_out(link, call, is_answered=False)


def _dialled_in_to(call: Dialled, caller: str) -> CallLink | None:
    try:
        number, cell_phone = normalise_number(call.destination), normalise_number(caller)
    except ValidationError:
        return None
    waiting = CallLink.objects.awaiting_a_call().filter(number__number=number, source_number=cell_phone)
    link = waiting.select_related("user", "extension__domain", "number").first()
    held = holder_of_number(number) if link else None
    if link is None or held is None or held.user_id != link.user_id or cell_phone_of(held.user) != cell_phone:
        return None
    return link


def _asked_for(call: Dialled, destination_leg_uuid: str) -> CallLink | None:
    named = _LINK.fullmatch(call.destination)
    if named is None:
        return None
    link = (
        CallLink.objects.filter(pk=int(named[1]), mode=CallLink.Mode.CALLBACK, sent_at__isnull=False)
        .select_related("user", "extension__domain", "number")
        .first()
    )
    if link is None or (call.leg_uuid, destination_leg_uuid) != (str(link.call_uuid), str(link.destination_leg_uuid)):
        return None
    return link


def _carried_out(link: CallLink, call: Dialled, *, is_answered: bool) -> Plan:
    """Return how a link's source is connected to its destination, at its owner's charge and within all their limits.

    What was allowed when the link was placed is asked again: a person, a number or a country may have gone meanwhile.
    """
    try:
        payer = _payer(link)
        _check_again(link, payer)
    except _RefusedError as refused:
        return Plan(
            context=call.context,
            action=Refuse(cause=refused.cause),
            link=_marks(link, is_answered=is_answered),
            reasons=(str(refused),),
        )
    plan = route_for(payer, replace(call, destination=_dialled(link)))
    action, limits = plan.action, None
    if isinstance(action, CallOut | Ring):
        action = replace(action, ring_seconds=RING_SECONDS)
    if isinstance(action, Ring) and _rang_outside(link, payer):
        allowed = allowance_of(payer.extension)
        limits = CallLimits(payer_id=payer.user_id, at_once=allowed.at_once, an_hour=allowed.an_hour)
    return replace(
        plan,
        action=action,
        # A link is its owner's call to somebody, whichever phones it rings.
        marks=replace(plan.marks, direction="outbound") if plan.marks else None,
        # Only a phone of theirs hands the call over at their charge; a cell phone is a carrier's leg, whoever says to be on it.
        party_id=payer.extension_id if _rang_own_phone(link, payer) else None,
        link=replace(_marks(link, is_answered=is_answered), limits=limits),
    )


def _marks(link: CallLink, *, is_answered: bool) -> LinkMarks:
    return LinkMarks(
        link_id=link.pk,
        caller_id=link.number.number if link.number else "",
        longest_seconds=link_allowance_of(link.extension).longest_minutes * 60,
        is_answered=is_answered,
        destination_leg_uuid=link.destination_leg_uuid,
    )


def _payer(link: CallLink) -> Assignment:
    """Return by what the link's owner holds what they held when they placed it. Raises _RefusedError."""
    extension = link.extension
    held = holder_at(extension.number, extension.domain.name) if extension else None
    if held is None or held.user_id != link.user_id or held.number_id is None or held.number_id != link.number_id:
        raise _RefusedError("CALL_REJECTED", f"{link.user} does not hold the number of the link any more.")
    return held


def _check_again(link: CallLink, payer: Assignment) -> None:
    if _rang_outside(link, payer):
        try:
            check_callable(link.source_number)
        except DestinationNotAllowedError as error:
            raise _RefusedError("OUTGOING_CALL_BARRED", str(error)) from None
        # Of a destination outside the way there asks this.
        if outside_minutes_used_up(payer):
            raise _RefusedError("OUTGOING_CALL_BARRED", f"{payer.user} has talked enough to the outside for a day.")
    under_way = CallLink.objects.of(payer.user).under_way(timezone.now()).exclude(pk=link.pk)
    at_once = link_allowance_of(payer.extension).at_once
    if link.mode == CallLink.Mode.DIAL_IN and under_way.count() >= at_once:
        raise _RefusedError("CALL_REJECTED", f"{payer.user} has {at_once} call links under way.")
    if link_minutes_used_up(payer):
        raise _RefusedError("OUTGOING_CALL_BARRED", f"{payer.user} has talked enough by call links for a day.")


def _dialled(link: CallLink) -> str:
    """Return a link's destination as it would be dialled: what is no extension is E.164 digits, and no number at home."""
    number = link.destination_number
    return number if len(number) <= LONGEST_EXTENSION else f"+{number}"


def _rang_outside(link: CallLink, payer: Assignment) -> bool:
    """Tell whether the source was called through a gateway, and so at somebody's charge."""
    return link.mode == CallLink.Mode.CALLBACK and not _rang_own_phone(link, payer)


def _rang_own_phone(link: CallLink, payer: Assignment) -> bool:
    """Tell whether the source is a phone that is registered at the owner's extension."""
    own = {payer.extension.number, payer.number.number if payer.number else ""}
    return link.mode == CallLink.Mode.CALLBACK and link.source_number in own
