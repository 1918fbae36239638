"""Which talks the switch is told to record: by whose policy, with what notice, paused by whose keys."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings

from telephony.models import Assignment, Domain, Extension, Number
from telephony.services.routing import Dialled, route
from telephony.switch.dialplan import Plan
from telephony.tests.plans import LEG, Dialler, bridges, variables

pytestmark = pytest.mark.django_db

FILE = f"/rec/{LEG}.wav"
OUTSIDE = "12403019517"
# From where, by whom, to whom.
OUT, IN, LOCAL = ("internal", "1006", OUTSIDE), ("public", "", "17036879447"), ("internal", "1006", "1005")


@pytest.fixture(autouse=True)
def recordings(settings: Any) -> None:
    settings.FREESWITCH_RECORDINGS_DIR = "/rec"


def plan_of(call: tuple[str, str, str]) -> Plan:
    context, user, destination = call
    plan = route(
        Dialled(
            context=context, destination=destination, user=user, domain="pbx.example.com" if user else "", leg_uuid=LEG
        )
    )  # fmt: skip
    assert plan is not None
    assert plan.action is not None
    return plan


def is_recorded(call: tuple[str, str, str]) -> bool:
    return plan_of(call).recording is not None


def rule(domain: str = "all", ann: str = "domain", bob: str = "domain", number: str = "domain") -> None:
    """Set the policies of the domain, of 1006, of 1005 and of 1006's number."""
    Domain.objects.update(recording=domain)
    Extension.objects.filter(number="1006").update(recording=ann)
    Extension.objects.filter(number="1005").update(recording=bob)
    Number.objects.filter(number="17036879447").update(recording=number)


def test_as_it_was_before_there_were_policies(ann: Assignment, bob: Assignment) -> None:
    assert [is_recorded(call) for call in (OUT, IN, LOCAL)] == [True, True, True]
    assert plan_of(OUT).reasons[-1] == "The talk is recorded: pbx.example.com has all calls recorded."


@pytest.mark.parametrize(
    ("policy", "out", "comes_in"),
    [("off", False, False), ("inbound", False, True), ("outbound", True, False), ("all", True, True)],
)
def test_the_most_particular_decides(ann: Assignment, bob: Assignment, policy: str, out: bool, comes_in: bool) -> None:
    """The domain; an extension before its domain; for talk with the outside, its number before the extension."""
    opposite = "off" if policy == "all" else "all"
    for policies in (
        {"domain": policy},
        {"domain": opposite, "ann": policy},
        {"domain": opposite, "ann": opposite, "number": policy},
    ):
        rule(**policies)
        assert (is_recorded(OUT), is_recorded(IN)) == (out, comes_in), policies


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        # 1006 calls 1005: it goes out for the one and comes in for the other.
        ({"domain": "outbound"}, True),
        ({"domain": "inbound"}, True),
        ({"domain": "off"}, False),
        ({"domain": "all", "ann": "off"}, False),
        ({"domain": "all", "bob": "off"}, False),
        ({"ann": "inbound", "bob": "outbound"}, False),
        ({"ann": "inbound", "bob": "all"}, True),
        ({"ann": "outbound", "bob": "outbound"}, True),
        # Whose domain says off has said it, also of the colleague of somebody who is always recorded.
        ({"domain": "off", "bob": "all"}, False),
        # A number has no say where nobody outside is.
        ({"domain": "all", "number": "off"}, True),
        ({"domain": "off", "number": "all"}, False),
    ],
)
def test_between_extensions(ann: Assignment, bob: Assignment, policies: dict[str, str], expected: bool) -> None:
    rule(**policies)
    assert is_recorded(LOCAL) is expected


@pytest.mark.parametrize(
    ("policies", "call", "reason"),
    [
        ({"domain": "off"}, OUT, "The talk is not recorded: pbx.example.com has no calls recorded."),
        ({"ann": "inbound"}, OUT, "The talk is not recorded: 1006@pbx.example.com has only calls that come in recorded."),
        ({"ann": "inbound"}, IN, "The talk is recorded: 1006@pbx.example.com has calls that come in recorded."),
        ({"number": "off"}, IN, "The talk is not recorded: +1 703-687-9447 has no calls recorded."),
        ({"bob": "off"}, LOCAL, "The talk is not recorded: 1005@pbx.example.com has no calls recorded."),
        (
            {"ann": "inbound", "bob": "outbound"},
            LOCAL,
            "The talk is not recorded: 1006@pbx.example.com has only calls that come in recorded and "
            "1005@pbx.example.com has only calls that go out recorded.",
        ),
    ],
)
def test_the_reason_is_told(
    ann: Assignment, bob: Assignment, policies: dict[str, str], call: tuple[str, str, str], reason: str
) -> None:
    rule(**policies)
    assert plan_of(call).reasons[-1] == reason


def test_what_is_not_recorded_has_nothing_of_a_recording(dial: Dialler, ann: Assignment, bob: Assignment) -> None:
    rule(ann="off")
    Domain.objects.update(recording_notice=True)
    found = dial("1005")
    assert bridges(found)
    assert not [data for application, data in found if "record" in data.lower() or "pre_execute" in data]
    assert not [application for application, _ in found if application == "bind_digit_action"]


# -- notice ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["domain", "ann", "bob"])
def test_both_parties_hear_a_notice_when_anybody_asks_for_one(
    dial: Dialler, ann: Assignment, bob: Assignment, who: str
) -> None:
    assert not [name for name in variables(dial("1005")) if "pre_execute" in name]
    {
        "domain": Domain.objects.all(),
        "ann": Extension.objects.filter(number="1006"),
        "bob": Extension.objects.filter(number="1005"),
    }[who].update(recording_notice=True)
    given = variables(dial("1005"))
    for leg in ("aleg", "bleg"):
        assert given[f"bridge_pre_execute_{leg}_app"] == "playback"
        assert given[f"bridge_pre_execute_{leg}_data"] == "tone_stream://%(600,200,1400);loops=2"
    assert plan_of(LOCAL).reasons[-1] == "Both parties hear a tone before they talk."


def test_the_notice_of_a_number_is_for_talk_with_the_outside(ann: Assignment, bob: Assignment) -> None:
    Number.objects.filter(number="17036879447").update(recording_notice=True)
    notices = [recording.notice for call in (OUT, IN, LOCAL) if (recording := plan_of(call).recording)]
    assert notices == [True, True, False]


@override_settings(EMERGENCY_GATEWAY="carrier")
def test_help_is_called_without_a_notice(dial: Dialler, ann: Assignment) -> None:
    Domain.objects.update(recording_notice=True)
    given = variables(dial("911"))
    assert given["execute_on_answer"] == f"record_session {FILE}"
    assert not [name for name in given if "pre_execute" in name]


# -- keys ------------------------------------------------------------------------------------------------------------------


def keys(found: list[tuple[str, str]]) -> list[str]:
    return [data for application, data in found if application == "bind_digit_action"]


def expected_keys(*sides: str) -> list[str]:
    return [
        f"portal,{code},exec[i]:record_session_{what},{FILE},{side},self"
        for side in sides
        for code, what in (("*7", "mask"), ("*8", "unmask"))
    ]


def test_our_own_parties_pause_by_keys_and_nobody_else(dial: Dialler, ann: Assignment, bob: Assignment) -> None:
    assert keys(dial(OUTSIDE)) == expected_keys("self")
    assert keys(dial("17036879447", user="", context="public")) == expected_keys("peer")
    assert keys(dial("1005")) == expected_keys("self", "peer")


def test_other_keys_and_none(dial: Dialler, ann: Assignment, settings: Any) -> None:
    settings.RECORDING_CODES = ("#1", "#2")
    assert [key.split(",")[1] for key in keys(dial(OUTSIDE))] == ["#1", "#2"]
    settings.RECORDING_CODES = None
    assert keys(dial(OUTSIDE)) == []
    assert "execute_on_answer" in variables(dial(OUTSIDE))


def test_the_leg_says_whose_talk_it_records(dial: Dialler, ann: Assignment, bob: Assignment) -> None:
    both = f"{ann.extension_id}-{bob.extension_id}"
    assert variables(dial("1005"))["portal_recorded_for"] == both
    assert variables(dial(OUTSIDE))["portal_recorded_for"] == str(ann.extension_id)
    assert variables(dial("17036879447", user="", context="public"))["portal_recorded_for"] == str(ann.extension_id)


@pytest.mark.parametrize("kind", [Domain, Extension, Number])
def test_the_database_refuses_an_unknown_policy(ann: Assignment, kind: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        kind.objects.update(recording="some")


def test_a_domain_cannot_leave_it_to_the_domain(ann: Assignment) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Domain.objects.update(recording="domain")
