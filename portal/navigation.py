"""The console's rail: which pages there are, for whom, and in what order, as a table."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Role, User

# Who sees a link: each role sees what those before it see.
RANKS: Final = (Role.USER, Role.STAFF, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of the rail: the name of its URL, its icon and its words; `below` is what else counts as being there."""

    url: str
    icon: str
    label: str
    role: Role = Role.USER
    # As others than staff read it; "" leaves it as it is.
    own_label: str = ""
    # The beginning of the names of the pages that belong to it, besides its own.
    below: str = ""
    # Whether the number of open alarms stands beside it, for staff.
    has_alarms: bool = False


# Groups under a heading; the first has none.
RAIL: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    (
        "",
        (
            Entry("dashboard", "dashboard", "Dashboard", Role.STAFF, below="dashboard-"),
            Entry("call-list", "calls", "Calls", own_label="My calls", below="call-"),
            Entry("live", "live", "Live", own_label="Calls now", below="live-", has_alarms=True),
            Entry("link-list", "send", "Call links", own_label="My call links", below="link-"),
            Entry("phone", "phone", "My phone", below="phone-"),
        ),
    ),
    (
        "Directory",
        (
            Entry("person-list", "people", "People", Role.STAFF, below="person-"),
            Entry("extension-list", "extensions", "Extensions", Role.STAFF, below="extension-"),
            Entry("number-list", "numbers", "Numbers", Role.STAFF, below="number-"),
            Entry("provider-list", "providers", "Providers", Role.STAFF, below="provider-"),
            Entry("invitation-list", "invitations", "Invitations", Role.ADMIN, below="invitation-"),
        ),
    ),
    (
        "Switches",
        (
            Entry("switch-list", "switches", "Switches", Role.STAFF, below="switch-"),
            Entry("gateway-list", "gateways", "Gateways", Role.STAFF, below="gateway-"),
            Entry("domain-list", "domains", "Domains", Role.STAFF, below="domain-"),
            Entry("route", "route", "Where a call goes", Role.STAFF),
            Entry("quarantine-list", "quarantine", "Quarantine", Role.STAFF, below="quarantine-"),
        ),
    ),
    (
        "Security",
        (
            Entry("audit-list", "audit", "Audit log", Role.STAFF, below="audit-"),
            Entry("ban-list", "bans", "Bans", Role.STAFF, below="ban-"),
        ),
    ),
    (
        "Programs",
        (
            Entry("key-list", "key", "Keys", own_label="My keys", below="key-"),
            Entry("webhook-list", "webhooks", "Webhooks", own_label="My webhooks", below="webhook-"),
        ),
    ),
    (
        "More",
        (
            Entry("admin:index", "admin", "Administration", Role.STAFF),
            Entry("documentation", "docs", "Docs", below="documentation"),
        ),
    ),
)
# What whoever is not signed in sees.
OPEN: Final = frozenset({"documentation"})


def rail(request: HttpRequest) -> dict[str, Any]:
    """Give every page the rail as its reader may see it, groups of (heading, links), and the link under which the page is."""
    user = getattr(request, "user", None)
    person = user if isinstance(user, User) else None
    here = request.resolver_match.url_name or "" if request.resolver_match else ""
    groups = [(heading, [_link(entry, person, here) for entry in entries if _sees(person, entry)]) for heading, entries in RAIL]
    return {
        "rail_groups": [(heading, links) for heading, links in groups if links],
        # Where the trail of a page below one of them begins.
        "rail_here": next((link for _, links in groups for link in links if link["is_here"]), None),
    }


def _sees(person: User | None, entry: Entry) -> bool:
    if person is None:
        return entry.url in OPEN
    return RANKS.index(Role(person.effective_role)) >= RANKS.index(entry.role)


def _link(entry: Entry, person: User | None, here: str) -> dict[str, Any]:
    is_staff = person is not None and person.is_staff
    return {
        "address": reverse(entry.url),
        "icon": entry.icon,
        "label": entry.label if is_staff or not entry.own_label else entry.own_label,
        "is_here": here == entry.url or (bool(entry.below) and here.startswith(entry.below)),
        "is_page": here == entry.url,
        "has_alarms": entry.has_alarms and is_staff,
    }
