"""Who may call what: one line an address. An address that is not here fails the tests, and so does a line without one.

A line says for each verb that exists who comes in and what the answer is; every other identity is refused with its own status,
every other verb is a 405. The parameters of an address and the objects of the scene are in `permission_scene.py`.
"""

from itertools import chain
from typing import Final

from portal.tests.permission_rules import (
    VERBS,
    Row,
    admin_page,
    anyone,
    operator,
    owner,
    page,
    person,
    row,
    signed,
    staff,
    switch,
)

NUMBERS: Final = {"source_number": "2762087784", "destination_number": "2403019517"}
NEW_KEY: Final = {"form_id": "a" * 22, "name": "report", "reach": "everything", "lifetime": "never"}
RECORDING: Final = r"freeswitch/^recordings/(?P<leg_uuid>[0-9A-Za-z][0-9A-Za-z._-]{0,63})/(?P<expires>[0-9]{1,12})/(?P<signature>[0-9a-f]{64})\.wav\Z"

AREAS: Final[dict[str, tuple[Row, ...]]] = {
    "the console": (
        row("", GET=page(200)),
        row("calls/<int:call_id>/audio", GET=page(200, own=True)),
        row("calls/<int:call_id>/", GET=page(200, own=True)),
        row("calls/newer", GET=page(204)),
        row("calls/filters/save", POST=page(302, body={"name": "mine", "query": "q=123"})),
        row("calls/filters/forget", POST=page(302, body={"name": "mine"})),
        row("calls/columns", POST=page(302)),
        row("calls/export.csv", GET=page(200)),
        row("calls/export.xlsx", GET=page(200)),
        row("calls/export-progress", GET=page(200)),
        row("calls/<int:call_id>/peaks", GET=page(200, own=True)),
        row("call-links/live", GET=page(200)),
        row("audit/", GET=page(200, "staff")),
        row("route/", GET=page(200, "staff")),
        row("bans/", GET=page(200, "staff"), POST=page(302, "staff", body={"address": "203.0.113.9", "minutes": "60"})),
        row("bans/<int:ban_id>/lift", POST=page(302, "staff")),
        row("extensions/", GET=page(200, "staff")),
        row("extensions/<int:extension_id>/", GET=page(200, "staff")),
        row("extensions/<int:extension_id>/close", GET=page(200, "staff"), POST=page(302, "staff")),
        row("extensions/<int:extension_id>/open", POST=page(302, "staff")),
        row("extensions/<int:extension_id>/phones", GET=page(200, "staff")),
        row("extensions/<int:extension_id>/release", GET=page(200, "staff"), POST=page(302, "staff")),
        row("extensions/<int:extension_id>/repeat", POST=page(302, "staff")),
        row("extensions/<int:extension_id>/revocations", GET=page(200, "staff")),
        row("extensions/<int:extension_id>/sip-password", GET=page(200, "staff"), POST=page(200, "staff")),
        row("live/", GET=page(200)),
        row("live/now", GET=page(200)),
        # The scene's switch is away: whoever may is told so, and comes back to the page.
        row("live/calls/<uuid:call_uuid>/hang-up", GET=page(200, own=True), POST=page(302, own=True)),
        row("keys/", GET=page(200)),
        row("keys/new", GET=page(200), POST=page(200, body=NEW_KEY)),
        row("keys/<int:key_id>/revoke", GET=page(200, own=True), POST=page(302, own=True)),
        row("invitations/", GET=page(200, "admin"), POST=page(200, "admin")),
        row("invitations/<int:invitation_id>/withdraw", POST=page(302, "admin")),
        row("account/second-factor", GET=page(200, "superuser")),
        row("account/second-factor/start", POST=page(200, "superuser")),
        row("account/second-factor/confirm", POST=page(200, "superuser")),
        row("account/second-factor/codes", POST=page(200, "superuser")),
        row("account/second-factor/remove", POST=page(200, "superuser")),
    ),
    "programs": (
        row("api/v2/auth/login", head=False, GET=anyone(200)),
        row("api/v2/auth/callback", head=False, GET=anyone(400)),
        row("api/v2/auth/refresh", POST=anyone(400)),
        row("api/v2/auth/me", GET=person(200)),
        row("api/v2/tokens", GET=person(200, "admin"), POST=person(201, "admin", body={"name": "report", "scopes": ["admin"]})),
        row("api/v2/tokens/<int:key_id>", DELETE=person(204, "admin", own=True)),
        row("api/v2/assign-number", head=False,
            GET=person(200, "numbers:write"), POST=person(200, "numbers:write"), DELETE=person(204, "numbers:write")),
        row("api/v2/assign-number/sip-password", POST=person(200, "numbers:write")),
        row("api/v2/cell-phone", GET=person(200, "numbers:write"), PUT=person(200, "numbers:write", body={"number": "2762087784"}),
            DELETE=person(204, "numbers:write")),
        row("api/v2/call-link", head=False,
            GET=person(202, "calls:write", query=NUMBERS), POST=person(202, "calls:write", body=NUMBERS)),
        row("api/v2/call-link/<int:link_id>", GET=owner(200, "calls:read"), DELETE=owner(204, "calls:write")),
        row("api/v2/call-recording", GET=person(200, "calls:read")),
        # The scene's switch is away, and only it knows who records whom.
        row("api/v2/call-recording/live", GET=person(503, "calls:read")),
        row("api/v2/call-recording/live/<uuid:leg_uuid>/pause",
            PUT=person(503, "calls:write"), DELETE=person(503, "calls:write")),
        row("api/v2/call-recording/<int:call_id>", GET=person(200, "calls:read", own=True)),
        row("api/v2/call-recording/<int:call_id>/audio",
            GET=person(200, "calls:read", own=True), DELETE=person(204, "calls:write", own=True)),
        row("api/v2/call-recording/<int:call_id>/peaks", GET=person(200, "calls:read", own=True)),
        row("api/v2/audit", GET=staff(200)),
        row("api/v2/live/calls", GET=person(200, "calls:read")),
        # The scene's switch is away.
        row("api/v2/live/calls/<uuid:call_uuid>", DELETE=person(503, "calls:write", own=True)),
        row("api/v2/live/registrations", GET=person(200, "calls:read")),
        row("api/v2/live/gateways", GET=staff(200)),
        row("api/v2/live/switches", GET=staff(200)),
        row("api/v2/route", GET=staff(200, query={"from": "1006", "to": "12403019517"})),
        row("api/v2/bans", GET=staff(200), POST=staff(201, body={"address": "203.0.113.9"})),
        row("api/v2/bans/<int:ban_id>", GET=staff(200), DELETE=staff(204)),
        row("api/v2/bans/failed-registrations", GET=staff(200)),
        row("api/v2/extensions", GET=staff(200)),
        row("api/v2/extensions/<int:extension_id>", GET=staff(200)),
        row("api/v2/extensions/<int:extension_id>/close", POST=staff(200)),
        row("api/v2/extensions/<int:extension_id>/open", POST=staff(200)),
        row("api/v2/extensions/<int:extension_id>/sip-password", POST=staff(200)),
        row("api/v2/extensions/<int:extension_id>/revocations", GET=staff(200)),
        # Whatever is no address of the API.
        row("api/v2/", **{verb: anyone(404) for verb in VERBS}),
    ),
    "the operator": (
        row("api/v2/maintenance/keys", POST=operator(201, body={"auth0_id": "auth0|new", "name": "report"})),
        row("api/v2/maintenance/keys/<int:key_id>", DELETE=operator(204)),
        row("api/v2/maintenance/numbers", POST=operator(200, body={"provider": "Acme", "numbers": ["+1 703 687 9449"]})),
        row("api/v2/maintenance/read-only", GET=operator(200), PUT=operator(200, body={"enabled": True})),
        row("api/v2/maintenance/status", GET=operator(200)),
    ),
    "the switch": (
        row("freeswitch/cdr", POST=switch(202)),
        row("freeswitch/xml", POST=switch(200)),
        row(RECORDING, PUT=anyone(422)),
        row(RECORDING, PUT=anyone(403), parameters={"signature": "0" * 64}),
    ),
    "whoever reads": (
        row("docs/", GET=anyone(200)),
        row("docs/<path:page>", GET=anyone(200)),
        row("docs/<path:page>", GET=anyone(200, query={"ask": "How do I revoke an API key?"}), parameters={"page": "api.md"}),
        row("docs/<path:page>", GET=anyone(404), parameters={"page": "../README.md"}),
    ),
    "whoever looks after the server": (
        row("healthz", GET=anyone(200)),
        row("readyz", GET=anyone(200)),
    ),
}  # fmt: skip
ROWS: Final = tuple(chain.from_iterable(AREAS.values()))

# A signed address opens the audio to whoever has it, and nothing but reading.
SIGNED_AUDIO: Final = row("api/v2/call-recording/<int:call_id>/audio", GET=signed(200, query={"signature": "of anna"}))

# The model in Django's admin: what staff, admins and superusers may do with it: view, add, change.
ADMIN_MODELS: Final = {
    "accounts/user": ("v", "vc", "vac"),
    "accounts/apikey": ("", "vc", "vc"),
    "accounts/invitation": ("", "va", "va"),
    "accounts/auditentry": ("", "v", "v"),
    "telephony/assignment": ("va", "va", "va"),
    "telephony/bannedaddress": ("v", "v", "v"),
    "telephony/call": ("v", "v", "v"),
    "telephony/callalias": ("v", "v", "v"),
    "telephony/calllink": ("v", "v", "v"),
    "telephony/cellphone": ("vac", "vac", "vac"),
    "telephony/domain": ("v", "vac", "vac"),
    "telephony/extension": ("vac", "vac", "vac"),
    "telephony/failedregistration": ("v", "v", "v"),
    "telephony/gateway": ("v", "vac", "vac"),
    "telephony/leg": ("v", "v", "v"),
    "telephony/number": ("vac", "vac", "vac"),
    "telephony/provider": ("vac", "vac", "vac"),
    "telephony/quarantine": ("v", "v", "v"),
    "telephony/recording": ("v", "v", "v"),
    "telephony/revocation": ("v", "v", "v"),
    "telephony/switch": ("v", "v", "v"),
    "telephony/switchlistening": ("v", "v", "v"),
    "web/job": ("", "v", "v"),
}
# Every model's own pages, and what one has to be allowed for each, to look at it and to send it ("d": nobody may delete).
ADMIN_PAGES: Final = {
    "": ("v", "v"),
    "add/": ("a", "a"),
    "<path:object_id>/": ("", ""),
    "<path:object_id>/change/": ("v", "c"),
    "<path:object_id>/history/": ("v", "v"),
    "<path:object_id>/delete/": ("d", "d"),
}
ASSIGNED_USER: Final = {"app_label": "telephony", "model_name": "assignment", "field_name": "user"}
ADMIN_ROWS: Final[tuple[Row, ...]] = (
    row("admin/", GET=admin_page(200)),
    row("admin/password_change/", GET=admin_page(200)),
    row("admin/password_change/done/", GET=admin_page(200)),
    row("admin/autocomplete/", GET=admin_page(200, query=ASSIGNED_USER)),
    row("admin/jsi18n/", GET=admin_page(200)),
    row("admin/r/<path:content_type_id>/<path:object_id>/", GET=admin_page(404)),
    row("admin/^(?P<app_label>accounts|telephony|web)/$", GET=admin_page(200)),
    row("admin/(?P<url>.*)$", GET=admin_page(404)),
    row("admin/accounts/user/<id>/password/", GET=admin_page(200, "superuser")),
)
# The ways in and out, which everybody may try: see the tests of signing in.
DOORSTEPS: Final = frozenset(
    {"login", "login/auth0/", "complete/auth0/", "login/code", "logout", "admin/login/", "admin/logout/"}
)
