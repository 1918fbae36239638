"""What each role may do in Django's admin, as a table."""

from typing import Final

from accounts.models import Role


def _named(app: str, actions: tuple[str, ...], models: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"{app}.{action}_{model}" for action in actions for model in models)


_STAFF: Final = (
    _named(
        "telephony",
        ("view",),
        (
            "bannedaddress",
            "call",
            "callalias",
            "calllink",
            "failedregistration",
            "leg",
            "quarantine",
            "recording",
            "revocation",
            "revocationerrand",
            "switch",
            "switchlistening",
        ),
    )
    | _named(
        "telephony",
        ("view", "add", "change"),
        ("assignment", "cellphone", "domain", "extension", "gateway", "number", "provider"),
    )
    # An assignment names a person: whoever gives one has to find them.
    | _named("accounts", ("view",), ("user",))
)
_ADMIN: Final = (
    _STAFF
    | _named("accounts", ("view", "change"), ("user", "apikey"))
    | _named("accounts", ("view", "add", "change"), ("invitation",))
    | _named("accounts", ("view",), ("auditentry",))
    # To change a job is to have it tried again.
    | _named("web", ("view", "change"), ("job",))
)

ROLE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {Role.USER: frozenset(), Role.STAFF: _STAFF, Role.ADMIN: _ADMIN}
