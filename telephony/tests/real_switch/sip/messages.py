"""SIP messages, as much of them as the stories need: read, written, and proved by digest. Source: RFC 3261, RFC 2617."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

_SHORT: Final = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}
_PARAMETER: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))')


@dataclass
class SipMessage:
    """A request or a response; headers in order, as they were spelt."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> "SipMessage":
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers = []
        for line in lines:
            if line[:1] in " \t" and headers:
                name, value = headers.pop()
                headers.append((name, f"{value} {line.strip()}"))
                continue
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        return cls(start, headers, body)

    def to_bytes(self) -> bytes:
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if _SHORT.get(known.lower(), known.lower()) == name.lower()]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        """The status of a response, 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that is answered."""
        return self.get("cseq").split()[-1] if self.status else self.start.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        return self.start.split(" ", 2)[1]

    @property
    def branch(self) -> str:
        return parameter(self.get("via"), "branch")

    def answer(self, status: int, reason: str, tag: str, *more: tuple[str, str], body: str = "") -> "SipMessage":
        """Return a response to this request."""
        copied = [
            (name, value) for name, value in self.headers if name.lower() in ("via", "from", "call-id", "cseq", "record-route")
        ]
        to = self.get("to")
        return SipMessage(
            f"SIP/2.0 {status} {reason}", [*copied, ("To", to if "tag=" in to else f"{to};tag={tag}"), *more], body
        )


def parameter(value: str, name: str) -> str:
    """Return a header's parameter, "" where it has none of this name."""
    found = re.search(rf";\s*{name}=([^;,\s>]+)", value, re.IGNORECASE)
    return found[1] if found else ""


def uri_of(value: str) -> str:
    """Return the address in a From, To, Contact or Refer-To."""
    found = re.search(r"<([^>]+)>", value)
    return found[1] if found else value.split(";", maxsplit=1)[0].strip()


def user_of(value: str) -> str:
    """Return the user in such an address."""
    return uri_of(value).partition(":")[2].partition("@")[0].partition(";")[0]


def token() -> str:
    return secrets.token_hex(8)


def proof(challenge: SipMessage, method: str, uri: str, user: str, password: str) -> tuple[str, str]:
    """Return the header that answers a 401 or 407."""
    name, wanted = (
        ("Authorization", challenge.get("www-authenticate"))
        if challenge.status == 401
        else ("Proxy-Authorization", challenge.get("proxy-authenticate"))
    )
    asked = _members(wanted)
    realm, nonce, once = asked["realm"], asked["nonce"], token()
    response = _response(realm, nonce, "00000001", once, method, uri, user, password)
    return name, (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5, '
        f'qop=auth, nc=00000001, cnonce="{once}", response="{response}"'
    )


def proves(request: SipMessage, nonce: str, user: str, password: str) -> bool:
    """Tell whether a request answers a challenge, as this user with this password."""
    given = _members(request.get("authorization"))
    if (given.get("nonce"), given.get("username"), given.get("qop")) != (nonce, user, "auth"):
        return False
    wanted = _response(given["realm"], nonce, given["nc"], given["cnonce"], request.method, given["uri"], user, password)
    return given.get("response") == wanted


def _members(header: str) -> dict[str, str]:
    return {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(header)}


def _response(realm: str, nonce: str, count: str, once: str, method: str, uri: str, user: str, password: str) -> str:
    first = _md5(f"{user}:{realm}:{password}")
    return _md5(f"{first}:{nonce}:{count}:{once}:auth:{_md5(f'{method}:{uri}')}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
