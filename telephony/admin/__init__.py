"""The phone service in Django's admin, by noun."""

from telephony.admin.bans import BannedAddressAdmin, FailedRegistrationAdmin
from telephony.admin.calls import CallAdmin, CallAliasAdmin, CallLinkAdmin, LegAdmin, QuarantineAdmin, RecordingAdmin
from telephony.admin.cell_phones import CellPhoneAdmin
from telephony.admin.directory import DomainAdmin, ExtensionAdmin, GatewayAdmin, SwitchAdmin
from telephony.admin.jobs import JobAdmin
from telephony.admin.numbers import AssignmentAdmin, NumberAdmin, ProviderAdmin
from telephony.admin.people import PersonAdmin
from telephony.admin.revocations import RevocationAdmin

__all__ = [
    "AssignmentAdmin",
    "BannedAddressAdmin",
    "CallAdmin",
    "CallAliasAdmin",
    "CallLinkAdmin",
    "CellPhoneAdmin",
    "DomainAdmin",
    "ExtensionAdmin",
    "FailedRegistrationAdmin",
    "GatewayAdmin",
    "JobAdmin",
    "LegAdmin",
    "NumberAdmin",
    "PersonAdmin",
    "ProviderAdmin",
    "QuarantineAdmin",
    "RecordingAdmin",
    "RevocationAdmin",
    "SwitchAdmin",
]
