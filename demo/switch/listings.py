"""What the switch shows of itself: status, channels, calls, registrations, gateways.

Source: the answers of FreeSWITCH 1.11.1.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from demo.switch.endings import MICROSECONDS, stamp
from demo.switch.events import Headers, state_of
from demo.switch.exchange import Exchange, now
from demo.switch.legs import CARRIER_PORT, Leg, contact_of
from demo.switch.registrar import REGISTERED_FOR_SECONDS, Registration
from demo.switch.trunks import UP

VERSION = "1.11.1-release~64bit"
VERSION_LINE = f"FreeSWITCH Version {VERSION} ( 64bit)\n"
MOST_SESSIONS, SESSIONS_A_SECOND = 1000, 100
_RULE = "=" * 97 + "\n"
_UNITS = (("hour", 3600), ("minute", 60), ("second", 1))


def status(exchange: Exchange) -> str:
    """Answer `status`."""
    return (
        f"UP {uptime(exchange)}\nFreeSWITCH (Version 1.11.1-release  64bit) is ready\n"
        f"{exchange.sessions} session(s) since startup\n"
        f"{len(exchange.legs())} session(s) - peak {exchange.peak}, last 5min {exchange.peak} \n"
        f"0 session(s) per Sec out of max {SESSIONS_A_SECOND}, peak {exchange.peak}, last 5min {exchange.peak} \n"
        f"{MOST_SESSIONS} session(s) max\nmin idle cpu 0.00/97.50\nCurrent Stack Size/Max 240K/8192K\n"
    )


def uptime(exchange: Exchange) -> str:
    """Return how long the switch is up, in its own words."""
    elapsed = now() - exchange.started_at
    parts = [(0, "year"), (elapsed // MICROSECONDS // 86400, "day")]
    rest = elapsed // MICROSECONDS % 86400
    for name, size in _UNITS:
        parts.append((rest // size, name))
        rest %= size
    parts += [(elapsed // 1000 % 1000, "millisecond"), (elapsed % 1000, "microsecond")]
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts)


def heartbeat(exchange: Exchange) -> Headers:
    """Return what a HEARTBEAT tells."""
    return [
        ("Event-Info", "System Ready"),
        ("Up-Time", uptime(exchange)),
        ("FreeSWITCH-Version", VERSION),
        ("Uptime-msec", str((now() - exchange.started_at) // 1000)),
        ("Session-Count", str(len(exchange.legs()))),
        ("Max-Sessions", str(MOST_SESSIONS)),
        ("Session-Per-Sec", str(SESSIONS_A_SECOND)),
        ("Session-Per-Sec-Last", "0"),
        ("Session-Per-Sec-Max", str(exchange.peak)),
        ("Session-Per-Sec-FiveMin", str(exchange.peak)),
        ("Session-Since-Startup", str(exchange.sessions)),
        ("Session-Peak-Max", str(exchange.peak)),
        ("Session-Peak-FiveMin", str(exchange.peak)),
        ("Idle-CPU", "97.500000"),
    ]


def as_json(rows: list[dict[str, str]]) -> str:
    """Answer `show … as json`; a list without rows has only their number."""
    if not rows:
        return '{"row_count": 0}\n'
    return json.dumps({"row_count": len(rows), "rows": rows}, separators=(",", ":"), ensure_ascii=False) + "\n"


def channels(exchange: Exchange) -> list[dict[str, str]]:
    """Return the rows of `show channels`."""
    return [_channel(leg, exchange.identity.name) for leg in exchange.legs()]


def _channel(leg: Leg, name: str) -> dict[str, str]:
    profile, common = leg.profile, _common(leg)
    codec = dict.fromkeys(("read", "write"), ("PCMU", "8000", "64000") if "read_codec" in leg.variables else ("", "", ""))
    row: dict[str, Any] = common | {"dialplan": profile.dialplan, "context": profile.context}
    for way, (codec_name, rate, bits) in codec.items():
        row |= {f"{way}_codec": codec_name, f"{way}_rate": rate, f"{way}_bit_rate": bits}
    return row | {
        "secure": "", "hostname": name, "application": leg.applications[-1].name if leg.applications else "",
        "application_data": leg.applications[-1].data if leg.applications else "", "call_uuid": leg.call_uuid,
        "initial_cid_name": profile.original_name, "initial_cid_num": profile.original_number,
        "initial_ip_addr": profile.network_addr, "initial_dest": profile.destination,
        "initial_dialplan": profile.dialplan, "initial_context": profile.context,
    }  # fmt: skip


def _common(leg: Leg) -> dict[str, str]:
    profile = leg.profile
    return {
        "uuid": leg.uuid, "direction": leg.direction, "created": stamp(leg.times.created),
        "created_epoch": str(leg.times.created // MICROSECONDS), "name": leg.channel_name, "state": state_of(leg)[0],
        "cid_name": profile.caller_name, "cid_num": profile.caller_number, "ip_addr": profile.network_addr,
        "dest": profile.destination, "presence_id": leg.variables.get("presence_id", ""), "presence_data": "",
        "accountcode": leg.variables.get("accountcode", ""), "callstate": state_of(leg)[2],
        "callee_name": profile.callee_name, "callee_num": profile.callee_number, "callee_direction": "SEND",
        "sent_callee_name": leg.variables.get("last_sent_callee_id_name", ""),
        "sent_callee_num": leg.variables.get("last_sent_callee_id_number", ""),
    }  # fmt: skip


def calls(exchange: Exchange) -> list[dict[str, str]]:
    """Return the rows of `show calls`: two legs that are connected are one row, a leg alone is one, too."""
    rows = []
    for leg in exchange.legs():
        if leg.originator and leg.other:
            continue
        other = {f"b_{key}": value if leg.other else "" for key, value in _common(leg.other or leg).items()}
        since = leg.times.bridged or leg.times.created
        row = _common(leg) | {"call_uuid": leg.call_uuid, "hostname": exchange.identity.name}
        rows.append(row | other | {"call_created_epoch": str(since // MICROSECONDS)})
    return rows


def registrations(exchange: Exchange) -> list[dict[str, str]]:
    """Return the rows of `show registrations`: the core lists a phone until its time is up, also one that was thrown out."""
    return _rows_of(exchange, exchange.registrar.listed())


def _rows_of(exchange: Exchange, known: list[Registration]) -> list[dict[str, str]]:
    expires = str(exchange.started_at // MICROSECONDS + REGISTERED_FOR_SECONDS)
    return [
        {
            "reg_user": each.user, "realm": exchange.settings.domain, "token": f"{port:016x}",
            "url": f"sofia/internal/sip:{user}@{each.address}:{port}", "expires": expires, "network_ip": each.address,
            "network_port": str(port), "network_proto": "udp", "hostname": exchange.identity.name, "metadata": "",
        }
        for each in known for user, port in [contact_of(each.user)]
    ]  # fmt: skip


def registrations_xml(exchange: Exchange, address: str = "") -> str:
    """Answer `sofia xmlstatus profile internal reg`, or `… user USER@DOMAIN`: who is registered indeed."""
    until = datetime.fromtimestamp(exchange.started_at / MICROSECONDS + REGISTERED_FOR_SECONDS, UTC)
    left = max(0, REGISTERED_FOR_SECONDS - (now() - exchange.started_at) // MICROSECONDS)
    lines = "".join(
        f"    <registration>\n{_elements(_registration(row, f'{until:%Y-%m-%d %H:%M:%S}', left))}    </registration>\n"
        for row in _rows_of(exchange, exchange.registrar.registered(address))
    )
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
    return f"{head}<profile>\n  <registrations>\n{lines}  </registrations>\n</profile>\n"


def _registration(row: Mapping[str, str], until: str, left: int) -> dict[str, str]:
    address = f"{row['reg_user']}@{row['realm']}"
    return {
        "call-id": row["token"], "user": address, "contact": f'"" <{row["url"].removeprefix("sofia/internal/")}>',
        "agent": "baresip v1.0.0 (x86_64/linux)", "status": f"Registered(UDP)(unknown) exp({until}) expsecs({left})",
        "ping-status": "Reachable", "ping-time": "0.00", "host": row["hostname"], "network-ip": row["network_ip"],
        "network-port": row["network_port"], "sip-auth-user": row["reg_user"], "sip-auth-realm": row["realm"],
        "mwi-account": address,
    }  # fmt: skip


def _elements(values: Mapping[str, str]) -> str:
    entities = {'"': "&quot;"}
    return "".join(f"        <{name}>{escape(value, entities)}</{name}>\n" for name, value in values.items())


def gateway(exchange: Exchange, name: str) -> str:
    """Answer `sofia status gateway NAME`."""
    if exchange.trunks.status(name) is None:
        return "Invalid Gateway!\n"
    values = _gateway(exchange, name)
    values |= {"pingstate": "0/0/0", "uptime": f"{int(values['uptime-usec']) // MICROSECONDS}s"}
    return _RULE + "".join(f"{title.ljust(8)}\t{values[key]}\n" for title, key in _GATEWAY_LINES.items()) + _RULE


def gateways_xml(exchange: Exchange) -> str:
    """Answer `sofia xmlstatus gateway`."""
    shown = ""
    for name in exchange.trunks.names():
        lines = (f"    <{key}>{escape(value)}</{key}>\n" for key, value in _gateway(exchange, name).items())
        shown += f"  <gateway>\n{''.join(lines)}  </gateway>\n"
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<gateways>\n{shown}</gateways>\n'


# The lines of `sofia status gateway`, and what `sofia xmlstatus gateway` calls them.
_GATEWAY_LINES = {
    "Name": "name", "Profile": "profile", "Scheme": "scheme", "Realm": "realm", "Username": "username", "Password": "password",
    "From": "from", "Contact": "contact", "Exten": "exten", "To": "to", "Proxy": "proxy", "Context": "context",
    "Expires": "expires", "Freq": "freq", "Ping": "ping", "PingFreq": "pingfreq", "PingTime": "pingtime",
    "PingState": "pingstate", "State": "state", "Status": "status", "Uptime": "uptime", "CallsIN": "calls-in",
    "CallsOUT": "calls-out", "FailedCallsIN": "failed-calls-in", "FailedCallsOUT": "failed-calls-out",
}  # fmt: skip


def _gateway(exchange: Exchange, name: str) -> dict[str, str]:
    host = f"127.0.0.1:{CARRIER_PORT}"
    status = exchange.trunks.status(name) or ""
    return {
        "name": name, "profile": "external", "scheme": "Digest", "realm": host, "username": name, "password": "yes",
        "from": f"<sip:{name}@{host}>", "contact": f"<sip:gw+{name}@127.0.0.1:5090;transport=udp;gw={name}>",
        "exten": name, "to": f"sip:{name}@{host}", "proxy": f"sip:{host}", "context": "public", "expires": "3600",
        "freq": "3600", "ping": "0", "pingfreq": "0", "pingmin": "0", "pingcount": "0", "pingmax": "0", "pingtime": "0.00",
        "pinging": "0", "state": "NOREG", "status": status,
        "uptime-usec": str(now() - exchange.started_at) if status == UP else "0",
        "calls-in": "0", "calls-out": "0", "failed-calls-in": "0", "failed-calls-out": "0",
    }  # fmt: skip
