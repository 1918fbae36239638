"""Who may come in: people, their API keys, invitations, and the log of what they did."""

from accounts.models.api_keys import ApiKey, api_key_digest
from accounts.models.audit import AuditEntry, AuditEntryManager, Change
from accounts.models.factors import RecoveryCode, SecondFactor
from accounts.models.invitations import Invitation
from accounts.models.people import Role, User
from accounts.models.preferences import Preference
from accounts.models.sign_ins import SignIn

__all__ = [
    "ApiKey",
    "AuditEntry",
    "AuditEntryManager",
    "Change",
    "Invitation",
    "Preference",
    "RecoveryCode",
    "Role",
    "SecondFactor",
    "SignIn",
    "User",
    "api_key_digest",
]
