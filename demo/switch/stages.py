"""What happens to a leg, step by step: the same for calls that run now and for those of the past.

Each step takes the time at which it happens, in microseconds.
"""

import random

from demo.switch.causes import dial_status_of, q850_of
from demo.switch.dial_strings import Endpoint
from demo.switch.endings import media_variables, recording_variables, time_variables
from demo.switch.legs import CALLEE_NAME, Application, Leg
from demo.switch.scenarios import Outcome


def ring(leg: Leg, at: int) -> None:
    """The far end's phone rings."""
    leg.times.progress = at
    leg.profile.network_addr = "127.0.0.1"
    leg.fill("progress", f"progress.{leg.kind}")


def hear(leg: Leg, at: int) -> None:
    """There is sound before the answer."""
    leg.times.progress_media = at
    leg.fill(*(("early", "media", "media.user") if leg.direction == "inbound" else ("codec",)))


def answer(leg: Leg, at: int) -> None:
    """The far end answers."""
    leg.times.answered = at
    leg.profile.network_addr = "127.0.0.1"
    leg.fill("codec", "media", *(("media.user", "inbound.answered") if leg.direction == "inbound" else (f"media.{leg.kind}",)))


def accept(leg: Leg, directory: dict[str, str]) -> None:
    """The leg that the switch placed for itself is there: it takes what the directory says of its user and turns round.

    From now on the far end is the caller, so the switch exchanges what it shows of caller and callee.
    """
    leg.fill("accepted", f"accepted.{leg.kind}")
    leg.variables = directory | leg.variables
    profile = leg.profile
    profile.caller_name, profile.callee_name = CALLEE_NAME, profile.caller_name
    profile.caller_number, profile.callee_number = profile.destination, profile.caller_number


def execute(leg: Leg, name: str, data: str, at: int) -> None:
    """An application starts on the leg."""
    leg.applications.append(Application(name, data, at))
    leg.fill("executing", application=name, application_data=data)


def look_for(leg: Leg, endpoint: Endpoint) -> None:
    """The switch looks for somebody to connect the leg to; it may not find a user, but notes whom it looked for."""
    if endpoint.is_user:
        leg.fill("looking", other_address=endpoint.address, other_domain=endpoint.domain)


def call_other(leg: Leg, other: Leg) -> None:
    """The switch calls somebody for the leg."""
    leg.relate(other)
    leg.fill("ringing_other")


def bridge(leg: Leg, other: Leg, at: int) -> None:
    """The leg and the one that was called for it are connected."""
    leg.other, other.other = other, leg
    leg.times.bridged = other.times.bridged = at
    leg.profile.callee_name, leg.profile.callee_number = CALLEE_NAME, other.profile.destination
    leg.relate(other)
    other.relate(leg)
    leg.fill("reached", sent_name=CALLEE_NAME, sent_number=other.profile.destination)
    other.fill("bridged")


def fail_to_reach(leg: Leg, cause: str, other: Leg | None, outcome: Outcome) -> None:
    """Nobody could be connected to the leg; `other` is who was rung in vain, if anybody was."""
    leg.fill("unreached", other_cause=cause, dialstatus=dial_status_of(cause))
    if other:
        leg.profile.callee_name, leg.profile.callee_number = CALLEE_NAME, other.profile.destination
        leg.fill("unreached.rung", *(("unreached.ended",) if cause != "ORIGINATOR_CANCEL" else ()))
        if outcome.does == "refuses" and cause == outcome.cause:
            leg.fill("unreached.refused", sip_status=str(outcome.sip_status), sip_phrase=outcome.sip_phrase)


def hang_up(leg: Leg, cause: str, how: str, at: int, outcome: Outcome | None = None) -> None:
    """The leg ends, by the far end (`recv_…`) or by the switch (`send_…`)."""
    leg.cause, leg.times.hangup = cause, at
    if leg.other:
        own_role = "bridged.originatee" if leg.originator else "bridged.originator"
        gone = ("bridged.other_gone",) if leg.other.variables.get("sip_hangup_disposition") == "recv_bye" else ()
        leg.fill("bridged", own_role, *gone, other_cause=leg.other.cause or "NORMAL_CLEARING")
    if "originated_legs" in leg.variables or (leg.originator and leg.other and leg.endpoint.is_user):
        leg.fill("reported")
    if leg.originator and leg.other:
        # A real switch shows either, by chance.
        own = random.Random(leg.uuid).random() < 0.5  # noqa: S311 - no secret
        leg.variables["call_uuid"] = leg.uuid if own else leg.originator.uuid
    leg.variables |= {"hangup_cause": cause, "hangup_cause_q850": str(q850_of(cause)), "digits_dialed": "none"}
    leg.variables |= time_variables(leg)
    if leg.applications:
        leg.fill("executed")
    answer_to = outcome or Outcome()
    leg.fill(f"end.{how}", sip_status=str(answer_to.sip_status), sip_phrase=answer_to.sip_phrase, q850=str(q850_of(cause)))
    if leg.times.answered or leg.times.progress_media:
        leg.variables |= media_variables(leg)


def record(leg: Leg, samples: int, size: int) -> None:
    """The recording of the leg is closed."""
    leg.variables |= recording_variables(samples, size)
