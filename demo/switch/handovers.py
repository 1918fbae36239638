"""What transfers do to legs: the variables and callflows that their records show.

Source: records of FreeSWITCH 1.11.1.
"""

import uuid

from demo.switch.cdr import callflow
from demo.switch.endings import MICROSECONDS
from demo.switch.legs import Leg, Profile, Role

_FALLBACK_CONTEXT = "default"


def leave_blind(leg: Leg, other: Leg, number: str) -> None:
    """The leg's phone has sent the other one on."""
    leg.variables |= {
        "transfer_disposition": "recv_replace", "transfer_to": f"blind:{other.uuid}", "transfer_destination": f"blind:{number}",
        "transfer_fallback_extension": leg.endpoint.address, "endpoint_disposition": "BLIND_TRANSFER",
    }  # fmt: skip
    other.variables["sip_refer_to"] = f"<sip:{number}@{leg.endpoint.domain}>"


def leave_attended(leg: Leg, consulted: Leg, other: Leg) -> None:
    """The leg's phone has joined others: of its two legs this one knows of the second, and with whom it was."""
    leg.variables |= {
        "transfer_disposition": "recv_replace", "refer_uuid": consulted.uuid, "transfer_to": f"att:{other.uuid}",
    }  # fmt: skip
    consulted.variables |= {"transfer_disposition": "replaced", "endpoint_disposition": "ATTENDED_TRANSFER"}


def come_back(leg: Leg, number: str, at: int) -> str:
    """The leg begins anew, at a number: return in which context."""
    context = leg.variables.get("force_transfer_context") or leg.profile.context or _FALLBACK_CONTEXT
    source = f"{at // MICROSECONDS}:{uuid.uuid4()}:bl_xfer:{number}/{context}/XML"
    leg.variables |= {"transfer_history": source, "transfer_source": source, "hangup_after_bridge": "false"}
    _begin_anew(leg, at, destination=number, context=context)
    leg.other = None
    return context


def bridge(first: Leg, second: Leg, at: int) -> None:
    """Two legs are connected whose own other ends have left them."""
    sides: tuple[tuple[Leg, Leg, Role], ...] = ((first, second, "originatee"), (second, first, "originator"))
    for leg, other, kind in sides:
        leg.variables |= {
            "transfer_disposition": "bridge",
            "transfer_source": f"{at // MICROSECONDS}:{uuid.uuid4()}:uuid_br:{other.uuid}",
            "signal_bond": other.uuid,
        }
        _begin_anew(leg, at, destination=leg.profile.destination, context=leg.profile.context)
        leg.relation = kind
    for leg, other in ((first, second), (second, first)):
        leg.other, leg.times.bridged = other, at
        leg.relate(other)
        leg.fill("bridged")


def _begin_anew(leg: Leg, at: int, *, destination: str, context: str) -> None:
    """Keep what the leg was until now as an entry of its callflow, and let it be something new."""
    leg.callflow.insert(0, callflow(leg, transferred_at=at))
    old = leg.profile
    if leg.originator and leg.relation is None:
        # The phone that was called calls from now on.
        leg.variables |= {
            "pre_transfer_caller_id_name": old.caller_name, "pre_transfer_caller_id_number": old.caller_number,
        }  # fmt: skip
    is_called = leg.direction == "outbound" and leg.endpoint.is_user
    number = leg.endpoint.address if is_called else old.caller_number
    leg.profile = Profile(
        username=old.username, dialplan="XML", caller_name=old.caller_name if not is_called else number, caller_number=number,
        original_name=old.original_name, original_number=old.original_number, network_addr=old.network_addr, ani=old.ani,
        destination=destination, source=old.source, context=context,
    )  # fmt: skip
    leg.relation = "originatee"
    leg.times.profile_created, leg.times.bridged = at, 0
    leg.applications = []
