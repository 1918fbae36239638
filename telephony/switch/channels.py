"""What the switch is told when a phone hands a call over to a dialog that the switch does not have (section `channels`).

The switch would then call whatever address the phone names, by no plan at all: a number of its own carrier, for example. And it
puts the parameters and headers of that address into a dial string unread, so that a brace in them ends it and begins another.
Source: FreeSWITCH 1.11.1, sofia.c, sofia_handle_sip_i_refer, as run.
"""

import re
from typing import Final
from xml.etree.ElementTree import Element

from telephony.switch.documents import element, param, section

# The purpose of the question, in the switch's own words.
FAR_TRANSFER: Final = "nightmare_xfer"
REFUSED_BY: Final = "error/CALL_REJECTED"

# What an honest phone adds to an address: `transport=udp`, `Replaces=…` with all but letters and digits encoded.
_PARAMETERS: Final = re.compile(r"[A-Za-z0-9=;._-]{0,200}")
_HEADERS: Final = re.compile(r"[A-Za-z0-9=&%@._~!*+;-]{0,1000}")


def refusal_document() -> Element:
    """Return the document by which nobody is called, and the phone told that it was refused. It is the same for everybody."""
    params = element("params", param("dial-prefix", ""), param("absolute-dial-string", REFUSED_BY))
    return section("channels", params)


def is_contained(parameters: str, headers: str) -> bool:
    """Tell whether what a phone added to an address stays where it is put: then the refusal is all that is dialled."""
    return bool(_PARAMETERS.fullmatch(parameters) and _HEADERS.fullmatch(headers))
