"""What each role may do in Django's admin, as a table."""

from typing import Final

from accounts.models import Role

_VIEWED: Final = (
    "assignment", "call", "callalias", "calllink", "domain", "extension", "gateway", "leg", "number", "provider", "quarantine",
    "recording", "switch",
)  # fmt: skip

_STAFF: Final = frozenset(
    {f"telephony.view_{model}" for model in _VIEWED}
    | {f"telephony.{action}_{model}" for action in ("add", "change") for model in ("assignment", "extension", "number", "provider")}
    # An assignment names a person: whoever gives one has to find them.
    | {"accounts.view_user"}
)
_ADMIN: Final = _STAFF | {
    f"{app}.{action}_{model}"
    for app, model in (("telephony", "domain"), ("telephony", "gateway"), ("accounts", "user"), ("accounts", "invitation"))
    for action in ("view", "add", "change")
} | {"accounts.view_apikey", "accounts.change_apikey", "accounts.view_auditentry"}

ROLE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {Role.USER: frozenset(), Role.STAFF: _STAFF, Role.ADMIN: _ADMIN}
