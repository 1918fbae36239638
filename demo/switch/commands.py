"""The commands that `api` and `bgapi` take, and what they answer.

Source: mod_commands.c and mod_sofia.c of FreeSWITCH 1.11.
"""

from collections.abc import Callable

from demo.switch import listings
from demo.switch.calls import LiveCall
from demo.switch.causes import cause_of
from demo.switch.dial_strings import DialStringError, originate_of
from demo.switch.directory import a1_hash_of
from demo.switch.events import leg_headers
from demo.switch.exchange import Exchange, now
from demo.switch.incoming import IncomingCall
from demo.switch.registrar import HERE

ORIGINATE = "originate"
_CALL_WORDS = 3

# Told the result of a command, and when it came: microseconds since 1970.
Done = Callable[[str, int], None]


def run(exchange: Exchange, command: str, done: Done) -> None:
    """Execute a command; `originate` goes on by itself and tells its result later."""
    name, _, argument = command.partition(" ")
    if name == ORIGINATE:
        _originate(exchange, argument, done)
        return
    found = _COMMANDS.get(name)
    unknown = f"-ERR {name} Command not found!\n"
    done(found(exchange, argument.strip()) if found else _FIXED.get(name, unknown), now())


def _originate(exchange: Exchange, argument: str, done: Done) -> None:
    try:
        originate = originate_of(argument)
    except DialStringError as error:
        done(str(error), now())
        return
    LiveCall(exchange, originate, done).start()


def _uuid_exists(exchange: Exchange, argument: str) -> str:
    return "true" if exchange.find(argument) else "false"


def _uuid_kill(exchange: Exchange, argument: str) -> str:
    if not argument:
        return "-USAGE: <uuid> [cause]\n"
    uuid, _, cause = argument.partition(" ")
    if not (found := exchange.find(uuid)):
        return "-ERR No such channel!\n"
    leg, call = found
    call.kill(leg, cause_of(cause) if cause else "NORMAL_CLEARING")
    return "+OK\n"


def _uuid_hold(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    found = exchange.find(words[-1]) if words else None
    if not found:
        return "-ERR Operation failed\n" if words else "-USAGE: [off|toggle] <uuid> [<display>]\n"
    exchange.hold(found[0], held=words[0] != "off")
    return "+OK Success\n"


def _uuid_dump(exchange: Exchange, argument: str) -> str:
    uuid, _, form = argument.partition(" ")
    if not (found := exchange.find(uuid)):
        return "-ERR No such channel!\n" if uuid else "-USAGE: <uuid> [format]\n"
    event = exchange.event("CHANNEL_DATA", leg_headers("CHANNEL_DATA", found[0]))
    return event.as_json() if form == "json" else event.as_plain()


def _uuid_getvar(exchange: Exchange, argument: str) -> str:
    uuid, _, name = argument.partition(" ")
    found = exchange.find(uuid)
    return found[0].variables.get(name, "_undef_") if found else "-ERR No such channel!\n"


def _uuid_setvar(exchange: Exchange, argument: str) -> str:
    uuid, name, value = (*argument.split(" ", 2), "", "")[:3]
    if not (found := exchange.find(uuid)):
        return "-ERR No such channel!\n"
    found[0].variables[name] = value
    return "+OK\n"


def _uuid_record(exchange: Exchange, argument: str) -> str:
    """Answer `uuid_record UUID mask|unmask FILE`: what records goes on, with silence."""
    uuid, action, file = (*argument.split(" ", 2), "", "")[:3]
    if not (found := exchange.find(uuid)):
        return "-ERR Cannot locate session!\n"
    if action not in ("mask", "unmask"):
        return "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
    leg, call = found
    return "+OK Success\n" if call.mask(leg, file, action == "mask") else f"-ERR Cannot {action} recording session!\n"


def _hupall(exchange: Exchange, argument: str) -> str:
    cause = cause_of(argument) if argument else "MANAGER_REQUEST"
    for leg in exchange.legs():
        _uuid_kill(exchange, f"{leg.uuid} {cause}")
    return f"+OK hangup all channels with cause {cause}\n"


def _status(exchange: Exchange, argument: str) -> str:
    return listings.status(exchange)


def _global_getvar(exchange: Exchange, argument: str) -> str:
    known = {
        "core_uuid": exchange.identity.core_uuid, "hostname": exchange.identity.hostname,
        "domain": exchange.settings.domain,
    }  # fmt: skip
    return known.get(argument, "")


def _switch_name(exchange: Exchange, argument: str) -> str:
    return exchange.identity.name


def _show(exchange: Exchange, argument: str) -> str:
    lists = {"channels": listings.channels, "calls": listings.calls, "registrations": listings.registrations}
    what, _, form = argument.partition(" ")
    if what not in lists:
        return "-USAGE: show channels|calls|registrations [as json]\n"
    rows = lists[what](exchange)
    return listings.as_json(rows) if form == "as json" else f"\n{len(rows)} total.\n"


def _sofia(exchange: Exchange, argument: str) -> str:
    words = argument.split()
    if words[:2] == ["status", "gateway"]:
        return listings.gateway(exchange, words[-1])
    if words == ["xmlstatus", "gateway"]:
        return listings.gateways_xml(exchange)
    if words[:2] == ["xmlstatus", "profile"] and words[3:4] in (["reg"], ["user"]):
        return listings.registrations_xml(exchange, "".join(words[4:5]))
    return _profile(exchange, words[2:]) if words[:1] == ["profile"] else "-ERR Unknown command!\n"


def _profile(exchange: Exchange, words: list[str]) -> str:
    if words[:1] == ["flush_inbound_reg"]:
        exchange.registrar.flush("".join(words[1:2]))
    if words[:1] == ["killgw"] and not exchange.trunks.kill("".join(words[1:2])):
        return "-ERR no such gateway.\n"
    if words[:1] == ["rescan"] and exchange.settings.portal:
        exchange.trunks.load(exchange.settings.portal.gateways(exchange.identity.name))
    return _PROFILE_ANSWERS.get("".join(words[:1]), "-ERR Unknown command!\n")


_PROFILE_ANSWERS = {
    "flush_inbound_reg": "+OK flushing all registrations matching specified call_id\n",
    "killgw": "+OK gateway marked for deletion.\n",
    "rescan": "+OK scan complete\n",
}


def _simulator(exchange: Exchange, argument: str) -> str:
    """Control the simulator, which no real switch does: a fault, a gateway that goes down, a phone that registers."""
    words = argument.split()
    if words[:1] == ["call"] and len(words) == _CALL_WORDS:
        call = IncomingCall(exchange, words[1], words[2])
        call.start()
        return f"+OK {call.leg_uuid}\n"
    if words[:1] == ["gateway"] and words[2:] in (["up"], ["down"]):
        return "+OK\n" if exchange.trunks.turn(words[1], words[2].upper()) else "-ERR Invalid Gateway!\n"
    if words[:1] == ["register"] and len(words) in (3, 4):
        return _register(exchange, *words[1:])
    return _fault(exchange, words[1:]) if words[:1] == ["fault"] else _CONTROLS


_CONTROLS = "-USAGE: simulator fault [NAME [TIMES]] | call FROM TO | gateway NAME up|down | register USER PASSWORD [ADDRESS]\n"


def _fault(exchange: Exchange, words: list[str]) -> str:
    times = int(words[1]) if len(words) > 1 and words[1].isdigit() else None
    try:
        exchange.faults.set(words[0] if words else "", times)
    except ValueError as error:
        return f"-ERR {error}\n"
    return "+OK\n"


def _register(exchange: Exchange, user: str, password: str, address: str = HERE) -> str:
    """Let a phone register, as the directory has it: what it is answered, as SIP has it."""

    def directory(user: str, address: str) -> str | None:
        return a1_hash_of(exchange, user, address)

    taken = exchange.registrar.register(user, password, address, directory)
    return "+OK 200 OK\n" if taken else "-ERR 403 Forbidden\n"


def _acl(exchange: Exchange, argument: str) -> str:
    """Answer `acl ADDRESS LIST` by the list that was loaded last."""
    address, _, name = argument.partition(" ")
    return "true" if exchange.access_lists.lets_in(address, name) else "false"


def _reload_acl(exchange: Exchange, argument: str) -> str:
    exchange.access_lists.load(exchange.settings.portal, exchange.identity.name)
    return "+OK acl reloaded\n"


_COMMANDS: dict[str, Callable[[Exchange, str], str]] = {
    "acl": _acl,
    "global_getvar": _global_getvar,
    "hupall": _hupall,
    "reloadacl": _reload_acl,
    "show": _show,
    "simulator": _simulator,
    "sofia": _sofia,
    "status": _status,
    "switchname": _switch_name,
    "uuid_dump": _uuid_dump,
    "uuid_exists": _uuid_exists,
    "uuid_getvar": _uuid_getvar,
    "uuid_hold": _uuid_hold,
    "uuid_kill": _uuid_kill,
    "uuid_record": _uuid_record,
    "uuid_setvar": _uuid_setvar,
}
_FIXED = {"reloadxml": "+OK [Success]\n", "version": listings.VERSION_LINE, "xml_flush_cache": "+OK cleared 0 entries\n"}
