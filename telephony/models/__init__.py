"""The models of the phone service, by noun."""

from telephony.models.bans import BannedAddress, FailedRegistration
from telephony.models.call_links import CallLink
from telephony.models.calls import Call, CallAlias, Leg, LegLink, Quarantine
from telephony.models.cell_phones import CellPhone
from telephony.models.directory import Domain, Extension
from telephony.models.listening import SwitchListening
from telephony.models.live import (
    GatewayChange,
    GatewayStatus,
    LiveCall,
    LiveChannel,
    Registration,
    UnrecordedLeg,
)
from telephony.models.numbers import Assignment, Number, Provider
from telephony.models.recording_pauses import PauseMark
from telephony.models.recording_policies import RecordingPolicy
from telephony.models.recordings import Recording
from telephony.models.revocations import Revocation, RevocationErrand, RevocationReason
from telephony.models.switches import Gateway, Switch
from telephony.models.tallies import CallTally, ExtensionTally, StaleTally
from telephony.models.undertakings import NumberChange, NumberImport

__all__ = [
    "Assignment",
    "BannedAddress",
    "Call",
    "CallAlias",
    "CallLink",
    "CallTally",
    "CellPhone",
    "Domain",
    "Extension",
    "ExtensionTally",
    "FailedRegistration",
    "Gateway",
    "GatewayChange",
    "GatewayStatus",
    "Leg",
    "LegLink",
    "LiveCall",
    "LiveChannel",
    "Number",
    "NumberChange",
    "NumberImport",
    "PauseMark",
    "Provider",
    "Quarantine",
    "Recording",
    "RecordingPolicy",
    "Registration",
    "Revocation",
    "RevocationErrand",
    "RevocationReason",
    "StaleTally",
    "Switch",
    "SwitchListening",
    "UnrecordedLeg",
]
