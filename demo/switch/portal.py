"""What the switch asks of the portal and tells it, over HTTP: directory, dialplan, call records, recordings.

The requests are those that mod_xml_curl, mod_json_cdr and mod_http_cache of FreeSWITCH 1.11.1 made.
"""

import base64
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from defusedxml import DefusedXmlException, ElementTree

logger = logging.getLogger(__name__)

XML_SECONDS, RECORD_SECONDS, UPLOAD_SECONDS = 5, 3, 30
_UNREACHABLE = 0
_OK, _NOT_FOUND, _NO_LONGER_GOOD = 200, 404, 300
UPLOADED = frozenset({200, 201, 202, 204})
_PLAIN = "/,!$'()*~"


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What the directory says of a user: how to call it, if at all, and its variables."""

    dial_string: str = ""
    variables: dict[str, str] = field(default_factory=dict)


class NoDirectoryError(Exception):
    """The portal has no directory."""


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal, as the switch's modules reach it."""

    url: str
    user: str = ""
    password: str = ""

    def directory_entry(
        self, headers: Mapping[str, str], variables: Mapping[str, str], user: str, domain: str
    ) -> DirectoryEntry | None:
        """Ask how to call a user; None where it is unknown. Raises NoDirectoryError."""
        fields = [
            *headers.items(), ("as_channel", "true"), ("action", "user_call"), *variables.items(),
            ("key", "id"), ("user", user), ("domain", domain),
        ]  # fmt: skip
        plain = f"section=directory&tag_name=domain&key_name=name&key_value={domain}"
        document = self._ask(plain, headers, fields)
        found = document.find(".//user") if document is not None else None
        if document is None or found is None:
            return None
        holders = [found_at for path in (".//domain", ".//group") if (found_at := document.find(path)) is not None] + [found]
        parameters = {name: value for holder in holders for name, value in _pairs(holder, "params/param")}
        own = {name: value for holder in holders for name, value in _pairs(holder, "variables/variable")}
        return DirectoryEntry(parameters.get("dial-string", ""), own)

    def authentication(self, headers: Mapping[str, str], user: str, domain: str, address: str) -> dict[str, str]:
        """Ask what a user proves itself against who registers from an address; nothing where it is unknown.

        Raises NoDirectoryError.
        """
        fields = [
            *headers.items(), ("action", "sip_auth"), ("sip_profile", "internal"), ("sip_auth_username", user),
            ("sip_auth_realm", domain), ("sip_auth_method", "REGISTER"),
            ("key", "id"), ("user", user), ("domain", domain), ("ip", address),
        ]  # fmt: skip
        plain = f"section=directory&tag_name=domain&key_name=name&key_value={domain}"
        document = self._ask(plain, headers, fields)
        found = document.find(".//user") if document is not None else None
        return dict(_pairs(found, "params/param")) if found is not None else {}

    def access_lists(self, name: str) -> dict[str, tuple[bool, list[tuple[bool, str]]]] | None:
        """Ask for `acl.conf`: each list's default and its nodes, as what they let in; None where there is none."""
        headers = {"FreeSWITCH-Switchname": name}
        plain = "section=configuration&tag_name=configuration&key_name=name&key_value=acl.conf"
        try:
            document = self._ask(plain, headers, [])
        except NoDirectoryError:
            return None
        if document is None or document.find(".//configuration") is None:
            return None
        return {
            each.get("name", ""): (
                each.get("default") == "allow",
                [(node.get("type") == "allow", node.get("cidr", "")) for node in each.iterfind("node")],
            )
            for each in document.iter("list")
        }

    def gateways(self, name: str) -> list[str] | None:
        """Ask for `sofia.conf`: the names of its gateways; None where there is none."""
        headers = {"FreeSWITCH-Switchname": name}
        plain = "section=configuration&tag_name=configuration&key_name=name&key_value=sofia.conf"
        try:
            document = self._ask(plain, headers, [])
        except NoDirectoryError:
            return None
        if document is None or document.find(".//profiles") is None:
            return None
        return [each.get("name", "") for each in document.iterfind(".//gateways/gateway")]

    def plan(self, headers: Mapping[str, str], number: str, context: str) -> list[tuple[str, str]]:
        """Ask what to do with a number of a context; nothing where there is no plan."""
        fields = [
            *headers.items(), ("Hunt-Dialplan", "XML"), ("Hunt-Destination-Number", number), ("Hunt-Context", context),
        ]  # fmt: skip
        try:
            document = self._ask("section=dialplan&tag_name=&key_name=&key_value=", headers, fields)
        except NoDirectoryError:
            return []
        for extension in document.iterfind(".//extension") if document is not None else ():
            conditions = list(extension.iterfind("condition"))
            if all(re.search(each.get("expression", ""), number) for each in conditions if each.get("field")):
                return [(each.get("application", ""), each.get("data", "")) for each in extension.iter("action")]
        return []

    def post_record(self, uuid: str, record: bytes) -> bool:
        """Post a leg's record; tell whether the portal took it."""
        headers = {"User-Agent": "freeswitch-json/1.0", "Accept": "*/*", "Content-Type": "application/json"}
        status, _ = self._send("POST", f"{self.url}/freeswitch/cdr?uuid={uuid}", record, headers, RECORD_SECONDS)
        return _OK <= status < _NO_LONGER_GOOD

    def _ask(self, plain: str, headers: Mapping[str, str], fields: list[tuple[str, str]]) -> Any:
        """Return the document that the portal answers, None where that is none. Raises NoDirectoryError."""
        encoded = "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in fields)
        body = f"hostname={headers['FreeSWITCH-Switchname']}&{plain}&{encoded}".encode()
        kind = {"User-Agent": "freeswitch-xml/1.0", "Accept": "*/*", "Content-Type": "application/x-www-form-urlencoded"}
        status, answer = self._send("POST", f"{self.url}/freeswitch/xml", body, kind, XML_SECONDS)
        if status == _NOT_FOUND:
            raise NoDirectoryError
        if status != _OK:
            return None
        try:
            return ElementTree.fromstring(answer)
        except (ElementTree.ParseError, DefusedXmlException) as error:
            logger.warning("The portal's answer is no XML: %s", error)
            return None

    def _send(self, method: str, url: str, body: bytes, headers: dict[str, str], seconds: float) -> tuple[int, bytes]:
        if self.user:
            secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers = {"Authorization": f"Basic {secret}"} | headers
        return send(method, url, body, headers, seconds)


def _pairs(holder: Any, path: str) -> list[tuple[str, str]]:
    return [(each.get("name", ""), each.get("value", "")) for each in holder.iterfind(path)]


def upload(url: str, file: bytes, name: str) -> bool:
    """Put a recording where the portal wants it, as `http_put` does; tell whether it was taken."""
    kind = {".wav": "audio/x-wav", ".mp3": "audio/mpeg"}.get(Path(name).suffix, "application/octet-stream")
    headers = {"User-Agent": "freeswitch-http-cache/1.0", "Accept": "*/*", "Content-Type": kind}
    status, _ = send("PUT", url, file, headers, UPLOAD_SECONDS)
    return status in UPLOADED


def send(method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    """Send a request; return the status and body of the answer, status 0 where none came. Redirects are not followed."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException, ValueError) as error:
        # Without the query: it may be signed.
        logger.warning("%s %s://%s%s failed: %s", method, parts.scheme, parts.netloc, parts.path, error)
        return _UNREACHABLE, b""
    finally:
        connection.close()
