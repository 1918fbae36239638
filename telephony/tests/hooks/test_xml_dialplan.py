"""`/freeswitch/xml`, section dialplan: where calls go, and at whose charge."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from telephony.hooks import xml_dialplan
from telephony.models import Assignment, Call, Domain, Extension, Gateway
from telephony.services.recordings import may_upload
from telephony.services.routing import Dialled, route
from telephony.switch.dialplan import Refuse
from telephony.tests.captures import answer_to, question_of, questions
from telephony.tests.plans import LEG, Dialler, actions, assert_refused, bridges, to_a_carrier, variables
from telephony.tests.xml_answers import is_not_found, read

pytestmark = pytest.mark.django_db

Asker = Callable[..., HttpResponse]
END = ("hangup", "${originate_disposition}")


# -- what the real switch asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", questions("dialplan"))
def test_captured_calls(ask: Asker, ann: Assignment, bob: Assignment, eve: Assignment, question: str) -> None:
    """Each goes where the switch sent it, with the variables that its records brought back."""
    context = "public" if question.startswith("inbound") else "internal"
    mine, accepted = actions(read(ask(question_of(question).body)), context), answer_to(question)
    if is_not_found(accepted):
        assert_refused(mine, "NO_ROUTE_DESTINATION")
        return
    theirs = [(action.get("application", ""), action.get("data", "")) for action in accepted.iter("action")]
    assert [bridge.rpartition("}")[2] for bridge in bridges(mine)] == bridges(theirs)
    for name in ("call_direction", "hangup_after_bridge", "domain_name"):
        assert variables(mine)[name] == variables(theirs).get(name, "pbx.example.com")
    assert mine[-1] == END


def test_from_extension_to_extension(dial: Dialler, ann: Assignment, bob: Assignment) -> None:
    Extension.objects.filter(number="1006").update(display_name="Ann Example")
    found = dial("1005")
    assert bridges(found) == ["user/1005@pbx.example.com"]
    assert ("export", "domain_name=pbx.example.com") in found
    assert variables(found).items() >= {
        "call_direction": "local", "portal_extension_id": str(ann.extension_id), "portal_number_id": str(ann.number_id),
        "accountcode": "1006", "effective_caller_id_number": "1006", "effective_caller_id_name": "Ann Example",
        "continue_on_fail": "true", "call_timeout": "30",
    }.items()  # fmt: skip
    assert found[-1] == END
    assert not [data for application, data in found if application == "limit"]


@pytest.mark.parametrize("dialled", ["17036879448", "7036879448", "+17036879448", "01117036879448"])
def test_to_a_number_of_ours(dial: Dialler, ann: Assignment, bob: Assignment, dialled: str) -> None:
    found = dial(dialled)
    assert bridges(found) == ["user/1005@pbx.example.com"]
    assert variables(found)["call_direction"] == "local"


def test_between_domains_numbers_are_shown(
    dial: Dialler, ann: Assignment, bob: Assignment, make_person: Callable[..., User]
) -> None:
    other = Domain.objects.create(name="other.example.com")
    Extension.objects.filter(pk=bob.extension_id).update(domain=other)
    found = dial("17036879448")
    assert bridges(found) == ["user/1005@other.example.com"]
    assert variables(found)["effective_caller_id_number"] == "17036879447"
    assert_refused(dial("1005"), "NO_ROUTE_DESTINATION")


def test_to_the_outside(dial: Dialler, ann: Assignment) -> None:
    found = dial("2403019517")
    assert bridges(found) == [f"{to_a_carrier(ann.user_id)}sofia/gateway/carrier/12403019517"]
    assert variables(found).items() >= {
        "call_direction": "outbound", "domain_name": "pbx.example.com", "accountcode": "1006",
        "portal_extension_id": str(ann.extension_id), "portal_number_id": str(ann.number_id),
        "effective_caller_id_number": "17036879447", "effective_caller_id_name": "17036879447",
        "limit_ignore_transfer": "true", "sip_copy_custom_headers": "false",
    }.items()  # fmt: skip
    assert [data for application, data in found if application == "limit"] == [
        f"hash portal_user {ann.user_id} 2 !CALL_REJECTED",
        f"hash portal_user_hour {ann.user_id} 30/3600 !CALL_REJECTED",
    ]
    names = [application for application, _ in found]
    assert names.index("limit") < names.index("bridge")
    assert found[-1] == END


def test_an_extensions_own_limits_are_told_the_switch(dial: Dialler, ann: Assignment) -> None:
    Extension.objects.filter(pk=ann.extension_id).update(calls_at_once=5, calls_an_hour=90, call_minutes_longest=10)
    found = dial("2403019517")
    assert [data for application, data in found if application == "limit"] == [
        f"hash portal_user {ann.user_id} 5 !CALL_REJECTED",
        f"hash portal_user_hour {ann.user_id} 90/3600 !CALL_REJECTED",
    ]
    assert "sched_hangup +600 allotted_timeout" in bridges(found)[0]


def test_an_extensions_own_minutes_end_its_day(dial: Dialler, ann: Assignment) -> None:
    Call.objects.create(
        call_uuid="talked", direction="outbound", caller_user=ann.user, started_at=timezone.now() - timedelta(hours=1), answered=True,
        answered_at=timezone.now(), bill_seconds=600,
    )  # fmt: skip
    assert bridges(dial("2403019517"))
    Extension.objects.filter(pk=ann.extension_id).update(call_minutes_a_day=10)
    assert_refused(dial("2403019517"), "OUTGOING_CALL_BARRED")
    Extension.objects.filter(pk=ann.extension_id).update(call_minutes_a_day=11)
    assert bridges(dial("2403019517"))


def test_a_second_gateway_stands_in_for_the_first(dial: Dialler, ann: Assignment) -> None:
    domain = ann.extension.domain
    Gateway.objects.create(name="closed", domain=domain, is_active=False, priority=1)
    Gateway.objects.create(name="first", domain=domain, priority=2)
    Gateway.objects.create(name="elsewhere", domain=Domain.objects.create(name="x.example.com"), priority=3)
    found = dial("12403019517")
    assert [bridge.rpartition("}")[2] for bridge in bridges(found)] == [
        "sofia/gateway/first/12403019517", "sofia/gateway/carrier/12403019517",
    ]  # fmt: skip
    first, second = (index for index, (application, _) in enumerate(found) if application == "bridge")
    # After any other cause, such as busy or no answer, the second carrier is left alone.
    only_after = variables(found[:first])["continue_on_fail"].split(",")
    assert {"NORMAL_TEMPORARY_FAILURE", "GATEWAY_DOWN", "INVALID_GATEWAY"} <= set(only_after)
    assert not {"true", "USER_BUSY", "NO_ANSWER", "CALL_REJECTED", "ORIGINATOR_CANCEL"} & set(only_after)
    assert variables(found[:second])["continue_on_fail"] == "true", "the caller is told what became of the last attempt"


def test_a_call_from_outside(dial: Dialler, ann: Assignment) -> None:
    found = dial("17036879447", user="", context="public")
    assert bridges(found) == ["user/1006@pbx.example.com"]
    assert ("set", "domain_name=pbx.example.com") in found
    assert variables(found).items() >= {
        "call_direction": "inbound", "portal_extension_id": str(ann.extension_id), "portal_number_id": str(ann.number_id),
        "accountcode": "1006",
    }.items()  # fmt: skip
    assert "effective_caller_id_number" not in variables(found), "the callee sees who calls"
    assert found[-1] == END


# -- recording -------------------------------------------------------------------------------------------------------------


@override_settings(FREESWITCH_RECORDINGS_DIR="/var/lib/freeswitch/recordings", PUBLIC_URL="https://portal.example.com")
@pytest.mark.parametrize(
    ("destination", "context"), [("1005", "internal"), ("12403019517", "internal"), ("17036879448", "public")]
)
def test_talks_are_recorded(dial: Dialler, ann: Assignment, bob: Assignment, destination: str, context: str) -> None:
    found = dial(destination, user="1006" if context == "internal" else "", context=context)
    file = f"/var/lib/freeswitch/recordings/{LEG}.wav"
    given = variables(found)
    assert (given["RECORD_STEREO"], given["RECORD_BRIDGE_REQ"]) == ("true", "true")
    assert given["execute_on_answer"] == f"record_session {file}"
    pattern = rf"bgapi:http_put https://portal\.example\.com/freeswitch/recordings/{LEG}/([0-9]+)/([0-9a-f]{{64}})\.wav {file}"
    match = re.fullmatch(pattern, given["record_post_process_exec_api"])
    assert match is not None
    assert may_upload(LEG, int(match[1]), match[2])
    assert not [application for application, _ in found if application == "record_session"]


@pytest.mark.parametrize("leg", ["", "x", "../../etc/passwd", "$${x}", LEG.upper() + "0"])
def test_without_a_leg_that_can_name_a_file_nothing_is_recorded(
    dial: Dialler, ann: Assignment, bob: Assignment, leg: str
) -> None:
    with override_settings(FREESWITCH_RECORDINGS_DIR="/r"):
        found = dial("1005", **{"Unique-ID": leg})
    assert bridges(found)
    assert "execute_on_answer" not in variables(found)


# -- forwarding ------------------------------------------------------------------------------------------------------------


def test_nobody_answers_and_the_call_goes_on(dial: Dialler, ann: Assignment) -> None:
    Extension.objects.filter(pk=ann.extension_id).update(forward_to="12403019517")
    found = dial("17036879447", user="", context="public")
    assert bridges(found)[0] == "user/1006@pbx.example.com"
    assert bridges(found)[1].endswith("}sofia/gateway/carrier/12403019517")
    first, second = (index for index, (application, _) in enumerate(found) if application == "bridge")
    assert "USER_BUSY" not in variables(found[:first])["continue_on_fail"]
    between = found[first:second]
    assert ("limit", f"hash portal_user {ann.user_id} 2 !CALL_REJECTED") in between
    assert variables(between)["group_confirm_key"] == "1", "a voicemail is no answer"
    assert variables(between)["effective_caller_id_number"] == "17036879447"


@pytest.mark.parametrize("target", ["17036879448", "17036879447", "18765551234", "19002345678", "442079460018"])
def test_where_nothing_is_forwarded_to(dial: Dialler, ann: Assignment, bob: Assignment, target: str) -> None:
    Extension.objects.filter(pk=ann.extension_id).update(forward_to=target)
    assert bridges(dial("17036879447", user="", context="public")) == ["user/1006@pbx.example.com"]


# -- texts of strangers, failures ------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    destination=st.text(max_size=60), user=st.text(max_size=60), name=st.text(max_size=100),
    context=st.sampled_from(["internal", "public"]),
)  # fmt: skip
def test_whatever_is_dialled_and_claimed(
    ask: Asker, ann: Assignment, bob: Assignment, destination: str, user: str, name: str, context: str
) -> None:
    def storable(text: str) -> str:
        return text.replace("\x00", "").encode("utf-8", "ignore").decode()

    Extension.objects.update(display_name=storable(name))
    User.objects.update(name=storable(name))
    for dialled, proved in ((destination, "1006"), ("1005", "1006"), ("1005", user)):
        root = read(
            ask(
                section="dialplan",
                **{
                    "Hunt-Context": context, "Hunt-Destination-Number": storable(dialled), "variable_user_name": storable(proved),
                    "variable_domain_name": "pbx.example.com", "Caller-Caller-ID-Name": storable(name), "Unique-ID": LEG,
                },
            )
        )  # fmt: skip
        for bridge in bridges(actions(root, context)):
            assert re.fullmatch(r"user/100[56]@pbx\.example\.com|\{[^{}]*\}sofia/gateway/carrier/1[0-9]{10}", bridge)


def test_a_hostile_callers_name_goes_nowhere(ask: Asker, ann: Assignment) -> None:
    body = ask(question_of("inbound-hostile-caller-name/01-dialplan.http").body).content
    for part in (b"script", b"alert", b"system", b"Zo"):
        assert part not in body


@pytest.mark.parametrize("context", ["", "default", "features", "Internal", "internal "])
def test_contexts_of_somebody_else(ask: Asker, ann: Assignment, context: str) -> None:
    fields = {"Hunt-Context": context, "Hunt-Destination-Number": "12403019517", "variable_user_name": "1006"}
    assert is_not_found(read(ask(section="dialplan", **fields)))


def test_a_failing_database_ends_calls_rather_than_leave_them_to_the_switchs_files(
    dial: Dialler, ask: Asker, ann: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*arguments: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(xml_dialplan, "route", away)
    assert dial("12403019517") == [("hangup", "NORMAL_TEMPORARY_FAILURE")]
    assert is_not_found(read(ask(section="dialplan", **{"Hunt-Context": "default"})))


def test_a_row_that_does_not_fit_ends_the_call(dial: Dialler, ann: Assignment) -> None:
    Gateway.objects.update(name="carrier,$${x}")
    assert dial("12403019517") == [("hangup", "NORMAL_TEMPORARY_FAILURE")]


@pytest.mark.parametrize(("destination", "most"), [("1005", 3), ("17036879448", 3), ("12403019517", 6), ("19002345678", 3)])
def test_few_queries_however_many_there_are(
    dial: Dialler, ann: Assignment, bob: Assignment, destination: str, most: int,
    django_assert_max_num_queries: Callable[..., object],
) -> None:  # fmt: skip
    for index in range(20):
        Gateway.objects.create(name=f"g{index}", domain=ann.extension.domain)
    with django_assert_max_num_queries(most):
        found = dial(destination)
    assert len(bridges(found)) <= 4


def test_the_reasons_are_told_in_words(ann: Assignment, bob: Assignment) -> None:
    plan = route(Dialled(context="internal", destination="12403019517", user="1006", domain="pbx.example.com"))
    assert plan is not None
    assert plan.reasons == (
        "1006@pbx.example.com calls; ann holds it.",
        "+1 240-301-9517 is outside, in a country and of a kind that may be called.",
        "It leaves through carrier and shows +1 703-687-9447.",
        "The talk is not recorded: FREESWITCH_RECORDINGS_DIR is not set.",
    )
    refused = route(Dialled(context="internal", destination="18765551234", user="1006", domain="pbx.example.com"))
    assert refused is not None
    assert refused.action == Refuse(cause="OUTGOING_CALL_BARRED")
    assert refused.reasons[-1] == "+1 876-555-1234 is in a country that may not be called."


def test_without_the_switchs_credentials_no_plan(client: Client, ann: Assignment) -> None:
    body = question_of("outbound-answered/02-dialplan.http").body
    response = client.generic("POST", "/freeswitch/xml", body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 401
    assert b"bridge" not in response.content
