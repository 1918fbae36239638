"""`/freeswitch/xml`: the switch asks for a piece of its configuration (mod_xml_curl).

Anything but a 200 sends the switch to its own files, where vanilla users and routes may stand: so what goes wrong here is
answered with a refusal in the switch's own terms wherever a way in, or out, depends on it.
"""

import logging
from collections.abc import Callable
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from telephony.hooks import xml_channels, xml_configuration, xml_dialplan, xml_directory
from telephony.hooks.bodies import BodyTooLargeError, announced_length, read_capped
from telephony.hooks.guard import switch_only
from telephony.switch.documents import not_found, serialise
from telephony.switch.errors import SwitchError
from telephony.switch.xml_requests import XmlRequest, parse_request
from web.errors import database_unavailable, problem_response

logger = logging.getLogger("portal.switch")

MOST_REQUEST_BYTES: Final = 4 * 1024 * 1024


class Section(NamedTuple):
    """How a section is answered, and how while the portal is broken: None then leaves it to an error."""

    answer: Callable[[XmlRequest], Element]
    answer_when_broken: Callable[[XmlRequest], Element | None]


SECTIONS: Final = {
    "directory": Section(xml_directory.answer, xml_directory.answer_when_broken),
    "dialplan": Section(xml_dialplan.answer, xml_dialplan.answer_when_broken),
    "channels": Section(xml_channels.answer, xml_channels.answer_when_broken),
    "configuration": Section(xml_configuration.answer, xml_configuration.answer_when_broken),
}


@switch_only
def xml(request: HttpRequest) -> HttpResponse:
    """Answer one question of the switch; what is not ours is "not found"."""
    if request.method != "POST":
        return problem_response(request, 405, "method_not_allowed", "Questions are posted.", headers={"Allow": "POST"})
    length = announced_length(request)
    if length is None:
        return problem_response(request, 411, "length_required", "The request needs a Content-Length.")
    try:
        body = read_capped(request, MOST_REQUEST_BYTES, 0)
    except BodyTooLargeError:
        return problem_response(request, 413, "body_too_large", f"A question has at most {MOST_REQUEST_BYTES} bytes.")
    except UnreadablePostError:
        body = b""
    if len(body) < length:
        return problem_response(request, 400, "body_incomplete", "The body ended before its Content-Length.")
    return _answer(request, parse_request(body))


def _answer(request: HttpRequest, asked: XmlRequest) -> HttpResponse:
    section = SECTIONS.get(asked.section)
    if section is None:
        return _document(not_found())
    try:
        return _document(section.answer(asked))
    except (DatabaseError, InterfaceError):
        refusal = section.answer_when_broken(asked)
        return database_unavailable(request) if refusal is None else _document(refusal)
    except SwitchError as error:
        logger.exception("a row holds what the switch must not be sent", extra={"section": asked.section})
        refusal = section.answer_when_broken(asked)
        return problem_response(request, 500, "unsafe_value", str(error)) if refusal is None else _document(refusal)


def _document(document: Element) -> HttpResponse:
    return HttpResponse(serialise(document), content_type="text/xml; charset=utf-8", headers={"Cache-Control": "no-store"})
