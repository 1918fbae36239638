"""What the API's schema says of the whole API, and how drf-spectacular is to write it. Of this no endpoint knows anything."""

from typing import Any, Final

from web.schema.components import shared_parts

# The first part of an address below `/api/v2/`, and what is to be found there.
TAGS: Final = (
    ("auth", "From nobody to a person with tokens; who one is."),
    ("tokens", "API keys, for programs."),
    ("assign-number", "A number and an extension of one's own."),
    ("cell-phone", "The phone from which one dials in."),
    ("forwarding", "Where calls go that nobody answers at one's own phones."),
    ("call-link", "Calls between two numbers, placed by the portal."),
    ("call-links", "The call links that were placed."),
    ("call-recording", "Calls that were, and their recordings."),
    ("search", "Numbers, people, extensions and calls, found by a text."),
    ("live", "What goes on at this moment."),
    ("extensions", "For staff: extensions, who holds them, and what was taken from them."),
    ("bans", "For staff: addresses from which no phone is listened to."),
    ("statistics", "For staff: the figures of a period, and how things stand."),
    ("route", "For staff: where a call would go."),
    ("audit", "For staff: who did what."),
    ("numbers", "For staff: the numbers of the pool."),
    ("domains", "For staff: SIP domains."),
    ("providers", "For staff: whose numbers and gateways these are."),
    ("gateways", "For staff: the ways to the outside."),
    ("switches", "For staff: the FreeSWITCH servers."),
    ("quarantine", "For staff: records that could not be read."),
    ("users", "For staff: people."),
    ("invitations", "For admins: who may work as staff or admin on the console."),
    ("webhooks", "What programs are told of by themselves."),
    ("maintenance", "For the operator."),
    ("schema", "This document."),
    ("docs", "This document as a page."),
)  # fmt: skip

DESCRIPTION: Final = """\
The control plane of a FreeSWITCH phone service: numbers, calls, recordings.

- **Proof**: one of a person's token, a program's key, and (for `maintenance`) the operator's token; never two.
- **Media types**: `application/json`, or `application/mediamagic.rest.v1+json` by `Accept` and `Content-Type`; others are
  a 406 or 415.
- **Errors** are `application/problem+json` (RFC 9457) with a `code` that never changes.
- **Lists** are bare arrays; `Link` leads to the next page, `limit` and `cursor` choose it.
- **Unknown or repeated query parameters**, and members that a body does not have, are a 400.
- **HEAD** is answered as GET without its body, save where GET acts (405). **OPTIONS** is a 204 whose `Allow` names the verbs.
- **`ETag`** is on whatever can be looked at: `If-None-Match` saves the body (304), `If-Match` what somebody changed meanwhile
  (412).
- **`Idempotency-Key`** has a POST act once, however often it is sent.
- **Times** are RFC 3339 in UTC with `Z`, **phone numbers** E.164 digits without `+`.
"""

_SIGNATURE: Final = {
    "type": "apiKey",
    "in": "query",
    "name": "signature",
    "description": "The signed address that a call's `recording` has: valid for minutes, without any other proof.",
}


def schema_settings(version: str) -> dict[str, Any]:
    """Return the settings of drf-spectacular."""
    return {
        "TITLE": "FreeSWITCH service",
        "DESCRIPTION": DESCRIPTION,
        "VERSION": version,
        "OAS_VERSION": "3.1.1",
        "SERVERS": [{"url": "/", "description": "The portal from which this document comes."}],
        "EXTERNAL_DOCS": {"url": "/docs/api.md", "description": "The same in words."},
        "TAGS": [{"name": name, "description": sentence} for name, sentence in TAGS],
        "SCHEMA_PATH_PREFIX": "/api/v2/",
        "COMPONENT_SPLIT_REQUEST": True,
        "SORT_OPERATION_PARAMETERS": True,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "ENABLE_DJANGO_DEPLOY_CHECK": False,
        "POSTPROCESSING_HOOKS": [],
        "APPEND_COMPONENTS": shared_parts() | {"securitySchemes": {"signature": _SIGNATURE}},
    }
