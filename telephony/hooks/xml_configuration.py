"""Section `configuration` of `/freeswitch/xml`: SIP profiles, carriers' networks, bans; all else is the switch's own."""

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from telephony.services.bans import banned_networks
from telephony.services.sip_configuration import carriers, domains, gateways, listening
from telephony.switch.configuration import acl_document, sofia_document
from telephony.switch.documents import not_found
from telephony.switch.xml_requests import XmlRequest


def answer(request: XmlRequest) -> Element:
    """Return the file that is asked for, whole, also where the question is about one profile of it."""
    file = FILES.get(request["key_value"])
    return file(request) if file else not_found()


def answer_when_broken(request: XmlRequest) -> Element | None:
    """Leave it to an error: the switch goes on with what it has, or starts with its own files."""
    return None if request["key_value"] in FILES else not_found()


def _sofia(request: XmlRequest) -> Element:
    return sofia_document(listening(request.switchname), domains(), gateways())


def _acl(request: XmlRequest) -> Element:
    return acl_document(carriers(), banned_networks())


FILES: Final[dict[str, Callable[[XmlRequest], Element]]] = {"sofia.conf": _sofia, "acl.conf": _acl}
