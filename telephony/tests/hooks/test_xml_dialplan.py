"""`/freeswitch/xml`, section dialplan: where calls go, at whose charge, and where none goes."""

import re
from collections.abc import Callable
from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from telephony.hooks import xml_dialplan
from telephony.models import Assignment, Call, Domain, Extension, Gateway, Number
from telephony.models.holding import HoldingState
from telephony.services.assignments import release
from telephony.services.recordings import may_upload
from telephony.services.routing import Dialled, route
from telephony.switch.dialplan import Refuse
from telephony.tests.captures import answer_to, question_of, questions
from telephony.tests.services.test_dialing import FRAUD
from telephony.tests.xml_answers import is_not_found, read

pytestmark = pytest.mark.django_db

Asker = Callable[..., HttpResponse]
LEG = "161d516a-9698-496c-bafd-7a25b34df257"
END = ("hangup", "${originate_disposition}")


@pytest.fixture
def ann(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """Who calls in the captures, 1006, with a gateway for her domain."""
    held = hold(make_person("ann"), "1006", "17036879447")
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": held.extension.domain})
    return held


@pytest.fixture
def bob(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """Who is called in the captures, 1005."""
    return hold(make_person("bob"), "1005", "17036879448")


@pytest.fixture
def eve(hold: Callable[..., Assignment], make_person: Callable[..., User]) -> Assignment:
    """1007, with no number of her own."""
    return hold(make_person("eve"), "1007")


def actions(root: Element, context: str) -> list[tuple[str, str]]:
    """Return a plan's actions; hold it to one extension that always matches."""
    assert [found.get("name") for found in root.iter("context")] == [context]
    assert len(list(root.iter("extension"))) == 1
    assert [found.attrib for found in root.iter("condition")] == [{}]
    found = [(action.get("application", ""), action.get("data", "")) for action in root.iter("action")]
    assert found[-1][0] == "hangup", "a plan that runs out falls to the next one"
    for application, data in found[:-1]:
        assert application in ("set", "export", "limit", "bridge")
        assert "$" not in data
    return found


def bridges(found: list[tuple[str, str]]) -> list[str]:
    return [data for application, data in found if application == "bridge"]


def variables(found: list[tuple[str, str]]) -> dict[str, str]:
    return dict(data.split("=", 1) for application, data in found if application in ("set", "export"))


@pytest.fixture
def dial(ask: Asker) -> Callable[..., list[tuple[str, str]]]:
    """Dial from a registered extension, and return what the switch is to do."""

    def call(destination: str, user: str = "1006", context: str = "internal", **fields: str) -> list[tuple[str, str]]:
        proof = {"variable_user_name": user, "variable_domain_name": "pbx.example.com"} if user else {}
        asked = {"Hunt-Context": context, "Hunt-Destination-Number": destination, "Unique-ID": LEG} | proof | fields
        return actions(read(ask(section="dialplan", **asked)), context)

    return call


Dialler = Callable[..., list[tuple[str, str]]]


def assert_refused(found: list[tuple[str, str]], *causes: str) -> None:
    assert not bridges(found)
    assert found[-1][1] in causes


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
    assert bridges(found) == ["{execute_on_answer='sched_hangup +3600 allotted_timeout'}sofia/gateway/carrier/12403019517"]
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


@pytest.mark.parametrize("context", ["", "default", "portal", "features", "Internal", "internal "])
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
