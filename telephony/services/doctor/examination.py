"""All the checks, in the order in which one explains the next."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from telephony.services.doctor import hops, setup, switch
from telephony.services.doctor.findings import Check
from telephony.services.doctor.switch import Patient
from telephony.services.switchboard import addresses

Look = Callable[[Patient], str]

_WITHOUT_CALLS: Final[tuple[tuple[str, Look], ...]] = (
    # First, since nothing else can be asked without it.
    ("event socket", switch.event_socket),
    ("version", switch.version),
    ("modules", switch.modules),
    ("clock", switch.clock),
    ("profiles", switch.profiles),
    ("gateways", switch.gateways),
    ("carriers", switch.carriers),
    ("asks the portal", hops.questions),
    ("reaches the portal", hops.public_address),
    ("closed by itself", hops.closed),
)
_WITH_CALLS: Final = (
    ("dialplan", hops.plans),
    ("records", hops.records),
    ("recordings", hops.recordings),
)


def checks(*, calls: bool, patience: float) -> Iterator[Check]:
    """Yield every check; each must be made before the next one is asked for.

    With `calls`, calls to nobody are placed on each switch, and what they leave is waited for, `patience` seconds each.
    """
    yield from setup.checks()
    patients: list[Patient] = []
    for address in addresses():
        patient = Patient(address, list(patients))
        patients.append(patient)
        for name, look in _WITHOUT_CALLS:
            yield Check(patient.name, name, partial(look, patient))
        for name, look_for in _WITH_CALLS if calls else ():
            yield Check(patient.name, name, partial(look_for, patient, patience))
