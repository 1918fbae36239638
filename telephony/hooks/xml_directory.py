"""Section `directory` of `/freeswitch/xml`: who may register and call, and how an extension is rung."""

from typing import Final
from xml.etree.ElementTree import Element

from telephony.services import probes
from telephony.services.bans import is_banned
from telephony.services.sip_configuration import listening
from telephony.services.subscribers import holder_at, proof_of, subscriber_of
from telephony.switch.directory import can_be_repeated, probed_user, refused_user, user_document
from telephony.switch.documents import UnsafeTextError, not_found
from telephony.switch.xml_requests import XmlRequest

REGISTRATION: Final = "sip_auth"
# Whoever asks for these wants to check a password for something that the portal gives nobody.
NEVER_GRANTED: Final = frozenset({"event_socket_auth", "jsonrpc-authenticate"})
# How an extension is rung, and what the switch's own commands ask (they name no action).
LOOK_UPS: Final = frozenset({"user_call", ""})


def answer(request: XmlRequest) -> Element:
    """Return what the switch is told of a user; "not found" where the question is about nothing of ours."""
    if not _is_about_a_user(request):
        return not_found()
    if probe := probes.probe_of_user(request["user"]):
        probes.note(probe, probes.Hop.QUESTION, switchname=request.switchname)
        return probed_user(request["user"], request["domain"], probes.VARIABLE, probes.answer_to(probe))
    action = request["action"]
    if action in NEVER_GRANTED:
        return refused_user(request["user"], request["domain"])
    if action == REGISTRATION:
        return _authentication(request)
    return _look_up(request) if action in LOOK_UPS else not_found()


def answer_when_broken(request: XmlRequest) -> Element | None:
    """Return what the switch is told while the portal cannot know; None where an error does no harm.

    An error would send the switch to its own files, where somebody else may be known by this name.
    """
    if request["action"] in NEVER_GRANTED | {REGISTRATION} and _is_about_a_user(request):
        return refused_user(request["user"], request["domain"])
    return None


def _is_about_a_user(request: XmlRequest) -> bool:
    return can_be_repeated(request["user"], request["domain"]) and not request["purpose"]


def _authentication(request: XmlRequest) -> Element:
    user, domain = request["user"], request["domain"]
    # Here, and not in the profile: an access list of the profile would let in without a password whoever is not banned.
    held = None if is_banned(request["ip"]) else holder_at(user, domain)
    ha1 = proof_of(held) if held else None
    if held is None or ha1 is None:
        return refused_user(user, domain)
    try:
        return user_document(subscriber_of(held), domain, ha1, listening(request.switchname).srtp)
    except UnsafeTextError:
        return refused_user(user, domain)


def _look_up(request: XmlRequest) -> Element:
    held = holder_at(request["user"], request["domain"])
    if held is None:
        return not_found()
    return user_document(subscriber_of(held), request["domain"], srtp=listening(request.switchname).srtp)
