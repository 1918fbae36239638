"""`/freeswitch/xml`, section dialplan: who may call, and where no call goes."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from telephony.models import Assignment, Call, Domain, Extension, Gateway, Number
from telephony.models.holding import HoldingState
from telephony.services.assignments import release
from telephony.tests.plans import Dialler, assert_refused, bridges, variables
from telephony.tests.services.test_dialing import FRAUD

pytestmark = pytest.mark.django_db


# -- who calls -------------------------------------------------------------------------------------------------------------


def test_what_a_phone_claims_counts_for_nothing(dial: Dialler, ann: Assignment, bob: Assignment, eve: Assignment) -> None:
    claims = {
        "Caller-Username": "1005", "Hunt-Username": "1005", "Caller-Caller-ID-Number": "1005", "Caller-ANI": "1005",
        "variable_sip_from_user": "1005", "variable_sip_from_uri": "1005@pbx.example.com", "variable_accountcode": "1005",
        "variable_portal_extension_id": str(bob.extension_id), "variable_effective_caller_id_number": "17036879448",
    }  # fmt: skip
    found = dial("12403019517", **claims)
    assert variables(found)["portal_extension_id"] == str(ann.extension_id)
    assert variables(found)["effective_caller_id_number"] == "17036879447"
    # And where nothing was proved, claims do not make up for it: this is how a call comes back after a REFER.
    assert_refused(dial("12403019517", user="", **claims), "CALL_REJECTED")
    assert_refused(dial("1005", user="", **claims), "CALL_REJECTED")


@pytest.mark.parametrize(
    ("user", "realm"),
    [("1006", ""), ("", "pbx.example.com"), ("1006", "other.example.com"), ("4444", "pbx.example.com"), ("1006$", "pbx.example.com"),
     ("\x00", "pbx.example.com"), ("1006", "\x00")],
)  # fmt: skip
def test_half_a_proof_is_none(dial: Dialler, ann: Assignment, user: str, realm: str) -> None:
    fields = {"variable_user_name": user, "variable_domain_name": realm}
    assert_refused(dial("12403019517", user="", **fields), "CALL_REJECTED")


@pytest.mark.parametrize("how", ["released", "person deactivated", "domain closed", "disabled"])
def test_who_lost_the_extension_calls_nobody_and_is_not_called(
    dial: Dialler, ann: Assignment, bob: Assignment, how: str
) -> None:
    assert bridges(dial("12403019517"))
    if how == "released":
        release(ann)
    elif how == "person deactivated":
        User.objects.filter(pk=ann.user_id).update(is_active=False)
    elif how == "domain closed":
        Domain.objects.update(is_active=False)
    else:
        Extension.objects.filter(pk=ann.extension_id).update(state=HoldingState.DISABLED)
    for destination in ("12403019517", "1005"):
        assert_refused(dial(destination), "CALL_REJECTED")
    assert_refused(dial("17036879447", user="", context="public"), "UNALLOCATED_NUMBER")
    if how != "domain closed":
        assert_refused(dial("1006", user="1005"), "NO_ROUTE_DESTINATION")
        # Not through a carrier and back either.
        assert_refused(dial("17036879447", user="1005"), "UNALLOCATED_NUMBER")


def test_an_extension_without_a_number_stays_inside(dial: Dialler, ann: Assignment, bob: Assignment, eve: Assignment) -> None:
    assert bridges(dial("1005", user="1007")) == ["user/1005@pbx.example.com"]
    assert_refused(dial("12403019517", user="1007"), "OUTGOING_CALL_BARRED")


# -- where calls do not go -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("destination", FRAUD)
def test_what_fraudsters_dial(dial: Dialler, ann: Assignment, destination: str) -> None:
    assert_refused(dial(destination), "OUTGOING_CALL_BARRED")
    assert_refused(dial(re.sub(r"[ -]", "", destination)), "OUTGOING_CALL_BARRED", "NO_ROUTE_DESTINATION")
    assert_refused(dial(destination, user="", context="public"), "UNALLOCATED_NUMBER")


@pytest.mark.parametrize(
    "destination",
    ["", "0", "1", "4444", "*97", "#", "411", "user/1005", "1005@pbx.example.com", "sofia/gateway/carrier/19002345678", "${x}",
     "12403019517,1005", "12403019517|1005", "12403019517;ext=5", "1240301951\uff17", "12403019517\n", "x" * 5000, "1" * 40, "&bridge(x)"],
)  # fmt: skip
def test_what_is_no_destination(dial: Dialler, ann: Assignment, destination: str) -> None:
    assert_refused(dial(destination), "NO_ROUTE_DESTINATION", "OUTGOING_CALL_BARRED")
    assert_refused(dial(destination, user="", context="public"), "UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION")


@pytest.mark.parametrize("destination", ["12403019517", "1006", "1005", "911"])
def test_from_outside_nobody_gets_out_again(dial: Dialler, ann: Assignment, bob: Assignment, destination: str) -> None:
    assert_refused(dial(destination, user="", context="public"), "UNALLOCATED_NUMBER")
    # Not even with what only a registered phone can have proved.
    assert_refused(dial(destination, context="public"), "UNALLOCATED_NUMBER")


def test_a_number_that_nobody_holds(dial: Dialler, ann: Assignment) -> None:
    Number.objects.create(number="17036879450", provider=ann.number.provider)
    assert_refused(dial("17036879450"), "UNALLOCATED_NUMBER")
    assert_refused(dial("17036879450", user="", context="public"), "UNALLOCATED_NUMBER")


def test_without_a_gateway_in_use(dial: Dialler, ann: Assignment) -> None:
    Gateway.objects.update(is_active=False)
    assert_refused(dial("12403019517"), "NO_ROUTE_TRANSIT_NET")


@pytest.mark.parametrize("minutes", [239, 240])
def test_who_has_talked_enough_for_a_day(dial: Dialler, ann: Assignment, bob: Assignment, minutes: int) -> None:
    now = timezone.now()

    def talked(seconds: int, hours_ago: int, **fields: object) -> None:
        begun = now - timedelta(hours=hours_ago)
        Call.objects.create(
            call_uuid=f"{seconds}-{hours_ago}-{fields}"[:64], direction="outbound", started_at=begun, answered_at=begun,
            ended_at=begun + timedelta(seconds=seconds), answered=True, bill_seconds=seconds, duration_seconds=seconds,
            **({"caller_user": ann.user} | fields),
        )  # fmt: skip

    talked(minutes * 60, 2)
    talked(9999, 25)
    talked(9999, 3, local=True)
    talked(9999, 3, caller_user=bob.user)
    found = dial("12403019517")
    assert bool(bridges(found)) == (minutes < 240)
    assert bridges(dial("1005")), "calls inside cost nothing"


# -- emergencies -----------------------------------------------------------------------------------------------------------


def test_emergencies_without_a_gateway_for_them(dial: Dialler, ann: Assignment) -> None:
    assert_refused(dial("911"), "OUTGOING_CALL_BARRED")


@override_settings(EMERGENCY_GATEWAY="e911")
def test_emergencies(dial: Dialler, ann: Assignment, eve: Assignment, hold: Callable, make_person: Callable) -> None:
    hold(make_person("x"), "911")
    for user in ("1006", "1007"):
        found = dial("911", user=user)
        assert bridges(found) == ["sofia/gateway/e911/911"]
        assert not [data for application, data in found if application == "limit"], "who is in need is not limited"
    assert_refused(dial("911", user=""), "CALL_REJECTED")
    assert_refused(dial("911", user="", context="public"), "UNALLOCATED_NUMBER")
