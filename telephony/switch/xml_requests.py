"""Read what mod_xml_curl posts when it asks for a piece of configuration.

The first five fields are not encoded, and the last of them can be what a caller sent (a SIP realm): it may hold `&user=…`
or a whole second request. So all that can be had elsewhere is read from behind the marker with which the encoded fields
begin, where no `&` is anybody's but the switch's.
Source: FreeSWITCH 1.11.1, mod_xml_curl.c, and captured requests.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

_MARKER: Final = b"&Event-Name=REQUEST_PARAMS&"
_NEVER_ENCODED: Final = ("section", "tag_name", "key_name", "key_value", "hostname")


@dataclass(frozen=True, slots=True)
class XmlRequest:
    """What the switch asks for; a field that is missing reads as ""."""

    section: str
    fields: dict[str, str] = field(repr=False)

    @property
    def switchname(self) -> str:
        """What the switch calls itself: not from the first fields, which may hold what a caller wrote."""
        return self["FreeSWITCH-Switchname"]

    def first_of(self, *names: str) -> str:
        """Return the first of several fields that is there."""
        return next((self.fields[name] for name in names if name in self.fields), "")

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def parse_request(body: bytes) -> XmlRequest:
    """Return what a posted body asks for; of a repeated field the last counts, except the section, which comes first."""
    head, marker, tail = body.rpartition(_MARKER)
    if not marker:
        # Without the marker nothing of a caller's is in it (as for `acl.conf`), or it is no request of the switch.
        every = _pairs(body)
        return XmlRequest(section=_first(every, "section"), fields=dict(every))
    leading = _pairs(head)
    fields = {name: value for name, value in leading if name in _NEVER_ENCODED}
    return XmlRequest(section=_first(leading, "section"), fields=fields | dict(_pairs(tail)))


def _pairs(part: bytes) -> list[tuple[str, str]]:
    return parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True, encoding="utf-8", errors="replace")


def _first(pairs: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in pairs if key == name), "")
