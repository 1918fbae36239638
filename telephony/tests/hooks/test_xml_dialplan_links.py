"""`/freeswitch/xml`, context `portal`: how a call link's source is connected, once, and to nobody else."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Call, CallLink, Domain, Extension, Gateway
from telephony.services.assignments import release
from telephony.services.recordings import may_upload
from telephony.tests.plans import actions, assert_refused, bridges, to_a_carrier, variables
from telephony.tests.services.test_dialing import FRAUD
from telephony.tests.xml_answers import read

pytestmark = pytest.mark.django_db

A, B = UUID("11111111-2222-4333-8444-55555555555a"), UUID("11111111-2222-4333-8444-55555555555b")
FAR = (
    "{{{uuid}origination_caller_id_number=17036879447,origination_caller_id_name=17036879447"
    ",portal_call_link={link},portal_role=destination,execute_on_answer='sched_hangup +3600 allotted_timeout'}}"
)
Plan = list[tuple[str, str]]


@pytest.fixture
def link(ann: Assignment, bob: Assignment) -> CallLink:
    """A link of ann's whose source the switch is ringing."""
    return CallLink.objects.create(
        user=ann.user, extension=ann.extension, number=ann.number, source_number="1006", destination_number="12403019517",
        call_uuid=A, destination_leg_uuid=B, job_uuid=uuid4(), status="ringing_source", sent_at=timezone.now(),
        expires_at=timezone.now() + timedelta(seconds=75),
    )  # fmt: skip


@pytest.fixture
def ask_for(ask: Callable[..., HttpResponse]) -> Callable[..., Plan]:
    """Ask for a link's plan as the switch does when its source has answered."""

    def call(link: CallLink, **fields: str) -> Plan:
        asked = {
            "Hunt-Context": "portal", "Hunt-Destination-Number": f"link{link.pk}", "Unique-ID": str(link.call_uuid),
            "variable_portal_b_uuid": str(link.destination_leg_uuid), "variable_portal_call_link": str(link.pk),
        }  # fmt: skip
        return actions(read(ask(section="dialplan", **asked | fields)), "portal")

    return call


def far(link: CallLink, uuid: str = "") -> str:
    return FAR.format(link=link.pk, uuid=f"origination_uuid={uuid}," if uuid else "")


def outside(link: CallLink, uuid: str = "") -> str:
    leading = far(link, uuid).strip("{}").partition("execute_on_answer")[0]
    return to_a_carrier(link.user_id, str(link.call_uuid), leading)


def test_a_number_outside(ask_for: Callable[..., Plan], link: CallLink, ann: Assignment) -> None:
    found = ask_for(link)
    assert bridges(found) == [f"{outside(link, str(B))}sofia/gateway/carrier/12403019517"]
    assert variables(found).items() >= {
        "call_direction": "outbound", "domain_name": "pbx.example.com", "portal_call_link": str(link.pk), "portal_role": "source",
        "portal_extension_id": str(ann.extension_id), "portal_number_id": str(ann.number_id), "accountcode": "1006",
        "hangup_after_bridge": "true", "continue_on_fail": "false", "call_timeout": "25", "sip_copy_custom_headers": "false",
        "transfer_ringback": "%(2000,4000,440,480)",
    }.items()  # fmt: skip
    # By the same counters as the calls of her phones.
    assert [data for application, data in found if application == "limit"] == [
        f"hash portal_user {ann.user_id} 2 !CALL_REJECTED",
        f"hash portal_user_hour {ann.user_id} 30/3600 !CALL_REJECTED",
    ]
    names = [application for application, _ in found]
    assert names.index("limit") < names.index("bridge")
    link.refresh_from_db()
    assert (link.status, link.planned_at is not None) == ("source_answered", True)


def test_an_extensions_own_limits_hold_for_its_links(
    ask_for: Callable[..., Plan], link: CallLink, ann: Assignment, settings: Any
) -> None:
    settings.CALL_LINK_MINUTES_LONGEST = 60
    Extension.objects.filter(pk=ann.extension_id).update(calls_at_once=5, calls_an_hour=90, call_minutes_longest=10)
    found = ask_for(link)
    assert ("limit", f"hash portal_user {ann.user_id} 5 !CALL_REJECTED") in found
    assert ("limit", f"hash portal_user_hour {ann.user_id} 90/3600 !CALL_REJECTED") in found
    assert "sched_hangup +600 allotted_timeout" in bridges(found)[0]
    assert "+3600" not in bridges(found)[0]


@pytest.mark.parametrize("destination", ["1005", "17036879448"])
def test_a_colleague(ask_for: Callable[..., Plan], link: CallLink, destination: str) -> None:
    CallLink.objects.update(destination_number=destination)
    found = ask_for(link)
    # No uuid of ours, lest only the first of his phones ring.
    assert bridges(found) == [f"{far(link)}user/1005@pbx.example.com"]
    assert not [data for application, data in found if application == "limit"], "calls inside cost nothing"
    assert variables(found)["call_direction"] == "outbound"


def test_a_colleague_called_from_ones_cell_phone(ask_for: Callable[..., Plan], link: CallLink, ann: Assignment) -> None:
    CallLink.objects.update(source_number="12762087784", destination_number="1005")
    found = ask_for(link)
    assert bridges(found) == [f"{far(link)}user/1005@pbx.example.com"]
    assert ("limit", f"hash portal_user {ann.user_id} 2 !CALL_REJECTED") in found, "the way to the source costs something"


def test_a_colleague_who_is_forwarded(ask_for: Callable[..., Plan], link: CallLink, bob: Assignment) -> None:
    Extension.objects.filter(pk=bob.extension_id).update(forward_to="12403019518")
    CallLink.objects.update(destination_number="1005")
    found = ask_for(link)
    assert bridges(found)[1] == f"{to_a_carrier(bob.user_id, str(link.call_uuid))}sofia/gateway/carrier/12403019518"
    assert ("limit", f"hash portal_user {bob.user_id} 2 !CALL_REJECTED") in found, "it is his forwarding"


def test_a_second_gateway_stands_in_for_the_first(ask_for: Callable[..., Plan], link: CallLink, domain: Domain) -> None:
    Gateway.objects.create(name="first", domain=domain, priority=1)
    found = ask_for(link)
    # A uuid is never used twice.
    assert bridges(found) == [
        f"{outside(link, str(B))}sofia/gateway/first/12403019517", f"{outside(link)}sofia/gateway/carrier/12403019517",
    ]  # fmt: skip
    first, second = (index for index, (application, _) in enumerate(found) if application == "bridge")
    assert "NORMAL_TEMPORARY_FAILURE" in variables(found[:first])["continue_on_fail"]
    assert not {"NO_ANSWER", "USER_BUSY"} & set(variables(found[:first])["continue_on_fail"].split(","))
    assert variables(found[:second])["continue_on_fail"] == "false"


@override_settings(FREESWITCH_RECORDINGS_DIR="/var/lib/freeswitch/recordings", PUBLIC_URL="http://[2001:db8::1]:8000")
def test_the_talk_is_recorded(ask_for: Callable[..., Plan], link: CallLink) -> None:
    found = ask_for(link)
    file = f"/var/lib/freeswitch/recordings/{A}.wav"
    given = variables(found)
    assert (given["RECORD_STEREO"], given["RECORD_BRIDGE_REQ"]) == ("true", "true")
    # The source has answered long since: nothing would wait for its answer any more.
    assert "execute_on_answer" not in given
    assert found.index(("record_session", file)) < [application for application, _ in found].index("bridge")
    pattern = rf"bgapi:http_put http://\[2001:db8::1\]:8000/freeswitch/recordings/{A}/([0-9]+)/([0-9a-f]{{64}})\.wav {file}"
    match = re.fullmatch(pattern, given["record_post_process_exec_api"])
    assert match is not None
    assert may_upload(str(A), int(match[1]), match[2])


@pytest.mark.parametrize(("source", "is_hers"), [("1006", True), ("17036879447", True), ("12762087784", False)])
def test_only_her_own_phone_hands_the_call_over_at_her_charge(
    ask_for: Callable[..., Plan], link: CallLink, ann: Assignment, source: str, is_hers: bool
) -> None:
    CallLink.objects.update(source_number=source)
    found = ask_for(link)
    assert (("set", f"portal_party={ann.extension_id}") in found) == is_hers
    assert bridges(found)


# -- who gets none ---------------------------------------------------------------------------------------------------------


def test_a_plan_is_given_out_once(ask_for: Callable[..., Plan], link: CallLink) -> None:
    assert bridges(ask_for(link))
    assert_refused(ask_for(link), "CALL_REJECTED")
    assert CallLink.objects.get().status == "source_answered", "whoever asks again harms nobody"


FORGED: list[dict[str, str]] = [
    {"variable_portal_b_uuid": ""},
    {"variable_portal_b_uuid": str(A)},
    {"variable_portal_b_uuid": "\u0661" * 36},
    {"Unique-ID": str(B)},
    {"Unique-ID": ""},
    {"Unique-ID": f"{A}\n"},
    {"Hunt-Destination-Number": "link0"},
    {"Hunt-Destination-Number": "link999999999999999999"},
    {"Hunt-Destination-Number": "link" + "9" * 40},
    {"Hunt-Destination-Number": "linkx"},
    {"Hunt-Destination-Number": "12403019517"},
    {"Hunt-Destination-Number": "1005"},
    {"Hunt-Destination-Number": "911"},
    {"Hunt-Destination-Number": "", "Caller-Destination-Number": ""},
    {"Hunt-Destination-Number": "link$${x}"},
]


@pytest.mark.parametrize("forged", FORGED, ids=str)
def test_whoever_does_not_know_both_legs_gets_none(
    ask_for: Callable[..., Plan], link: CallLink, forged: dict[str, str]
) -> None:
    # Not even with what a registered phone has proved.
    proof = {"variable_user_name": "1006", "variable_domain_name": "pbx.example.com"}
    for fields in (forged, forged | proof):
        assert_refused(ask_for(link, **fields), "CALL_REJECTED")
    link.refresh_from_db()
    assert (link.planned_at, link.status) == (None, "ringing_source")
    assert bridges(ask_for(link)), "and takes nothing from who does"


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "expired", "cancel requested", "never sent", "dial_in"])
def test_a_link_that_is_not_under_way_has_none(ask_for: Callable[..., Plan], link: CallLink, status: str) -> None:
    if status == "cancel requested":
        CallLink.objects.update(cancel_requested_at=timezone.now())
    elif status == "never sent":
        CallLink.objects.update(sent_at=None, status="queued")
    elif status == "dial_in":
        CallLink.objects.update(mode="dial_in")
    else:
        link.end(status, "")
    assert_refused(ask_for(link), "CALL_REJECTED")
    assert CallLink.objects.get().planned_at is None


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_ask_at_once_one_gets_it(ask_for: Callable[..., Plan], link: CallLink) -> None:
    def get(_: int) -> bool:
        try:
            return bool(bridges(ask_for(link)))
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(get, range(20))) == 1


# -- what was allowed when it was placed, and is no longer ----------------------------------------------------------------


# As a link would have them: E.164 digits.
FRAUDULENT = [digits for text in FRAUD if re.fullmatch(r"[1-9][0-9]{7,14}", digits := re.sub(r"[^0-9]", "", text))]


@pytest.mark.parametrize("digits", FRAUDULENT)
@pytest.mark.parametrize("side", ["source_number", "destination_number"])
def test_fraud_is_refused_on_both_legs(ask_for: Callable[..., Plan], link: CallLink, side: str, digits: str) -> None:
    CallLink.objects.update(**{side: digits})
    assert_refused(ask_for(link), "OUTGOING_CALL_BARRED", "NO_ROUTE_DESTINATION")


@pytest.mark.parametrize("how", ["released", "deactivated", "domain closed", "other number", "no gateway", "ours, nobody's"])
def test_what_has_gone_meanwhile(
    ask_for: Callable[..., Plan], link: CallLink, ann: Assignment, bob: Assignment, how: str
) -> None:
    if how == "released":
        release(ann)
    elif how == "deactivated":
        User.objects.filter(pk=ann.user_id).update(is_active=False)
    elif how == "domain closed":
        Domain.objects.update(is_active=False)
    elif how == "other number":
        CallLink.objects.update(number=bob.number)
    elif how == "no gateway":
        Gateway.objects.update(is_active=False)
    else:
        CallLink.objects.update(destination_number="17036879448")
        release(bob)
    found = ask_for(link)
    assert_refused(found, "CALL_REJECTED", "NO_ROUTE_TRANSIT_NET", "UNALLOCATED_NUMBER")
    assert variables(found)["portal_call_link"] == str(link.pk), "its record is the link's"


@pytest.mark.parametrize(("source", "destination"), [("1006", "12403019517"), ("12762087784", "1005"), ("1006", "1005")])
@pytest.mark.parametrize("by_link", [True, False])
def test_who_has_talked_enough_meanwhile(
    ask_for: Callable[..., Plan], link: CallLink, ann: Assignment, source: str, destination: str, by_link: bool
) -> None:
    CallLink.objects.update(source_number=source, destination_number=destination)
    now = timezone.now()
    fields: dict[str, Any] = {"call_link": link} if by_link else {"caller_user": ann.user}
    Call.objects.create(
        call_uuid="x", direction="outbound", started_at=now, answered_at=now, answered=True, bill_seconds=240 * 60, **fields
    )
    found = ask_for(link)
    if by_link or (source, destination) != ("1006", "1005"):
        assert_refused(found, "OUTGOING_CALL_BARRED")
    else:
        assert bridges(found)
