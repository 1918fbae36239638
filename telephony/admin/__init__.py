"""The phone service in Django's admin, by noun."""

from telephony.admin.calls import CallAdmin, CallAliasAdmin, CallLinkAdmin, LegAdmin, QuarantineAdmin, RecordingAdmin
from telephony.admin.cell_phones import CellPhoneAdmin
from telephony.admin.directory import DomainAdmin, ExtensionAdmin, GatewayAdmin, SwitchAdmin
from telephony.admin.jobs import JobAdmin
from telephony.admin.numbers import AssignmentAdmin, NumberAdmin, ProviderAdmin

__all__ = [
    "AssignmentAdmin",
    "CallAdmin",
    "CallAliasAdmin",
    "CallLinkAdmin",
    "CellPhoneAdmin",
    "DomainAdmin",
    "ExtensionAdmin",
    "GatewayAdmin",
    "JobAdmin",
    "LegAdmin",
    "NumberAdmin",
    "ProviderAdmin",
    "QuarantineAdmin",
    "RecordingAdmin",
    "SwitchAdmin",
]
