"""Hang up a call that goes on."""

from uuid import UUID

from accounts.models import AuditEntry, User
from telephony.models import LiveCall
from telephony.services.call_links.dialling import cancel
from telephony.services.live import channels
from telephony.services.switchboard import SwitchAwayError, reach
from telephony.switch.commands import UuidKill
from telephony.switch.errors import CommandRefusedError, SwitchError
from telephony.switch.esl import EventSocket

BY_STAFF, BY_A_PARTY, BEFORE_THE_ANSWER = "MANAGER_REQUEST", "NORMAL_CLEARING", "ORIGINATOR_CANCEL"


def hang_up(call: LiveCall, *, actor: User) -> bool:
    """End every leg of a call; tell whether the switch still had any. Raises SwitchAwayError where it cannot be told.

    Its rows go when the switch says that the legs have ended; those of which it knows nothing any more go at once. A call link
    is cancelled by whoever placed it, which also ends legs that are only being made.
    """
    described = {"state": call.state, "call_uuid": call.call_uuid, "switch": str(call.switch)}
    link = call.call_link
    own_link = link is not None and link.is_open and link.user_id == actor.pk
    if link is not None and own_link:
        cancel(link, actor=actor)
    ended = _kill_all(call, _cause(call, actor))
    # As long as somebody asks in vain there is nothing to write down.
    if ended or own_link:
        AuditEntry.objects.record("call.hung_up", call, actor=actor, before=described)
    return ended or own_link


def _cause(call: LiveCall, actor: User) -> str:
    if actor.pk not in (call.caller_user_id, call.callee_user_id):
        return BY_STAFF
    return BY_A_PARTY if call.answered_at else BEFORE_THE_ANSWER


def _kill_all(call: LiveCall, cause: str) -> bool:
    """End the legs, the eldest first: as a rule the others go with it. Raises SwitchAwayError."""
    gone = []
    ended = False
    try:
        with reach(call.switch) as socket:
            for leg in call.channels.all():
                if _kill(socket, leg.uuid, cause):
                    ended = True
                else:
                    gone.append(leg.uuid)
    except SwitchError as error:
        raise SwitchAwayError(str(error)) from error
    channels.forget(call.switch, gone)
    return ended


def _kill(socket: EventSocket, leg_uuid: str, cause: str) -> bool:
    try:
        socket.api(UuidKill(UUID(leg_uuid), cause))
    except CommandRefusedError:
        return False
    return True
