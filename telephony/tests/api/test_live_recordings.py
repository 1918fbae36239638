"""`call-recording/live`: a party of a talk, and staff, have silence recorded while a card number is read out."""

import io
import time
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Assignment, PauseMark
from telephony.services import recording_pauses
from telephony.services.switchboard import reach
from telephony.switch.commands import rows
from telephony.switch.errors import SwitchLostError
from telephony.tests.scripted_switch import Said
from telephony.tests.simulated_switch import simulated
from web.models import ReadOnlyMode

pytestmark = pytest.mark.django_db(transaction=True)

LIVE = "/api/v2/call-recording/live"
UNTIL_SECONDS = 20
FOLDER = "/rec"


@pytest.fixture
def people(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> dict[str, User]:
    """Anna and Ben have extensions, Eve too; Sam is staff, Cleo has none."""
    people = {name: make_person(name) for name in ("anna", "ben", "eve", "cleo")}
    for name, exten, digits in (("anna", "1006", "17036879447"), ("ben", "1005", "17036879448"), ("eve", "1008", "")):
        hold(people[name], exten, digits)
    return people | {"sam": make_person("sam", Role.STAFF)}


@pytest.fixture
def ask(client: Client, people: dict[str, User], key_of: Any) -> Callable[..., HttpResponse]:
    keys = {name: key_of(person) for name, person in people.items()}

    def send(who: str, path: str = LIVE, method: str = "GET") -> HttpResponse:
        return client.generic(method, path, headers=keys[who] if who else {})

    return send


@pytest.fixture
def switch(settings: Any, tmp_path: Path) -> Iterator[SimulatedSwitch]:
    """A switch in whose calls people talk for as long as the test likes."""
    settings.FREESWITCH_RECORDINGS_DIR = FOLDER
    with simulated(settings, pace=1, talk=60, create_delay=0, recordings_dir=tmp_path) as switch:
        yield switch


def say(command: str) -> str:
    """Tell the switch what the portal never says."""
    with reach() as socket:
        return socket.api(Said(command), 30.0)


@pytest.fixture
def talk(switch: SimulatedSwitch, people: dict[str, User]) -> str:
    """Anna talks to Ben, and her leg records it."""
    leg = str(uuid4())
    whose = "-".join(str(Assignment.objects.get(user=people[name]).extension_id) for name in ("anna", "ben"))
    file = f"{FOLDER}/{leg}.wav"
    say(
        f"originate {{origination_uuid={leg},ignore_early_media=true,accountcode=1006,portal_recorded_for={whose}"
        f",RECORD_BRIDGE_REQ=true,RECORD_STEREO=true,execute_on_answer='record_session {file}'}}user/1006@pbx.example.com"
        " &bridge(user/1005@pbx.example.com)"
    )
    deadline = time.monotonic() + UNTIL_SECONDS
    while not (found := _bridged()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found
    return leg


def _bridged() -> bool:
    return len([row for row in rows(say("show channels as json")) if row["callstate"] == "ACTIVE"]) == 2


def pause(leg: str) -> str:
    return f"{LIVE}/{leg}/pause"


def test_both_parties_see_their_talk_and_nobody_else(ask: Any, talk: str) -> None:
    [live] = ask("anna").json()
    assert (live["uuid"], live["paused"]) == (talk, False)
    assert set(live) == {"uuid", "call_from", "call_to", "started_at", "paused"}
    assert ask("ben").json() == [live]
    assert ask("eve").json() == ask("cleo").json() == []


def test_a_pause_and_its_end(ask: Any, talk: str, people: dict[str, User], switch: SimulatedSwitch, tmp_path: Path) -> None:
    answer = ask("ben", pause(talk), "PUT")
    assert (answer.status_code, answer.json()) == (200, {"uuid": talk, "paused": True})
    assert ask("anna").json()[0]["paused"] is True
    time.sleep(1)
    assert ask("anna", pause(talk), "DELETE").status_code == 204
    assert ask("ben").json()[0]["paused"] is False
    time.sleep(0.5)
    say(f"uuid_kill {talk}")
    file = tmp_path / f"{talk}.wav"
    deadline = time.monotonic() + UNTIL_SECONDS
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with wave.open(io.BytesIO(file.read_bytes())) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    silent = sum(1 for left, right in zip(samples[0::2], samples[1::2], strict=True) if left == right == 0)
    assert 0.8 < silent / 8000 < 5
    marks = PauseMark.objects.values_list("leg_uuid", "is_paused", "actor__name")
    assert list(marks) == [(talk, True, "ben"), (talk, False, "anna")]
    written = AuditEntry.objects.filter(action__startswith="recording.").order_by("id")
    assert [(entry.action, entry.actor, entry.after) for entry in written] == [
        ("recording.paused", people["ben"], {"leg_uuid": talk}),
        ("recording.resumed", people["anna"], {"leg_uuid": talk}),
    ]


def test_either_leg_names_the_talk(ask: Any, talk: str) -> None:
    [other] = [row["uuid"] for row in rows(say("show channels as json")) if row["uuid"] != talk]
    assert ask("anna", pause(other), "PUT").json() == {"uuid": talk, "paused": True}


def test_the_same_again_changes_nothing(ask: Any, talk: str) -> None:
    for _ in range(2):
        assert ask("anna", pause(talk), "PUT").status_code == 200
    assert ask("anna").json()[0]["paused"] is True
    for _ in range(2):
        assert ask("anna", pause(talk), "DELETE").status_code == 204
    assert ask("anna").json()[0]["paused"] is False


def test_staff_pause_anybodys(ask: Any, talk: str) -> None:
    assert ask("sam").json() == []
    assert ask("sam", pause(talk), "PUT").status_code == 200
    assert ask("anna").json()[0]["paused"] is True


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_stranger_finds_nothing(ask: Any, talk: str, method: str) -> None:
    assert ask("", pause(talk), method).status_code == 401
    for who in ("eve", "cleo"):
        answer = ask(who, pause(talk), method)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ask("anna", pause(str(uuid4())), method).status_code == 404
    assert ask("sam", pause(str(uuid4())), method).status_code == 404
    assert not PauseMark.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="recording.").exists()


def test_a_talk_that_is_not_recorded_any_more(ask: Any, talk: str) -> None:
    say(f"uuid_kill {talk}")
    deadline = time.monotonic() + UNTIL_SECONDS
    while rows(say("show channels as json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ask("anna").json() == []
    assert ask("anna", pause(talk), "PUT").status_code == 404


def test_a_leg_that_was_never_told_to_record(ask: Any, talk: str) -> None:
    """What a leg calls itself opens nothing: whose talk it is, only the portal has told the switch."""
    say(f"uuid_setvar {talk} portal_recorded_for 999999")
    assert ask("anna").json() == []
    assert ask("anna", pause(talk), "PUT").status_code == 404


@pytest.mark.parametrize("name", ["x", "1", "..%2f..", "11111111-2222-4333-8444-55555555555Z", "A" * 36])
def test_what_is_no_leg(ask: Any, people: dict[str, User], name: str) -> None:
    assert ask("anna", f"{LIVE}/{name}/pause", "PUT").status_code == 404


def test_a_revoked_holder_pauses_nothing(ask: Any, talk: str, people: dict[str, User]) -> None:
    Assignment.objects.filter(user=people["anna"]).update(ends_at=timezone.now())
    assert ask("anna", pause(talk), "PUT").status_code == 404


def test_the_switch_is_away(ask: Any, people: dict[str, User], settings: Any) -> None:
    settings.FREESWITCH_ESL, settings.FREESWITCH_ESL_ALL = None, ()
    for answer in (ask("anna"), ask("anna", pause(str(uuid4())), "PUT")):
        assert (answer.status_code, answer.json()["code"]) == (503, "switch_unavailable")
        assert answer["Retry-After"] == "2"


def test_a_switch_that_is_lost_may_have_done_it(ask: Any, talk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise SwitchLostError("gone")

    monkeypatch.setattr(recording_pauses, "extension_ids", lost)
    answer = ask("anna", pause(talk), "PUT")
    assert (answer.status_code, answer.json()["code"]) == (503, "switch_unavailable")
    assert not PauseMark.objects.exists()


def test_card_numbers_are_read_out_in_read_only_mode_too(ask: Any, talk: str) -> None:
    ReadOnlyMode.objects.update_or_create(id=1, defaults={"is_on": True})
    assert ask("anna", pause(talk), "PUT").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_other_verbs(ask: Any, people: dict[str, User], method: str) -> None:
    assert ask("anna", pause(str(uuid4())), method).status_code == 405


def test_unknown_parameters(ask: Any, people: dict[str, User]) -> None:
    assert ask("anna", f"{LIVE}?extension=1006").status_code == 400
    assert ask("anna", f"{pause(str(uuid4()))}?leg=b", "PUT").status_code == 400
