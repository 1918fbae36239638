"""How the matrix of permissions says who may do what: identities, doors and rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.permissions import SCOPES

VERBS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROLES: Final = ("user", "staff", "admin", "superuser")
FOREIGN: Final = "203.0.113.9"


@dataclass(frozen=True)
class Identity:
    """Who sends a request, and by which proof: `kind` says which, `good` whether it is one."""

    name: str
    kind: str = "nothing"
    who: str = ""
    role: str = "user"
    scopes: tuple[str, ...] = ()
    good: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        return self.role != "user"


def _of(kind: str, who: str, role: str = "user", **more: Any) -> Identity:
    return Identity(more.pop("name", f"{kind} of {who}"), kind, who, role, **more)


def _narrowed(who: str, role: str = "user") -> list[Identity]:
    return [_of("key", who, role, scopes=(scope,), name=f"key of {who} with {scope}") for scope in SCOPES]


# The objects of the scene are anna's; ben is somebody else, sam works as staff, ada is an admin, root a superuser, dora deactivated.
IDENTITIES: Final = (
    Identity("nobody"),
    _of("token", "anna"), _of("token", "ben"), _of("token", "sam", "staff"), _of("token", "ada", "admin"),
    _of("token", "dora", good=False), Identity("no token", "token", good=False),
    _of("key", "anna"), _of("key", "ben"), _of("key", "sam", "staff"), _of("key", "ada", "admin"),
    *_narrowed("anna"), *_narrowed("sam", "staff"),
    _of("key", "dora", good=False), Identity("unknown key", "key", good=False), Identity("revoked key", "key", "anna", good=False),
    Identity("expired key", "key", "anna", good=False), Identity("token and key", "both", "anna"),
    Identity("operator", "operator"),
    *(_of("session", who, role) for who, role in (("anna", "user"), ("ben", "user"), ("sam", "staff"), ("ada", "admin"))),
    _of("session", "root", "superuser"), _of("session", "dora", good=False),
    Identity("switch", "switch"), Identity("switch from elsewhere", "switch", good=False),
    Identity("switch through a proxy that nobody named", "switch", good=False),
    Identity("switch with a wrong password", "wrong switch"),
)  # fmt: skip


Refusal = int | None


@dataclass(frozen=True)
class Door:
    """Who comes in, and what the answer then is. `refusal` gives the status for an identity, None where it is let in."""

    refusal: Callable[[Identity, "Door"], Refusal]
    status: int
    scope: str = ""
    least: str = "user"
    own: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def refuses(self, identity: Identity, *, objects: bool = True) -> Refusal:
        """Return the status of the refusal, None for who is let in; an object of another's counts only where one is looked for."""
        status = self.refusal(identity, self)
        return None if status == 404 and not objects else status


def _lacks_role(identity: Identity, door: Door) -> bool:
    return ROLES.index(identity.role) < ROLES.index(door.least)


def _of_another(identity: Identity, door: Door) -> bool:
    """Tell whether it is somebody else's; staff see and do what is everybody's, save where `own` says "alone"."""
    return door.own and identity.who != "anna" and not identity.is_staff


def _proof(identity: Identity, door: Door) -> Refusal:
    """Let people in by token or key: never by a session, never by the operator's or the switch's secrets."""
    if identity.kind == "both":
        return 400
    if identity.kind not in ("token", "key") or not identity.good:
        return 401
    if _lacks_role(identity, door) or (identity.scopes and door.scope and door.scope not in identity.scopes):
        return 403
    return 404 if _of_another(identity, door) else None


def _proof_of_owner(identity: Identity, door: Door) -> Refusal:
    """The same, and staff are nobody special."""
    return _proof(identity, door) or (404 if identity.who != "anna" else None)


def _proof_of_sam(identity: Identity, door: Door) -> Refusal:
    """The same for what sam has set about: it is nobody else's, not even an admin's."""
    return _proof(identity, door) or (404 if identity.who != "sam" else None)


def _operator(identity: Identity, door: Door) -> Refusal:
    if identity.kind == "operator":
        return None
    return 400 if identity.kind == "both" else 401


def _signed(identity: Identity, door: Door) -> Refusal:
    """Let everybody in whom a signed address lets in, except who brings a proof that is none."""
    if identity.kind == "both":
        return 400
    return 401 if identity.kind == "operator" or (identity.kind in ("token", "key") and not identity.good) else None


def _session(identity: Identity, door: Door) -> Refusal:
    """Let people in by their session alone; everybody else is led to where one signs in."""
    if identity.kind != "session" or not identity.good:
        return 302
    if _lacks_role(identity, door):
        return 403
    return 404 if _of_another(identity, door) else None


def _session_of_sam(identity: Identity, door: Door) -> Refusal:
    """The same for what sam has set about: it is nobody else's, not even an admin's."""
    return _session(identity, door) or (404 if identity.who != "sam" else None)


def _session_of_owner(identity: Identity, door: Door) -> Refusal:
    """The same, and staff are nobody special."""
    return _session(identity, door) or (404 if identity.who != "anna" else None)


def _staff_session(identity: Identity, door: Door) -> Refusal:
    """Django's admin: who is no staff is led to where staff sign in; who lacks a permission is told so."""
    refusal = _session(identity, door)
    return 302 if identity.kind == "session" and not identity.is_staff else refusal


def _switch(identity: Identity, door: Door) -> Refusal:
    if identity.kind == "switch":
        return None if identity.good else 403
    return 401


def _anyone(identity: Identity, door: Door) -> Refusal:
    return None


def person(status: int, scope: str = "", **more: Any) -> Door:
    """A person by token or key; with `own=True`, what is anna's is for her and staff."""
    return Door(_proof, status, scope, **more)


def owner(status: int, scope: str = "", **more: Any) -> Door:
    """Anna by token or key, and nobody else, not even staff."""
    return Door(_proof_of_owner, status, scope, own=True, **more)


def staff(status: int, scope: str = "admin", **more: Any) -> Door:
    """Staff by token or key."""
    return Door(_proof, status, scope, least="staff", **more)


def admin(status: int, scope: str = "admin", **more: Any) -> Door:
    """Admins by token or key."""
    return Door(_proof, status, scope, least="admin", **more)


def sams(status: int, scope: str = "admin", **more: Any) -> Door:
    """Sam by token or key, and nobody else, not even admins."""
    return Door(_proof_of_sam, status, scope, least="staff", **more)


def operator(status: int, **more: Any) -> Door:
    """The maintenance token."""
    return Door(_operator, status, **more)


def signed(status: int, **more: Any) -> Door:
    """Whoever has the signed address."""
    return Door(_signed, status, **more)


def page(status: int, least: str = "user", **more: Any) -> Door:
    """Somebody signed in on the console."""
    return Door(_session, status, least=least, **more)


def sams_page(status: int, **more: Any) -> Door:
    """Sam on the console, and nobody else, not even admins."""
    return Door(_session_of_sam, status, least="staff", **more)


def owners_page(status: int, **more: Any) -> Door:
    """Anna signed in on the console, and nobody else, not even staff."""
    return Door(_session_of_owner, status, own=True, **more)


def admin_page(status: int, least: str = "staff", **more: Any) -> Door:
    """Somebody signed in, in Django's admin."""
    return Door(_staff_session, status, least=least, **more)


def switch(status: int, **more: Any) -> Door:
    """The switch, by its credentials from its network."""
    return Door(_switch, status, **more)


def anyone(status: int, **more: Any) -> Door:
    """Everybody, with whatever proof or none."""
    return Door(_anyone, status, **more)


@dataclass(frozen=True)
class Row:
    """What an address takes: its verbs, each with its door. HEAD goes with GET unless `head` is False."""

    route: str
    doors: Mapping[str, Door] = field(default_factory=dict)
    head: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "/" + self.route + "".join(f" ({value})" for value in self.parameters.values())

    @property
    def is_for_programs(self) -> bool:
        """Whether it answers in JSON, also when it refuses."""
        return self.route.startswith(("api/", "freeswitch/"))

    def refuses(self, verb: str, identity: Identity) -> bool:
        """Tell whether this request is let in by no door."""
        door = self.doors.get("GET" if verb == "HEAD" and self.head else verb)
        return door is None or door.refuses(identity) is not None

    def expected(self, verb: str, identity: Identity) -> frozenset[int]:
        """Return the statuses that are right."""
        if verb == "HEAD" and "HEAD" not in self.doors:
            if not self.head:
                # What is no proof at all is refused before anything else is looked at.
                return frozenset({405, self.doors["GET"].refuses(identity)} & {400, 401, 405})
            verb = "GET"
        door = self.doors.get(verb)
        if door is not None:
            return frozenset({door.refuses(identity) or door.status})
        refusals = [door.refuses(identity, objects=False) for door in self.doors.values()]
        if verb == "OPTIONS" and self.route.startswith("api/"):
            # It tells what can be done, to whoever may do the first of it.
            return frozenset({refusals[0]}) if refusals[0] else frozenset({200, 204})
        # Who may do something here learns that this cannot be done; who may do nothing need not.
        statuses = {status or 405 for status in refusals}
        return frozenset(statuses | ({405} if 403 in statuses else set()))


def row(route: str, *, head: bool = True, parameters: Mapping[str, str] | None = None, **doors: Door) -> Row:
    """Return a row of the table."""
    return Row(route, doors, head, parameters or {})


def routes() -> Iterator[str]:
    """Walk every address that the project has."""

    def below(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from below(pattern.url_patterns, route)
            else:
                yield route

    return below(get_resolver().url_patterns)
