"""Explaining a route: the switch's own answer, in words, without a call and without anything that could be used."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.apps import apps
from django.http import HttpResponse

from demo.switch.exchange import Settings as SwitchSettings
from telephony.models import Assignment, Extension, Gateway
from telephony.services.explaining import Explanation, QuestionError, explain, question_of
from telephony.services.routing import Dialled
from telephony.services.subscribers import holder_at
from telephony.tests.services.test_dialing import FRAUD
from telephony.tests.simulated_switch import simulated
from telephony.tests.xml_answers import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorded(settings: Any) -> None:
    settings.FREESWITCH_RECORDINGS_DIR, settings.PUBLIC_URL = "/var/rec", "https://portal.example.com"


def told(explanation: Explanation) -> list[tuple[str | None, str | None]]:
    return actions(fromstring(explanation.xml))


def actions(root: Element) -> list[tuple[str | None, str | None]]:
    return [(action.get("application"), action.get("data")) for action in root.iter("action")]


def ask_about(caller: str, dialled: str) -> Explanation:
    return explain(question_of(caller, dialled))


@pytest.mark.parametrize(
    ("caller", "dialled"),
    [
        ("1006", "1005"), ("1006", "12403019517"), ("1006", "(240) 301-9517"), ("1006", "4444"), ("1006", "18765551234"),
        ("1006", "911"), ("4444", "1005"), ("1006@other.example.com", "1005"), ("", "17036879447"), ("", "1006"),
        ("+1 202 555 0123", "17036879448"), ("", "nobody"), ("1006", "$${x}"), ("1006", "<script>"),
    ],
)  # fmt: skip
def test_it_is_what_the_switch_is_answered(
    ask: Callable[..., HttpResponse], ann: Assignment, bob: Assignment, caller: str, dialled: str
) -> None:
    call = question_of(caller, dialled)
    fields = {"variable_user_name": call.user, "variable_domain_name": call.domain} if call.user else {}
    fields |= {"Hunt-Context": call.context, "Hunt-Destination-Number": call.destination, "Unique-ID": call.leg_uuid}
    answered = read(ask(section="dialplan", **fields))
    explanation = explain(call)
    assert told(explanation) == actions(answered)
    assert explanation.is_refused == (len(told(explanation)) < 8)
    assert explanation.reasons, "every answer has its reason"


def test_a_call_that_leaves(ann: Assignment) -> None:
    Gateway.objects.create(name="spare", domain=ann.extension.domain, priority=200)
    explanation = ask_about("1006", "12403019517")
    assert explanation.verdict == "The call goes out to +1 240-301-9517."
    assert explanation.rings is None
    leaves = explanation.as_json()["leaves"]
    assert leaves == {
        "number": "12403019517", "gateways": ["carrier", "spare"], "caller_id": "17036879447", "ring_seconds": 60,
        "limits": {"payer": "ann", "at_once": 2, "an_hour": 30, "minutes_a_day": 240, "longest_seconds": 3600},
    }  # fmt: skip


def test_what_limits_it_is_the_extensions_own_word(ann: Assignment) -> None:
    own = {"calls_at_once": 5, "calls_an_hour": 90, "call_minutes_a_day": 600, "call_minutes_longest": 10}
    Extension.objects.filter(pk=ann.extension_id).update(**own)
    leaves = ask_about("1006", "12403019517").as_json()["leaves"]
    assert leaves["limits"] == {"payer": "ann", "at_once": 5, "an_hour": 90, "minutes_a_day": 600, "longest_seconds": 600}


def test_a_call_that_is_refused(ann: Assignment) -> None:
    explanation = ask_about("1006", "18765551234")
    assert explanation.is_refused
    assert explanation.as_json()["hangup_cause"] == "OUTGOING_CALL_BARRED"
    assert explanation.reasons[-1] == "+1 876-555-1234 is in a country that may not be called."
    assert told(explanation)[-1] == ("hangup", "OUTGOING_CALL_BARRED")


@pytest.mark.parametrize("destination", FRAUD)
def test_what_fraudsters_dial_is_explained_as_refused(ann: Assignment, destination: str) -> None:
    assert ask_about("1006", destination).is_refused
    assert ask_about("", destination).is_refused


def test_a_call_that_rings_and_is_forwarded(ann: Assignment) -> None:
    Extension.objects.filter(pk=ann.extension_id).update(forward_to="12403019517")
    explanation = ask_about("", "7036879447")
    assert explanation.verdict == "The call rings 1006@pbx.example.com, then +1 240-301-9517."
    assert explanation.rings is not None
    assert explanation.leaves is not None
    assert explanation.leaves.ring_seconds == 25


@pytest.mark.parametrize(("registered", "phones"), [(("1005",), 0), (("1005", "1006"), 1)])
def test_where_phones_are_registered_the_switch_says(
    settings: Any, ann: Assignment, registered: tuple[str, ...], phones: int
) -> None:
    with simulated(settings, extensions=registered):
        explanation = ask_about("", "17036879447")
    assert explanation.rings is not None
    assert explanation.rings.phones is not None
    assert len(explanation.rings.phones) == phones
    assert explanation.as_json()["rings"]["registered"] is bool(phones)


def test_with_the_switch_away_it_is_unknown(settings: Any, ann: Assignment) -> None:
    with simulated(settings):
        pass
    rings = ask_about("", "17036879447").as_json()["rings"]
    assert (rings["registered"], rings["phones"]) == (None, None)


def test_a_switch_that_fails_to_answer_is_away(settings: Any, ann: Assignment) -> None:
    assert SwitchSettings().extensions
    with simulated(settings) as switch:
        switch.faults.set("drop-after-auth")
        assert ask_about("", "17036879447").as_json()["rings"]["phones"] is None


def test_no_signed_address_gets_out(recorded: None, ann: Assignment, bob: Assignment) -> None:
    explanation = ask_about("1006", "1005")
    assert explanation.is_recorded
    text = repr(explanation.as_json())
    assert "[stripped]" in text
    assert "/freeswitch/recordings" not in text


def test_asking_changes_nothing(recorded: None, settings: Any, ann: Assignment, bob: Assignment) -> None:
    def everything() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in apps.get_models() if model._meta.managed]

    before = everything()
    with simulated(settings) as switch:
        for question in (("1006", "12403019517"), ("1006", "1005"), ("", "17036879447")):
            ask_about(*question)
        assert {command.split()[0] for command in switch.commands} <= {"auth", "api", "exit"}
        assert {command for command in switch.commands if command.startswith("api")} == {"api show registrations as json"}
        assert switch.originates == 0
    assert everything() == before


def test_a_row_that_does_not_fit_is_told(ask: Callable[..., HttpResponse], ann: Assignment) -> None:
    Gateway.objects.update(name="carrier,$${x}")
    explanation = ask_about("1006", "12403019517")
    assert explanation.is_refused
    assert told(explanation) == [("hangup", "NORMAL_TEMPORARY_FAILURE")]
    assert "gateway is not fit" in explanation.reasons[0]
    assert "$${x}" not in repr(explanation.as_json())


@pytest.mark.parametrize(
    ("caller", "dialled", "field"),
    [
        ("1006", "", "to"), ("", "   ", "to"), ("1006", "1\n2", "to"), ("1006", "\x00", "to"), ("1006", "1" * 301, "to"),
        ("x", "1005", "from"), ("1006@", "1005", "from"), ("1006@bad domain", "1005", "from"), ("12345678", "1005", "from"),
        ("1006@pbx.example.com\n", "1005", ""), ("\u0661\u0660\u0660\u0666", "1005", "from"), ("1006@" + "x" * 300, "1005", "from"),
    ],
)  # fmt: skip
def test_what_is_no_question(db: None, caller: str, dialled: str, field: str) -> None:
    if not field:
        assert question_of(caller, dialled).user == "1006"
        return
    with pytest.raises(QuestionError) as refused:
        question_of(caller, dialled)
    assert refused.value.field == field


def test_who_asks_about_another_context_is_wrong(db: None) -> None:
    with pytest.raises(ValueError, match="features"):
        explain(Dialled(context="features", destination="1"))
    assert holder_at("1006", "pbx.example.com") is None
