"""`/freeswitch/xml`, section dialplan: calls that are handed over, at the charge of whoever does, or not at all."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Call, Domain, Extension, Leg, Number
from telephony.models.holding import HoldingState
from telephony.services.assignments import release
from telephony.tests.captures import answer_to, question_of, questions
from telephony.tests.plans import LEG, Dialler, assert_refused, bridges, to_a_carrier, variables
from telephony.tests.services.test_dialing import FRAUD
from telephony.tests.xml_answers import read

pytestmark = pytest.mark.django_db

Asker = Callable[..., HttpResponse]
HandOver = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def hand_over(dial: Dialler) -> HandOver:
    """Hand a leg over as somebody; `party` is whose phone is on it."""

    def call(destination: str, by: Assignment | str, party: Assignment | str = "", **fields: str) -> list[tuple[str, str]]:
        def written(whose: Assignment | str) -> str:
            return whose if isinstance(whose, str) else str(whose.extension_id)

        marks = {"variable_portal_transferred_by": written(by), "variable_portal_party": written(party)}
        return dial(destination, user="", context="transfer", **(marks | fields))

    return call


# -- what makes a leg come back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "context", "party", "other"),
    [("1005", "internal", "ann", "bob"), ("12403019517", "internal", "ann", None), ("17036879448", "public", None, "bob")],
)  # fmt: skip
def test_every_leg_knows_whose_it_is_and_comes_back_when_it_is_handed_over(
    dial: Dialler, request: pytest.FixtureRequest, ann: Assignment, bob: Assignment,
    destination: str, context: str, party: str | None, other: str | None,
) -> None:  # fmt: skip
    found = dial(destination, user="1006" if context == "internal" else "", context=context)
    first = next(index for index, (application, _) in enumerate(found) if application == "bridge")
    before = found[:first]
    # Exported, so on both legs.
    assert ("export", "force_transfer_context=transfer") in before
    assert ("export", "execute_on_blind_transfer=execute_extension who XML transferor") in before
    own = str(request.getfixturevalue(party).extension_id) if party else None
    assert variables(before).get("portal_party") == own
    far = str(request.getfixturevalue(other).extension_id) if other else "0"
    assert ("export", f"nolocal:portal_party={far}") in before


def test_a_forwarded_call_has_nobody_of_ours_at_its_end(dial: Dialler, ann: Assignment) -> None:
    Extension.objects.filter(pk=ann.extension_id).update(forward_to="12403019517")
    found = dial("17036879447", user="", context="public")
    parties = [data for _, data in found if data.startswith("nolocal:portal_party")]
    assert parties == [f"nolocal:portal_party={ann.extension_id}", "nolocal:portal_party=0"]


def test_a_leg_asks_who_hands_it_over(ask: Asker, ann: Assignment) -> None:
    root = read(ask(section="dialplan", **{"Hunt-Context": "transferor", "Hunt-Destination-Number": "who"}))
    assert [(found.get("application"), found.get("data")) for found in root.iter("action")] == [
        ("set", "portal_transferred_by=${uuid_getvar(${signal_bond} portal_party)}")
    ]


# -- where it goes ---------------------------------------------------------------------------------------------------------


def test_to_an_extension(hand_over: HandOver, ann: Assignment, bob: Assignment, eve: Assignment) -> None:
    found = hand_over("1005", by=ann, party=eve)
    assert bridges(found) == ["user/1005@pbx.example.com"]
    given = variables(found)
    # Who hands over is good for this once; the leg stays what its record says it is.
    assert given["portal_transferred_by"] == ""
    assert (
        not {"call_direction", "portal_extension_id", "portal_number_id", "accountcode", "domain_name", "portal_party"}
        & given.keys()
    )
    assert (given["effective_caller_id_number"], given["effective_caller_id_name"]) == ("1007", "eve"), "not who is gone"
    assert given["transfer_ringback"]
    assert not [data for application, data in found if application == "limit"]


def test_a_stranger_is_shown_as_the_stranger(hand_over: HandOver, ann: Assignment, bob: Assignment) -> None:
    for party in ("", "0", "_undef_"):
        assert "effective_caller_id_number" not in variables(hand_over("1005", by=ann, party=party))


def test_whom_the_call_had_reached_is_shown_and_not_who_had_called(
    hand_over: HandOver, ann: Assignment, bob: Assignment
) -> None:
    shown = {"Hunt-Direction": "outbound", "variable_sip_to_user": "12403019517"}
    given = variables(hand_over("1005", by=ann, party="0", **shown))
    assert (given["effective_caller_id_number"], given["effective_caller_id_name"]) == ("12403019517", "12403019517")
    for odd in ({"Hunt-Direction": "inbound"}, {"variable_sip_to_user": "x,y"}, {"variable_sip_to_user": "${x}"}):
        assert "effective_caller_id_number" not in variables(hand_over("1005", by=ann, party="0", **(shown | odd)))


def test_to_the_outside_pays_who_hands_over(hand_over: HandOver, ann: Assignment, bob: Assignment, eve: Assignment) -> None:
    for party in (eve, bob, ""):
        found = hand_over("12403019517", by=ann, party=party)
        assert bridges(found) == [f"{to_a_carrier(ann.user_id)}sofia/gateway/carrier/12403019517"]
        assert variables(found)["effective_caller_id_number"] == "17036879447"
        assert [data for application, data in found if application == "limit"] == [
            f"hash portal_user {ann.user_id} 2 !CALL_REJECTED",
            f"hash portal_user_hour {ann.user_id} 30/3600 !CALL_REJECTED",
        ]
    assert_refused(hand_over("12403019517", by=eve), "OUTGOING_CALL_BARRED")


def test_proof_of_whoever_is_on_the_leg_is_not_that_of_who_hands_over(
    hand_over: HandOver, ann: Assignment, bob: Assignment
) -> None:
    proof = {"variable_user_name": "1006", "variable_domain_name": "pbx.example.com"}
    found = hand_over("12403019517", by=bob, party=ann, **proof)
    assert to_a_carrier(bob.user_id) in bridges(found)[0]
    assert_refused(hand_over("12403019517", by="", party=ann, **proof), "CALL_REJECTED")


@pytest.mark.parametrize("destination", FRAUD)
def test_what_fraudsters_dial(hand_over: HandOver, ann: Assignment, destination: str) -> None:
    assert_refused(hand_over(destination, by=ann), "OUTGOING_CALL_BARRED")
    assert_refused(hand_over(re.sub(r"[ -]", "", destination), by=ann), "OUTGOING_CALL_BARRED", "NO_ROUTE_DESTINATION")
    assert_refused(hand_over(destination, by=""), "CALL_REJECTED")


@pytest.mark.parametrize(
    "by", ["", "0", "-1", "999999", "_undef_", "-ERR No such channel!", "1 OR 1=1", "\u0661", "1\n", "9" * 40]
)
def test_who_is_nobody_hands_nothing_over(hand_over: HandOver, ann: Assignment, bob: Assignment, by: str) -> None:
    for destination in ("1005", "12403019517", "911"):
        assert_refused(hand_over(destination, by=by, party=ann), "CALL_REJECTED")


@pytest.mark.parametrize(
    "claim", ["variable_sip_h_Referred-By", "variable_sip_h_portal_transferred_by", "Caller-Username", "variable_sip_from_user"]
)
def test_what_is_claimed_counts_for_nothing(hand_over: HandOver, ann: Assignment, bob: Assignment, claim: str) -> None:
    assert_refused(hand_over("12403019517", by="", **{claim: str(ann.extension_id)}), "CALL_REJECTED")


@pytest.mark.parametrize("context", ["internal", "public"])
def test_elsewhere_the_mark_opens_nothing(dial: Dialler, ann: Assignment, bob: Assignment, context: str) -> None:
    marks = {"variable_portal_transferred_by": str(ann.extension_id), "variable_portal_party": str(ann.extension_id)}
    assert_refused(dial("12403019517", user="", context=context, **marks), "CALL_REJECTED", "UNALLOCATED_NUMBER")


@pytest.mark.parametrize("how", ["released", "person deactivated", "domain closed", "disabled"])
def test_who_lost_the_extension_hands_nothing_over(hand_over: HandOver, ann: Assignment, bob: Assignment, how: str) -> None:
    assert bridges(hand_over("1005", by=ann))
    if how == "released":
        release(ann)
    elif how == "person deactivated":
        User.objects.filter(pk=ann.user_id).update(is_active=False)
    elif how == "domain closed":
        Domain.objects.update(is_active=False)
    else:
        Extension.objects.filter(pk=ann.extension_id).update(state=HoldingState.DISABLED)
    for destination in ("1005", "12403019517"):
        assert_refused(hand_over(destination, by=ann), "CALL_REJECTED")


@pytest.mark.parametrize("destination", ["", "who", "4444", "1005@x", "sofia/gateway/carrier/19002345678", "${x}", "1005,1006"])
def test_what_is_no_destination(hand_over: HandOver, ann: Assignment, bob: Assignment, destination: str) -> None:
    assert_refused(hand_over(destination, by=ann), "NO_ROUTE_DESTINATION")


def test_a_number_that_nobody_holds(hand_over: HandOver, ann: Assignment) -> None:
    Number.objects.create(number="17036879450", provider=ann.number.provider)
    assert_refused(hand_over("17036879450", by=ann), "UNALLOCATED_NUMBER")


def test_emergencies(hand_over: HandOver, ann: Assignment) -> None:
    assert_refused(hand_over("911", by=ann), "OUTGOING_CALL_BARRED")
    with override_settings(EMERGENCY_GATEWAY="e911"):
        assert bridges(hand_over("911", by=ann)) == ["sofia/gateway/e911/911"]


# -- minutes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [239, 240])
def test_what_one_pays_of_other_calls_counts_for_the_day(
    dial: Dialler, hand_over: HandOver, ann: Assignment, bob: Assignment, minutes: int
) -> None:
    begun = timezone.now() - timedelta(hours=2)

    def paid(seconds: int, payer: int, began: Any = begun, **call: Any) -> None:
        number = Leg.objects.count()
        other = Call.objects.create(
            call_uuid=f"call-{number}", started_at=began, answered_at=began, answered=True, bill_seconds=seconds,
            **({"direction": "inbound"} | call),
        )  # fmt: skip
        Leg.objects.create(call=other, uuid=f"leg-{number}", started_at=began, billsec=seconds, portal_payer_id=payer, raw={})

    paid(60 * (minutes - 100), ann.user_id)
    # Her own call, once: not by its leg again.
    paid(60 * 60, ann.user_id, direction="outbound", caller_user=ann.user)
    paid(60 * 40, ann.user_id, direction="outbound", local=True, caller_user=ann.user)
    paid(99999, bob.user_id)
    paid(99999, ann.user_id, timezone.now() - timedelta(hours=25))
    assert bool(bridges(dial("12403019517"))) == (minutes < 240)
    assert bool(bridges(hand_over("12403019517", by=ann))) == (minutes < 240)
    assert bridges(hand_over("1005", by=ann)), "inside costs nothing"


# -- recording -------------------------------------------------------------------------------------------------------------


@override_settings(FREESWITCH_RECORDINGS_DIR="/var/rec")
def test_a_recording_goes_on_and_none_begins_beside_it(
    dial: Dialler, hand_over: HandOver, ann: Assignment, bob: Assignment
) -> None:
    found = dial("1005")
    assert variables(found)["recording_follow_transfer"] == "true"
    assert ("export", "portal_recorded=true") in found
    found = hand_over("1005", by=ann, variable_portal_recorded="true")
    assert "record_post_process_exec_api" not in variables(found)


@override_settings(FREESWITCH_RECORDINGS_DIR="/var/rec")
def test_what_was_not_recorded_is_from_now_on(hand_over: HandOver, ann: Assignment, bob: Assignment) -> None:
    root = hand_over("1005", by=ann)
    assert ("record_session", f"/var/rec/{LEG}.wav") in root
    assert variables(root)["RECORD_BRIDGE_REQ"] == "true"


# -- what a real switch asked ----------------------------------------------------------------------------------------------

TRANSFERS = questions("transfer")


@pytest.mark.parametrize("question", TRANSFERS)
def test_captured_transfers(ask: Asker, ann: Assignment, bob: Assignment, eve: Assignment, question: str) -> None:
    """Each goes where the switch sent it, at the charge of the same."""
    number = Number.objects.create(number="17036879449", provider=ann.number.provider, state=HoldingState.ASSIGNED)
    Assignment.objects.filter(pk=eve.pk).update(number=number)
    body = question_of(question).body.decode()
    # The ids of the portal of then.
    for then, now in {"1": bob, "2": ann, "3": eve}.items():
        body = re.sub(rf"(variable_portal_(?:party|transferred_by))={then}(?=&|$)", rf"\1=E{now.extension_id}", body)
    body = re.sub(r"(variable_portal_(?:party|transferred_by)=)E", r"\1", body)
    mine, theirs = read(ask(body.encode())), answer_to(question)
    context = next(theirs.iter("context")).get("name")

    def told(root: Any) -> list[str]:
        found = [(each.get("application", ""), each.get("data", "")) for each in root.iter("action")]
        where = [bridge.rpartition("}")[2] for bridge in bridges(found)]
        return [*where, *(data for application, data in found if application == "hangup" or "transferred_by" in data)]

    assert next(mine.iter("context")).get("name") == context
    assert told(mine) == told(theirs)
