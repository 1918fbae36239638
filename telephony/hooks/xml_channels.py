"""Section `channels` of `/freeswitch/xml`: a phone hands its call over to somebody whom the switch does not know."""

from xml.etree.ElementTree import Element

from telephony.services.transfers import refuse_far_transfer
from telephony.switch.channels import FAR_TRANSFER, refusal_document
from telephony.switch.xml_requests import XmlRequest


def answer(request: XmlRequest) -> Element:
    """Refuse. Before the switch is answered it cannot go on: what would slip past the answer is hung up until then."""
    if request["purpose"] == FAR_TRANSFER:
        refuse_far_transfer(request["refer-from-channel-id"], request["refer-to-params"], request["refer-to-headers"])
    return refusal_document()


def answer_when_broken(request: XmlRequest) -> Element | None:
    """Refuse all the same."""
    return refusal_document()
