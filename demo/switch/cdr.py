"""A leg's call record, as mod_json_cdr writes it with `encode=false` and `encode-values=false`."""

import json
from typing import Any

from demo.switch.endings import held_for, media_statistics
from demo.switch.events import Switch
from demo.switch.legs import Leg

# What the core knows of a channel, as one that was answered, one that only had early sound, and one that had neither shows it.
_FLAGS = {
    "answered": "0=1;1=1;2=1;22=1;39=1;40=1;42=1;45=1;50=1;55=1;107=1;113=1;114=1;123=1;160=1;165=1;166=1",
    "early": "0=1;3=1;39=1;40=1;42=1;55=1;113=1;114=1;123=1;160=1;165=1;166=1",
    "silent": "0=1;2=1;22=1;40=1;42=1;45=1;113=1;114=1",
}
_CAPABILITIES = "1=1;2=1;3=1;4=1;5=1;6=1;8=1;9=1;10=1"


def record_of(leg: Leg, switch: Switch) -> bytes:
    """Return the record of a leg that has ended."""
    heard = bool(leg.times.answered or leg.times.progress_media)
    state = "answered" if leg.times.answered else "early" if heard else "silent"
    record: dict[str, Any] = {
        "core-uuid": switch.core_uuid,
        "switchname": switch.name,
        "channel_data": {
            "state": "CS_REPORTING", "direction": leg.direction, "state_number": "11",
            "flags": _FLAGS[state], "caps": _CAPABILITIES,
        },
        "callStats": {"audio": media_statistics(leg)} if heard else {},
        "variables": leg.variables,
    }  # fmt: skip
    if leg.applications:
        log = [{"app_name": each.name, "app_data": each.data, "app_stamp": str(each.at)} for each in leg.applications]
        record["app_log"] = {"applications": log}
    record["callflow"] = [callflow(leg), *leg.callflow]
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def callflow(leg: Leg, transferred_at: int = 0) -> dict[str, Any]:
    """Return what the leg is now as an entry of its callflow; `transferred_at` is when it ceases to be that."""
    entry: dict[str, Any] = {"dialplan": leg.profile.dialplan} if leg.profile.dialplan else {}
    entry["profile_index"] = str(len(leg.callflow) + 1)
    if leg.applications:
        entry["extension"] = _extension(leg)
    profile = _profile(leg)
    role = leg.role
    other = leg.other if leg.relation is not None else leg.originator or leg.other
    if role and other:
        profile[role] = {f"{role}_caller_profiles": [_profile(other)]}
    return entry | {"caller_profile": profile, "times": _times(leg, transferred_at)}


def _extension(leg: Leg) -> dict[str, Any]:
    first = leg.applications[0]
    # A leg that a dialplan drives names its extension; one that `originate` gave an application, the application.
    name, number = ("x", leg.profile.destination) if leg.direction == "inbound" else (first.name, first.data)
    applications = [{"app_name": each.name, "app_data": each.data} for each in leg.applications]
    return {"name": name, "number": number, "applications": applications}


def _profile(leg: Leg) -> dict[str, Any]:
    profile = leg.profile
    return {
        "username": profile.username, "dialplan": profile.dialplan, "caller_id_name": profile.caller_name, "ani": profile.ani,
        "aniii": "", "caller_id_number": profile.caller_number, "network_addr": profile.network_addr, "rdnis": "",
        "destination_number": profile.destination, "uuid": leg.uuid, "source": profile.source, "context": profile.context,
        "chan_name": leg.channel_name,
    }  # fmt: skip


def _times(leg: Leg, transferred_at: int) -> dict[str, str]:
    times = leg.times
    last_hold = leg.holds[-1][0] if leg.holds else 0
    moments = {
        "created_time": times.created, "profile_created_time": times.profile_created or times.created,
        "progress_time": times.progress, "progress_media_time": times.progress_media, "answered_time": times.answered,
        "bridged_time": times.bridged,
        "last_hold_time": last_hold, "hold_accum_time": held_for(leg), "hangup_time": times.hangup, "resurrect_time": 0,
        "transfer_time": transferred_at,
    }  # fmt: skip
    return {name: str(at) for name, at in moments.items()}
