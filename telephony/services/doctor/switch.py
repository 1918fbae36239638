"""Whether a switch can be spoken to, and is what the portal takes it for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from telephony.services import sip_configuration
from telephony.services.doctor.findings import Fault, NotTried
from telephony.services.switchboard import SwitchAwayError, reach
from telephony.switch.commands import Command, SwitchName, Version, exists
from telephony.switch.configuration import CARRIERS_LIST
from telephony.switch.errors import CommandRefusedError, SwitchRefusedError
from telephony.switch.esl import SwitchAddress
from telephony.switch.questions import (
    AskGateways,
    AskList,
    AskModule,
    AskProfiles,
    AskTime,
    gateway_states,
    profile_states,
    time_of,
    version_of,
)

NEEDED_VERSION: Final = (1, 11)
# What the plans and the answers of the portal need.
NEEDED_MODULES: Final = (
    "mod_xml_curl", "mod_json_cdr", "mod_sofia", "mod_commands", "mod_dptools", "mod_dialplan_xml", "mod_hash",
    "mod_tone_stream", "mod_sndfile", "mod_http_cache",
)  # fmt: skip
ANSWER_SECONDS: Final = 5.0
# Longer than the switch waits for the portal.
ASKS_SECONDS: Final = 12.0
MOST_SECONDS_APART: Final = 2.0
# States in which calls can be sent through a gateway.
_USABLE: Final = frozenset({"NOREG", "REGED"})
# No carrier's, ever: kept for examples (RFC 5737).
_STRANGER: Final = "192.0.2.254"


@dataclass(slots=True)
class Patient:
    """A switch that is looked at; `name` is what it calls itself, its address until that is known. `others` were before it.

    Each question has a connection of its own: one that breaks spoils none of the others.
    """

    address: SwitchAddress
    others: list["Patient"] = field(default_factory=list)
    name: str = ""
    is_reachable: bool = False

    def __post_init__(self) -> None:
        self.name = self.name or str(self.address)

    def ask(self, command: Command, seconds: float = ANSWER_SECONDS) -> str:
        """Return what the switch answers within so many seconds.

        Raises NotTried where its event socket was found closed, and SwitchError.
        """
        if not self.is_reachable:
            raise NotTried("The event socket does not answer.")
        with reach(self.address) as socket:
            return socket.api(command, seconds)

    def ask_or_nothing(self, command: Command) -> str:
        """Return what the switch answers once it has asked the portal, which may hang; "" where it refuses to."""
        try:
            return self.ask(command, ASKS_SECONDS)
        except CommandRefusedError:
            return ""


def event_socket(patient: Patient) -> str:
    """Find out whether the switch lets the portal in, and what it is called."""
    try:
        with reach(patient.address) as socket:
            patient.name = socket.api(SwitchName()).strip() or patient.name
    except SwitchAwayError as error:
        raise Fault(str(error), _advice(error)) from None
    patient.is_reachable = True
    if twins := [str(other.address) for other in patient.others if other.name == patient.name]:
        raise Fault(
            f"The switch at {twins[0]} is called {patient.name}, too: what one does is taken for the other's.",
            "Run switchconfig with a --switchname of its own, and restart the switch.",
        )
    return f"{patient.name} at {patient.address}"


def _advice(error: SwitchAwayError) -> str:
    if isinstance(error.__cause__, SwitchRefusedError):
        return "Give FREESWITCH_ESL_URL the password of its event_socket.conf, or run switchconfig and restart the switch."
    if "access list" in str(error):
        return "Run switchconfig with --esl-allow and this machine's address, and restart the switch."
    return "See whether the switch runs, whether host and port in FREESWITCH_ESL_URL are right, and what a firewall keeps away."


def version(patient: Patient) -> str:
    """Find out whether the switch is of a version for which the answers are made."""
    major, minor = version_of(patient.ask(Version()))
    if (major, minor) < NEEDED_VERSION:
        raise Fault(f"It is FreeSWITCH {major}.{minor}.", f"Install {NEEDED_VERSION[0]}.{NEEDED_VERSION[1]} or later.")
    return f"FreeSWITCH {major}.{minor}"


def modules(patient: Patient) -> str:
    """Find out whether all modules are loaded that the plans need."""
    missing = [name for name in NEEDED_MODULES if not exists(patient.ask(AskModule(name)))]
    if missing:
        raise Fault(
            f"Not loaded: {', '.join(missing)}.",
            f"Install them and name them in modules.conf; `load {missing[0]}` says why not.",
        )
    return f"{len(NEEDED_MODULES)} loaded"


def profiles(patient: Patient) -> str:
    """Find out whether both SIP profiles run."""
    states = profile_states(patient.ask(AskProfiles()))
    for name in ("internal", "external"):
        if not any(state.startswith("RUNNING") for state in states.get(name, [])):
            found = ", ".join(states[name]) if name in states else "not there"
            raise Fault(
                f"The profile {name} is {found}.",
                f"`sofia profile {name} start`; where it fails, another program has its port, or the address is not its own.",
            )
    return "internal and external run"


def gateways(patient: Patient) -> str:
    """Find out whether the switch has the gateways of the portal, and no others, and can call through them."""
    wanted = {gateway.name for gateway in sip_configuration.gateways()}
    there = gateway_states(patient.ask(AskGateways()))
    if missing := sorted(wanted - there.keys()):
        raise Fault(f"It does not know {', '.join(missing)}.", "`sofia profile external rescan`")
    if foreign := sorted(there.keys() - wanted):
        raise Fault(f"It has {', '.join(foreign)}, out of use here.", f"`sofia profile external killgw {foreign[0]}`")
    for name, gateway in sorted(there.items()):
        if gateway.state not in _USABLE or gateway.status == "DOWN":
            raise Fault(
                f"{name} is {gateway.state}, {gateway.status}.",
                "See its proxy, user name and password in the console, and whether the carrier is up; then killgw and rescan.",
            )
    return f"{len(wanted)} in order" if wanted else "none in use"


def carriers(patient: Patient) -> str:
    """Find out whether the switch takes calls from the carriers' networks, and from nobody else."""
    networks = sip_configuration.carriers()
    for network in networks:
        if not exists(patient.ask(AskList(network.partition("/")[0], CARRIERS_LIST))):
            raise Fault(f"Calls from {network} are refused.", "`reloadacl`")
    if _STRANGER not in {network.partition("/")[0] for network in networks} and exists(
        patient.ask(AskList(_STRANGER, CARRIERS_LIST))
    ):
        raise Fault(
            "Calls are taken from anywhere.", "`reloadacl`; see acl.conf on the switch, whose list must deny by default."
        )
    return f"{len(networks)} networks let in" if networks else "nobody let in: no gateway names its networks"


def clock(patient: Patient, now: Callable[[], float] = time.time) -> str:
    """Find out whether the switch has the portal's time."""
    before = now()
    its_time = time_of(patient.ask(AskTime()))
    after = now()
    # It tells whole seconds: the true time is up to one later.
    apart = max(before - (its_time + 1), its_time - after, 0.0)
    if apart > MOST_SECONDS_APART:
        raise Fault(f"Its clock is {apart:.0f} seconds away from this machine's.", "Have both follow NTP.")
    return "the same time"
