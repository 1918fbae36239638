"""The page of one call: what happened, how it sounded, who listened."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

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


# -- why it went there -----------------------------------------------------------------------------------------------------


def route_link(client: Client, person: User, call: Call) -> str | None:
    found = re.search(r'href="(/route/\?[^"]*)"', page(client, person, call)[1])
    return html.unescape(found[1]) if found else None


@pytest.mark.parametrize(
    ("parties", "query"),
    [
        ("1006 → 12403019517", {"from": ["1006@pbx.example.com"], "to": ["12403019517"]}),
        ("1006 → 1005", {"from": ["1006@pbx.example.com"], "to": ["1005"]}),
    ],
)
def test_staff_are_led_to_why_a_call_went_there(client: Client, people: dict[str, User], parties: str, query: dict) -> None:
    call = next(call for call in Call.objects.all() if str(call) == parties)
    address = route_link(client, people["staff"], call)
    assert address is not None
    assert parse_qs(address.partition("?")[2]) == query | {"call": [str(call.pk)]}
    text = client.get(address).content.decode()
    assert "What the switch is told" in text
    assert f'href="/calls/{call.pk}/">Call {call.pk}</a>' in text
    assert route_link(client, people["anna"], call) is None


def test_a_call_from_outside_is_asked_about_by_the_number_that_was_dialled(client: Client, people: dict[str, User]) -> None:
    call = Call.objects.filter(direction="inbound").exclude(number=None)[0]
    address = route_link(client, people["staff"], call)
    assert parse_qs(address.partition("?")[2])["to"] == ["17036879447"]
    assert "rings" in client.get(address).content.decode()


def test_a_caller_without_a_number_is_somebody_outside(client: Client, people: dict[str, User]) -> None:
    call = Call.objects.filter(direction="inbound").exclude(number=None)[0]
    Call.objects.filter(pk=call.pk).update(caller_number='"><script>', caller_extension=None)
    address = route_link(client, people["staff"], call)
    assert "from" not in parse_qs(address.partition("?")[2])
    assert "What the switch is told" in client.get(address).content.decode()
    Call.objects.filter(pk=call.pk).update(number=None, callee_number="")
    assert route_link(client, people["staff"], call) is None


@pytest.mark.parametrize("call_id", ["x", "-1", "9" * 30, "1/../2", "\x00", ""])
def test_whence_one_came_is_a_number_or_nothing(client: Client, people: dict[str, User], call_id: str) -> None:
    client.force_login(people["staff"])
    assert 'class="crumbs"' not in client.get("/route/", {"call": call_id}).content.decode()
