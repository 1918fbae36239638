"""The page of one call: what happened, how it sounded, who listened."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from telephony.models import Call, CallAlias, Leg
from telephony.switch.holds import holds_of
from telephony.switch.quality import verdict
from telephony.tests.captures import TABLE, posts_of
from telephony.timeline import Timeline

pytestmark = pytest.mark.django_db

ANSWERED = "3e6bc8f5-181d-4c52-9d6d-46965011989d"


@pytest.fixture
def people(make_person: Callable, hold: Callable, post_cdr: Callable) -> dict[str, User]:
    people = {name: make_person(name) for name in ("anna", "ben", "eve")} | {"staff": make_person("staff", Role.STAFF)}
    hold(people["anna"], "1006", "17036879447")
    hold(people["ben"], "1005")
    for scenario in TABLE:
        for post in posts_of(scenario):
            post_cdr(post)
    return people


def page(client: Client, person: User, call: Call) -> tuple[int, str]:
    client.force_login(person)
    response = client.get(reverse("call-detail", args=[call.pk]))
    return response.status_code, response.content.decode()


def test_a_call_in_words(client: Client, people: dict[str, User]) -> None:
    status, text = page(client, people["staff"], Call.objects.get(call_uuid=ANSWERED))
    assert status == 200
    for words in (
        "1006",
        "1005",
        "Answered",
        "What happened",
        "part-talk",
        "part-ringing",
        "How it sounded",
        "Records of the switch",
        ANSWERED,
    ):
        assert words in text
    assert "a1-hash" not in text


def test_whose_it_is_not_does_not_find_it(client: Client, people: dict[str, User]) -> None:
    call = Call.objects.get(call_uuid=ANSWERED)
    assert [page(client, people[name], call)[0] for name in ("anna", "ben", "eve")] == [200, 200, 404]
    client.logout()
    assert client.get(reverse("call-detail", args=[call.pk])).status_code == 302
    client.force_login(people["anna"])
    assert client.post(reverse("call-detail", args=[call.pk])).status_code == 405
    assert client.get("/calls/999999/").status_code == 404


def test_an_ordinary_person_sees_neither_records_nor_listeners(client: Client, people: dict[str, User]) -> None:
    text = page(client, people["anna"], Call.objects.get(call_uuid=ANSWERED))[1]
    assert "Records of the switch" not in text
    assert "Who listened" not in text


def test_the_id_of_a_joined_call_leads_to_the_elder(client: Client, people: dict[str, User]) -> None:
    call = Call.objects.get(call_uuid=ANSWERED)
    CallAlias.objects.create(former_id=77_777, former_uuid="x", call=call)
    client.force_login(people["anna"])
    response = client.get("/calls/77777/")
    assert (response.status_code, response["Location"]) == (301, f"/calls/{call.pk}/")
    client.force_login(people["eve"])
    assert client.get("/calls/77777/").status_code == 404


def test_a_hostile_name_is_text(client: Client, people: dict[str, User]) -> None:
    call = Call.objects.get(caller_name__contains="<script>")
    status, text = page(client, people["staff"], call)
    assert status == 200
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_every_captured_call_has_a_page_and_a_drawing(client: Client, people: dict[str, User]) -> None:
    for call in Call.objects.all():
        assert page(client, people["staff"], call)[0] == 200
        timeline = Timeline(call)
        assert len(timeline.bars) == call.legs.count()
        for bar in timeline.bars:
            assert bar.title
            assert all(0 <= part.left <= 100 and 0 < part.width <= 100 for part in bar.segments)
        talked = any(part.kind == "talk" for bar in timeline.bars for part in bar.segments)
        assert talked == call.answered
        assert timeline.ticks[0].left == 0


def test_who_listened_is_told(client: Client, people: dict[str, User]) -> None:
    call = Call.objects.get(call_uuid=ANSWERED)
    recording = call.recordings.create(
        leg_uuid=ANSWERED, file_name="x.wav", size_bytes=400, sha256="0" * 64, channels=2, sample_rate=8000, duration_ms=4000
    )
    assert "Nobody yet." in page(client, people["staff"], call)[1]
    AuditEntry.objects.record("recording.played", recording, actor=people["ben"])
    assert "Nobody yet." not in page(client, people["staff"], call)[1]


@pytest.mark.parametrize(
    ("measured", "grade"),
    [
        ((None, None, None), "unknown"), ((4.4, 6.0, 0.1), "good"), ((3.9, 6.0, 0.1), "fair"), ((3.2, 6.0, 0.1), "poor"),
        ((4.4, 45.0, 0.1), "fair"), ((4.4, 6.0, 2.0), "fair"), ((4.4, 6.0, 9.0), "poor"), ((None, None, 0.0), "good"),
    ],
)  # fmt: skip
def test_how_it_sounded(measured: tuple[Any, Any, Any], grade: str) -> None:
    found = verdict(*measured)
    assert found.grade == grade
    assert found.why.endswith(".")


def test_the_blame_is_named() -> None:
    assert "2 % of the packets were lost" in verdict(4.4, 6.0, 2.0).why
    assert "45 ms" in verdict(4.4, 45.0, 0.1).why


def test_holds_are_drawn(people: dict[str, User]) -> None:
    call = Call.objects.get(call_uuid=ANSWERED)
    leg = Leg.objects.get(uuid=ANSWERED)
    began = int(leg.bridged_at.timestamp() * 1_000_000) + 1_000_000
    leg.raw["variables"]["hold_events"] = f"{{{{{began + 1_500_000},{began + 2_000_000}}},{{{began},{began + 1_000_000}}}}}"
    leg.save()
    bar = next(bar for bar in Timeline(call).bars if bar.leg.uuid == ANSWERED)
    assert [round(part.seconds, 1) for part in bar.segments if part.kind == "hold"] == [1.0, 0.5]


@pytest.mark.parametrize("said", [None, 5, "", "{{a,b}}", "{{1,2}}", "{" * 10_000, [], {"x": 1}])
def test_holds_that_cannot_be_read_are_none(said: Any) -> None:
    assert holds_of({"variables": {"hold_events": said}}) == []
    assert holds_of({"variables": said}) == []
