"""Calls that are handed over: what of it is refused before it begins."""

import logging
from uuid import UUID

from telephony.services.switchboard import addresses, reach
from telephony.switch.channels import is_contained
from telephony.switch.commands import UuidKill
from telephony.switch.errors import SwitchError
from telephony.switch.esl import SwitchAddress

logger = logging.getLogger("portal.switch")

CAUSE = "CALL_REJECTED"


def refuse_far_transfer(leg_uuid: str, parameters: str, headers: str) -> None:
    """Hang up the leg of a phone that tries to smuggle a dial string of its own into the switch.

    The switch waits for the answer to its question meanwhile, and dials nothing for a leg that is gone.
    """
    told = {"leg_uuid": leg_uuid[:64]}
    if is_contained(parameters, headers):
        logger.info("a transfer to another switch was refused", extra=told)
        return
    logger.warning("a phone tried to dial past the portal and is hung up", extra=told)
    try:
        command = UuidKill(UUID(leg_uuid), CAUSE)
    except ValueError:
        return
    if not any(_obeyed(address, command) for address in addresses()):
        logger.error("the phone that tries to dial past the portal could not be hung up", extra=told)


def _obeyed(address: SwitchAddress, command: UuidKill) -> bool:
    """Tell whether a switch knew the leg; on all but one it does not exist."""
    try:
        with reach(address) as socket:
            return socket.api(command).startswith("+OK")
    except SwitchError:
        return False
