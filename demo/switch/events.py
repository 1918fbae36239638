"""Events as the switch sends them: which headers, and how they are written down.

Source: the events of FreeSWITCH 1.11.1.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from demo.switch.endings import MICROSECONDS, stamp
from demo.switch.legs import Leg, Profile, Times

# Headers can come twice: the switch repeats Hangup-Cause.
Headers = list[tuple[str, str]]

# The event, where in the switch it comes from, and the channel's state (name, number, call state) when it does.
_ORIGINS: dict[str, tuple[str, str, str]] = {
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", "1569"),
    "CHANNEL_ANSWER": ("switch_channel.c", "switch_channel_perform_mark_answered", "3848"),
    "CHANNEL_BRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", "1689"),
    "CHANNEL_CREATE": ("switch_core_state_machine.c", "switch_core_session_run", "626"),
    "CHANNEL_DATA": ("mod_commands.c", "uuid_dump_function", "6495"),
    "CHANNEL_HANGUP_COMPLETE": ("switch_core_state_machine.c", "switch_core_session_reporting_state", "943"),
    "CHANNEL_HOLD": ("switch_ivr.c", "switch_ivr_hold", "1558"),
    "CHANNEL_UNBRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", "1879"),
    "CHANNEL_UNHOLD": ("switch_ivr.c", "switch_ivr_unhold", "1638"),
    "CHANNEL_PROGRESS": ("switch_channel.c", "switch_channel_perform_mark_ring_ready_value", "3507"),
    "CHANNEL_PROGRESS_MEDIA": ("switch_channel.c", "switch_channel_perform_mark_pre_answered", "3591"),
    "CUSTOM": ("sofia_reg.c", "sofia_reg_handle_register_token", "2059"),
    "HEARTBEAT": ("switch_core.c", "send_heartbeat", "95"),
    "sofia::gateway_state": ("sofia_reg.c", "sofia_reg_fire_custom_gateway_state_event", "156"),
    "REQUEST_PARAMS": ("mod_dptools.c", "user_outgoing_channel", "4368"),
    "RECORD_START": ("switch_ivr_async.c", "record_callback", "1482"),
    "RECORD_STOP": ("switch_ivr_async.c", "send_record_stop_event", "1241"),
}
_STATES: dict[str, tuple[str, str, str]] = {
    "CHANNEL_CREATE": ("CS_INIT", "2", "DOWN"),
    "CHANNEL_PROGRESS": ("CS_CONSUME_MEDIA", "7", "DOWN"),
    "CHANNEL_PROGRESS_MEDIA": ("CS_CONSUME_MEDIA", "7", "DOWN"),
    "CHANNEL_ANSWER": ("CS_CONSUME_MEDIA", "7", "RINGING"),
    "RECORD_START": ("CS_CONSUME_MEDIA", "7", "ACTIVE"),
    "CHANNEL_BRIDGE": ("CS_EXECUTE", "4", "ACTIVE"),
    "RECORD_STOP": ("CS_HANGUP", "10", "ACTIVE"),
    "CHANNEL_HOLD": ("CS_EXECUTE", "4", "HELD"),
    "CHANNEL_UNHOLD": ("CS_EXECUTE", "4", "UNHELD"),
    "CHANNEL_UNBRIDGE": ("CS_EXECUTE", "10", "ACTIVE"),
    "CHANNEL_HANGUP_COMPLETE": ("CS_REPORTING", "11", "HANGUP"),
}
NAMES = frozenset(_ORIGINS) | {
    "ALL", "API", "CALL_UPDATE", "CHANNEL_APPLICATION", "CHANNEL_CALLSTATE", "CHANNEL_DESTROY", "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", "CHANNEL_ORIGINATE", "CHANNEL_OUTGOING", "CHANNEL_PARK",
    "CHANNEL_STATE", "CHANNEL_UNPARK", "CHANNEL_UUID", "CODEC", "DTMF",
    "MESSAGE", "MODULE_LOAD", "NOTIFY", "PLAYBACK_START", "PLAYBACK_STOP", "PRESENCE_IN", "RELOADXML", "SHUTDOWN", "STARTUP",
}  # fmt: skip
_CODECS = ("Read", "Write")


@dataclass(frozen=True, slots=True)
class Switch:
    """What every event says of its switch."""

    core_uuid: str
    name: str = "fs1"
    hostname: str = "vm"
    ipv4: str = "192.0.2.2"
    ipv6: str = "fd00::2"


@dataclass(slots=True)
class Event:
    """An event: its headers in order, and its body if it has one."""

    name: str
    headers: Headers = field(default_factory=list)
    body: str = ""

    def get(self, name: str) -> str | None:
        """Return the first header of a name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def as_json(self) -> str:
        """Return the event as mod_event_socket writes it, repeated headers and all."""
        headers = list(self.headers)
        if self.body:
            headers += [("Content-Length", str(len(self.body.encode()))), ("_body", self.body)]
        return "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}" for key, value in headers) + "}"

    def as_plain(self) -> str:
        """Return the event as lines with percent-encoded values."""
        lines = "".join(f"{key}: {quote(value)}\n" for key, value in self.headers)
        return f"{lines}Content-Length: {len(self.body.encode())}\n\n{self.body}" if self.body else f"{lines}\n"


def event(name: str, switch: Switch, sequence: int, at: int, headers: Headers, body: str = "") -> Event:
    """Return an event with what all events start with."""
    subclass = next((value for key, value in headers if key == "Event-Subclass"), "")
    file, function, line = _ORIGINS.get(subclass) or _ORIGINS[name]
    moment = datetime.fromtimestamp(at / MICROSECONDS, UTC)
    # As the switch has it: the subclass comes first of all.
    start = [
        *([("Event-Subclass", subclass)] if subclass else []),
        ("Event-Name", name),
        ("Core-UUID", switch.core_uuid),
        ("FreeSWITCH-Hostname", switch.hostname),
        ("FreeSWITCH-Switchname", switch.name),
        ("FreeSWITCH-IPv4", switch.ipv4),
        ("FreeSWITCH-IPv6", switch.ipv6),
        ("Event-Date-Local", stamp(at)),
        ("Event-Date-GMT", moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        ("Event-Date-Timestamp", str(at)),
        ("Event-Calling-File", file),
        ("Event-Calling-Function", function),
        ("Event-Calling-Line-Number", line),
        ("Event-Sequence", str(sequence)),
    ]
    return Event(name, start + [(key, value) for key, value in headers if key != "Event-Subclass"], body)


def leg_headers(name: str, leg: Leg) -> Headers:
    """Return what an event tells of a leg: its state, its caller, the other leg's, its variables."""
    state, number, call_state = _STATES.get(name, state_of(leg))
    headers: Headers = [("Hangup-Cause", leg.cause)] if name == "CHANNEL_HANGUP_COMPLETE" else []
    if name == "CHANNEL_BRIDGE" and leg.other:
        headers += [("Bridge-A-Unique-ID", leg.uuid), ("Bridge-B-Unique-ID", leg.other.uuid)]
    headers += [
        ("Channel-State", state),
        ("Channel-Call-State", call_state),
        ("Channel-State-Number", number),
        ("Channel-Name", leg.channel_name),
        ("Unique-ID", leg.uuid),
        ("Call-Direction", leg.direction),
        ("Presence-Call-Direction", leg.direction),
        ("Channel-HIT-Dialplan", "true" if leg.executes else "false"),
        ("Channel-Presence-ID", leg.variables.get("presence_id", "")),
        ("Channel-Call-UUID", leg.call_uuid),
        ("Answer-State", leg.answer_state),
        ("Hangup-Cause", leg.cause),
        *_codec_headers(leg),
        *_profile_headers("Caller", leg, leg.profile),
        ("Caller-Profile-Index", str(len(leg.callflow) + 1)),
        *_time_headers("Caller", leg.times),
        *_privacy_headers("Caller"),
        *_other_headers(leg),
    ]
    headers += [(f"variable_{key}", value) for key, value in leg.variables.items()]
    return [(key, value) for key, value in headers if value]


def state_of(leg: Leg) -> tuple[str, str, str]:
    """Return the state that a leg is in: name, number, call state."""
    if leg.times.hangup:
        return "CS_REPORTING", "11", "HANGUP"
    if leg.is_held:
        return ("CS_EXECUTE", "4", "HELD") if leg.executes else ("CS_EXCHANGE_MEDIA", "5", "HELD")
    call_state = {"answered": "ACTIVE", "early": "EARLY"}.get(leg.answer_state, "RINGING" if leg.times.progress else "DOWN")
    if leg.executes:
        return "CS_EXECUTE", "4", call_state
    if leg.times.bridged:
        return "CS_EXCHANGE_MEDIA", "5", call_state
    return "CS_CONSUME_MEDIA", "7", call_state


def _codec_headers(leg: Leg) -> Headers:
    if "read_codec" not in leg.variables:
        return []
    parts = (("Name", "PCMU"), ("Rate", "8000"), ("Bit-Rate", "64000"))
    return [(f"Channel-{way}-Codec-{part}", value) for way in _CODECS for part, value in parts]


def _profile_headers(prefix: str, leg: Leg, profile: Profile) -> Headers:
    return [
        (f"{prefix}-Direction", leg.direction),
        (f"{prefix}-Logical-Direction", leg.direction if prefix == "Caller" else "inbound"),
        (f"{prefix}-Username", profile.username),
        (f"{prefix}-Dialplan", profile.dialplan),
        (f"{prefix}-Caller-ID-Name", profile.caller_name),
        (f"{prefix}-Caller-ID-Number", profile.caller_number),
        (f"{prefix}-Orig-Caller-ID-Name", profile.original_name),
        (f"{prefix}-Orig-Caller-ID-Number", profile.original_number),
        (f"{prefix}-Callee-ID-Name", profile.callee_name),
        (f"{prefix}-Callee-ID-Number", profile.callee_number),
        (f"{prefix}-Network-Addr", profile.network_addr),
        (f"{prefix}-ANI", profile.ani),
        (f"{prefix}-Destination-Number", profile.destination),
        (f"{prefix}-Unique-ID", leg.uuid),
        (f"{prefix}-Source", profile.source),
        (f"{prefix}-Context", profile.context),
        (f"{prefix}-Channel-Name", leg.channel_name),
    ]


def _time_headers(prefix: str, times: Times) -> Headers:
    moments = {
        "Profile-Created": times.profile_created or times.created, "Channel-Created": times.created,
        "Channel-Answered": times.answered,
        "Channel-Progress": times.progress, "Channel-Progress-Media": times.progress_media, "Channel-Hangup": times.hangup,
        "Channel-Transfer": 0, "Channel-Resurrect": 0, "Channel-Bridged": times.bridged,
    }  # fmt: skip
    headers = [(f"{prefix}-{name}-Time", str(at)) for name, at in moments.items()]
    holds = [("Last-Hold", times.last_hold), ("Hold-Accum", times.hold_accum)]
    return [*headers, *((f"{prefix}-Channel-{name}", str(value)) for name, value in holds)]


def _privacy_headers(prefix: str) -> Headers:
    return [
        (f"{prefix}-Screen-Bit", "true"), (f"{prefix}-Privacy-Hide-Name", "false"), (f"{prefix}-Privacy-Hide-Number", "false"),
    ]  # fmt: skip


def _other_headers(leg: Leg) -> Headers:
    other = leg.originator or leg.other
    if other is None:
        return []
    # Of the leg that it was called for, a leg knows no times but the one of its own ringing.
    times = Times(0, progress=leg.times.progress) if leg.originator else other.times
    return [
        ("Other-Type", leg.role),
        *_profile_headers("Other-Leg", other, leg.originator_profile or other.profile),
        *_time_headers("Other-Leg", times),
        *_privacy_headers("Other-Leg"),
    ]
