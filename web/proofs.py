"""What lets somebody in, taken out of what is written down: the portal's own secrets, and the proofs that requests bring."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from django.conf import settings
from django.http import HttpRequest

KEY_HEADER: Final = "x-mediamagic-key"
REMOVED: Final = "[removed]"
# A shorter one would take words out of the log that are none of its own.
SHORTEST_SECRET: Final = 6
_SECRET_SETTINGS: Final = (
    "SECRET_KEY", "API_KEY_PEPPER", "CREDENTIALS_KEY", "MAINTENANCE_TOKEN", "AUTH0_CLIENT_SECRET", "FREESWITCH_HTTP_PASSWORD",
)  # fmt: skip
# One word of some length, as tokens, keys and session ids are: nobody gets to choose which sentences the log is without.
_PROOF: Final = re.compile(r"[A-Za-z0-9._~+=-]{16,}")
# The signature in an upload's address; a token wherever it stands; what follows the name of something that opens a door, in
# an address or a form, in JSON or in the text of an exception.
_PROOF_IN_TEXT: Final = re.compile(
    r"[0-9a-f]{64}"
    r"|\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)+"
    r"|(?<=\bBearer )[^\s\"',]+"
    r"|(?<=\bBasic )[A-Za-z0-9+/=]{8,}"
    r"|(?P<name>\b(?:signature|code|state|nonce|code_verifier|client_secret|access_token|refresh_token|id_token"
    r"|password|sessionid|csrftoken|x-mediamagic-key)"
    r"(?:=|[\"']\s?[:=]\s?)[\"']?)[^\s&\"',}]+",
    re.IGNORECASE,
)
# A part of a path that is no word: a proof in the wrong place. Files are named by words or end in what they are; the leg in
# the address of an upload stands before when it expires and its signature.
_PROOF_IN_PATH: Final = re.compile(
    r"(?<=/)(?=[^/]*[0-9A-Z])(?![^/]*\.(?:css|js|md|svg)\Z)(?![^/]*/[0-9]{1,12}/[0-9a-f]{64}\.wav\Z)[^/]{16,}"
)


def proofs_of(request: HttpRequest) -> tuple[str, ...]:
    """Return what a request brought along to show who sends it."""
    credentials = request.headers.get("Authorization", "").rpartition(" ")[2]
    brought = (credentials, request.headers.get(KEY_HEADER, ""), *request.COOKIES.values())
    return tuple(proof for proof in brought if _PROOF.fullmatch(proof))


def without_proofs(text: str, proofs: Iterable[str] = ()) -> str:
    """Return a text without the portal's secrets, these proofs, and whatever looks like one."""
    for secret in (*_secrets(), *proofs):
        text = text.replace(secret, REMOVED)
    return _PROOF_IN_TEXT.sub(lambda found: f"{found['name'] or ''}{REMOVED}", text)


def path_without_proofs(path: str) -> str:
    """Return the path of a request without what somebody may have put there that does not belong into one."""
    return without_proofs(_PROOF_IN_PATH.sub(REMOVED, path))


def _secrets() -> Iterator[str]:
    """Yield the secrets of the settings, each as it could be quoted."""
    for name in _SECRET_SETTINGS:
        yield from (part for part in str(getattr(settings, name, "")).split(",") if len(part) >= SHORTEST_SECRET)
    switches = (getattr(settings, "FREESWITCH_ESL", None), *getattr(settings, "FREESWITCH_ESL_ALL", ()))
    passwords = (*(getattr(address, "password", "") for address in switches), settings.DATABASES["default"].get("PASSWORD"))
    yield from (password for password in passwords if password and len(password) >= SHORTEST_SECRET)
