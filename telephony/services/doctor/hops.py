"""Whether what the switch sends reaches the portal, and the portal's answer the switch: asked of the switch itself."""

import ipaddress
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from telephony.services import probes
from telephony.services.doctor.findings import Fault, NotTried
from telephony.services.doctor.switch import Patient
from telephony.services.probes import Hop
from telephony.services.recordings import upload_path
from telephony.switch.commands import RecordingTarget
from telephony.switch.dialplan import CONTEXTS, INTERNAL
from telephony.switch.errors import SwitchError, SwitchLostError
from telephony.switch.questions import (
    AskConfiguration,
    AskDirectory,
    AskPlans,
    AskUsers,
    CallNobody,
    CallPlan,
    Fetch,
    located,
    params_of,
)

_LOOK_EVERY: Final = 0.1
# What the portal answers a channel that nobody proved; the plans on the switch's disk end otherwise.
_REFUSED_BY_PORTAL: Final = "CALL_REJECTED"
_REFUSED_BY_DISK: Final = "NORMAL_TEMPORARY_FAILURE"
_SAME_PORTAL: Final = (
    "See whether the portal there is this one, with the same SECRET_KEY, database and cache; and into the switch's log."
)


@dataclass(frozen=True, slots=True)
class _Way:
    """A module of the switch that sends something here, and where its file says whereto and with which password."""

    module: str
    file: str
    url_param: str
    credentials_param: str
    path: str


_WAYS: Final = {
    Hop.QUESTION: _Way("mod_xml_curl", "xml_curl", "gateway-url", "gateway-credentials", "/freeswitch/xml"),
    Hop.RECORD: _Way("mod_json_cdr", "json_cdr", "url", "cred", "/freeswitch/cdr"),
}


def questions(patient: Patient) -> str:
    """Have the switch ask the portal for a user that only this portal knows, and see that the answer comes back."""
    probe = probes.new_probe()
    with probes.attending(Hop.QUESTION):
        answer = patient.ask_or_nothing(AskDirectory(probes.user_of(probe), settings.SIP_DOMAIN, probes.VARIABLE)).strip()
        came = probes.noted(probe, Hop.QUESTION)
        if answer == probes.answer_to(str(probe)) and came is not None:
            return "the switch asked, and understood the answer"
        if came is not None:
            raise Fault("Its question arrived here, and the answer did not reach it.", "Look into the switch's log.")
        raise _why_nothing_came(patient, Hop.QUESTION)


def closed(patient: Patient) -> str:
    """See that the switch has no users and no plans of its own, to which it would turn while the portal is away."""
    for domain in (settings.SIP_DOMAIN, patient.address.host):
        if _is_domain(domain) and located(patient.ask(AskUsers(domain))) is not None:
            raise Fault(f"It has users of its own in {domain}: they are let in while the portal is away.", _HOW_TO_CLOSE)
    for context in sorted(CONTEXTS | {"default"}):
        plans = located(patient.ask(AskPlans(context)))
        actions = [] if plans is None else [(each.get("application"), each.get("data")) for each in plans.iter("action")]
        if any(action != ("hangup", _REFUSED_BY_DISK) for action in actions):
            raise Fault(
                f"It has plans of its own in the context {context}: calls go on while the portal is away.", _HOW_TO_CLOSE
            )
    return "no users and no ways out of its own"


_HOW_TO_CLOSE: Final = "Start it with the folder that switchconfig writes, and nothing else."


def public_address(patient: Patient) -> str:
    """Have the switch fetch a page of PUBLIC_URL, to which recordings are put."""
    url = f"{settings.PUBLIC_URL}/healthz?probe={probes.new_probe()}"
    try:
        fetched = patient.ask_or_nothing(Fetch(url)).startswith("/")
    except SwitchLostError:
        # It waits for minutes where somebody accepts and never answers.
        fetched = False
    if not fetched:
        raise Fault(
            f"It cannot fetch {settings.PUBLIC_URL}/healthz.",
            "See name, route, firewall and, for https, whether it trusts the portal (switchconfig --cacert); its log tells.",
        )
    return f"reaches {settings.PUBLIC_URL}"


def plans(patient: Patient, seconds: float) -> str:
    """Send a channel that nobody proved into the dialplan: the portal refuses it, in words of its own."""
    probe = probes.new_probe()
    patient.ask(CallPlan(probe, INTERNAL))
    came = _wait(probe, Hop.RECORD, seconds)
    if came is None:
        raise NotTried("What became of the call only its record tells, and that did not come.")
    cause = came["hangup_cause"]
    if cause == _REFUSED_BY_DISK:
        raise Fault(
            "The plan came from the switch's disk and not from the portal.",
            "Have `dialplan` among the bindings in xml_curl.conf: run switchconfig, then `reloadxml`, `reload mod_xml_curl`.",
        )
    if cause != _REFUSED_BY_PORTAL:
        raise Fault(f"A call of nobody's ended in {cause}, and not in {_REFUSED_BY_PORTAL}.", _HOW_TO_CLOSE)
    return "asked for, and obeyed"


def records(patient: Patient, seconds: float) -> str:
    """Place a call to nobody, and see that its record comes."""
    probe = probes.new_probe()
    with probes.attending(Hop.RECORD):
        patient.ask(CallNobody(probe))
        if _wait(probe, Hop.RECORD, seconds) is None:
            raise _why_nothing_came(patient, Hop.RECORD)
    return "the record of a call to nobody came"


def recordings(patient: Patient, seconds: float) -> str:
    """Place a call to nobody that is recorded, and see that the recording comes, whole."""
    folder = settings.FREESWITCH_RECORDINGS_DIR
    if not folder:
        raise NotTried("FREESWITCH_RECORDINGS_DIR is not set: talks are not recorded.")
    probe = probes.new_probe()
    target = RecordingTarget(url=f"{settings.PUBLIC_URL}{upload_path(str(probe))}", file=f"{folder}/{probe}.wav")
    patient.ask(CallNobody(probe, target))
    came = _wait(probe, Hop.RECORDING, seconds)
    if came is None:
        raise _why_no_recording_came(probe, folder)
    if came["fault"]:
        raise Fault(came["fault"], "See RECORDINGS_URL: the user of the portal must be able to write there, and have space.")
    return f"{came['bytes']} bytes came and could be stored"


def _why_no_recording_came(probe: UUID, folder: str) -> Fault:
    record = probes.noted(probe, Hop.RECORD)
    if record is not None and not record["record_ms"]:
        return Fault(
            f"The switch recorded nothing into {folder}.",
            "Make that folder on the switch, writable for its user, or set FREESWITCH_RECORDINGS_DIR to the one that is.",
        )
    return Fault(
        "The recording of a call to nobody did not come.",
        f"See whether the switch reaches {settings.PUBLIC_URL}, and into its log for http_put; {folder} has the file.",
    )


def _why_nothing_came(patient: Patient, hop: Hop) -> Fault:
    """Return the most likely reason why nothing came from the switch by a hop."""
    way = _WAYS[hop]
    then = f"run switchconfig again, then `reloadxml` and `reload {way.module}`"
    refusal = probes.refusal_at(hop) or {}
    address = refusal.get("address", "")
    if refusal.get("code") == "network_not_allowed":
        return Fault(
            f"The portal refused {address}: it is in no network of FREESWITCH_ALLOWED_CIDRS.",
            "Add it there, or, where it is a proxy, to TRUSTED_PROXIES; then restart the portal.",
        )
    if refusal.get("code") == "invalid_credentials":
        return Fault(f"The portal refused the password that {address} gave.", f"For {way.file}.conf, {then}.")
    return _what_its_file_says(patient, way, then)


def _what_its_file_says(patient: Patient, way: _Way, then: str) -> Fault:
    """Return what is wrong in the switch's own file; no value of it is shown, since it may hold the password."""
    try:
        params = params_of(patient.ask(AskConfiguration(way.file)))
    except SwitchError as error:
        return Fault(f"Nothing came from it, and its {way.file}.conf cannot be read ({error}).", then.capitalize() + ".")
    if not params.get(way.url_param):
        return Fault(f"Nothing came from it: its {way.file}.conf names no portal.", then.capitalize() + ".")
    if params[way.url_param] != f"{settings.PUBLIC_URL}{way.path}":
        return Fault(
            f"Nothing came from it: its {way.file}.conf names another address than {settings.PUBLIC_URL}{way.path}.",
            f"If that is no other way to this portal, {then}.",
        )
    if params.get(way.credentials_param) != f"{settings.FREESWITCH_HTTP_USER}:{settings.FREESWITCH_HTTP_PASSWORD}":
        return Fault(f"Nothing came from it: its {way.file}.conf has another password.", then.capitalize() + ".")
    return Fault(f"Nothing came from it, though its {way.file}.conf is right.", _SAME_PORTAL)


def _wait(probe: UUID, hop: Hop, seconds: float) -> dict[str, Any] | None:
    """Return what was noted of a probe as soon as it has come, None after so many seconds."""
    deadline = time.monotonic() + seconds
    while (came := probes.noted(probe, hop)) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY)
    return came


def _is_domain(host: str) -> bool:
    """Tell whether a host can be asked for as a domain: an address of IPv6 has no place in the question."""
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return True
