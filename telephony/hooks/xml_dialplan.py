"""Section `dialplan` of `/freeswitch/xml`: where a call goes."""

import logging
from xml.etree.ElementTree import Element

from telephony.services.call_links.plans import plan_of_dial_in, plan_of_link
from telephony.services.routing import Dialled, route
from telephony.switch.dialplan import CONTEXTS, PORTAL, PUBLIC, TRANSFEROR, Plan, Refuse, plan_document, transferor_document
from telephony.switch.documents import not_found
from telephony.switch.xml_requests import XmlRequest

logger = logging.getLogger("portal.switch")


def answer(request: XmlRequest) -> Element:
    """Return the plan of a call; "not found" only in contexts that are not the portal's."""
    if _context(request) == TRANSFEROR:
        return transferor_document()
    plan = _plan(
        request,
        Dialled(
            context=_context(request),
            destination=request["Hunt-Destination-Number"] or request["Caller-Destination-Number"],
            # Set by the switch once the phone has proved its password. Nothing of Caller-* or Hunt-*: that is From.
            user=request["variable_user_name"],
            domain=request["variable_domain_name"],
            leg_uuid=request["Unique-ID"],
            # Set by our plans alone: what a phone or a carrier sends becomes no variable but `sip_…`.
            handed_over_by=request["variable_portal_transferred_by"],
            party=request["variable_portal_party"],
            number=request["variable_sip_to_user"] if request["Hunt-Direction"] == "outbound" else "",
            is_recorded=request["variable_portal_recorded"] == "true",
        ),
    )
    if plan is None:
        return not_found()
    if isinstance(plan.action, Refuse):
        logger.info("a call was refused", extra={"cause": plan.action.cause, "reasons": list(plan.reasons)})
    return plan_document(plan)


def _plan(request: XmlRequest, call: Dialled) -> Plan | None:
    if call.context == PORTAL:
        return plan_of_link(call, request["variable_portal_b_uuid"])
    if call.context == PUBLIC:
        caller = request["Hunt-Caller-ID-Number"] or request["Caller-Caller-ID-Number"]
        return plan_of_dial_in(call, caller, request["FreeSWITCH-Switchname"]) or route(call)
    return route(call)


def answer_when_broken(request: XmlRequest) -> Element | None:
    """Return a plan that ends the call, while the portal cannot know where it goes: no plan of the switch's own is better."""
    context = _context(request)
    if context not in CONTEXTS:
        return not_found()
    return plan_document(Plan(context=context, action=Refuse(cause="NORMAL_TEMPORARY_FAILURE")))


def _context(request: XmlRequest) -> str:
    return request["Hunt-Context"] or request["Caller-Context"]
