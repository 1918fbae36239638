"""The page of calls and its player."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from telephony.models import Call, Recording
from telephony.tests.captures import TABLE, posts_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(make_person: Callable, hold: Callable, post_cdr: Callable) -> dict[str, User]:
    """1006 belongs to anna, 1005 to ben; every captured call was posted."""
    people = {
        "anna": make_person("anna"),
        "ben": make_person("ben"),
        "eve": make_person("eve"),
        "staff": make_person("staff", Role.STAFF),
    }
    hold(people["anna"], "1006", "17036879447")
    hold(people["ben"], "1005")
    for scenario in TABLE:
        for post in posts_of(scenario):
            post_cdr(post)
    return people


def page(client: Client, person: User, query: str = "") -> str:
    client.force_login(person)
    response = client.get(f"/{query}")
    assert response.status_code == 200
    return response.content.decode()


def rows(text: str) -> int:
    return len(re.findall(r"<tr>", text)) - 1


def test_staff_see_every_call_in_words(client: Client, people: dict[str, User]) -> None:
    text = page(client, people["staff"])
    assert rows(text) == 13
    for words in (
        "Phone not registered",
        "Caller hung up",
        "Busy",
        "No answer",
        "+1 240-301-9517",
        "0:06",
        "Internal",
        "Inbound",
    ):
        assert words in text
    assert "<h1>Calls</h1>" in text


def test_people_see_their_own_from_their_side(client: Client, people: dict[str, User]) -> None:
    text = page(client, people["ben"])
    assert "<h1>My calls</h1>" in text
    assert "Inbound" in text
    assert "240-301-9517" not in text
    text = page(client, people["eve"])
    assert "Welcome, eve" in text
    assert "<table" not in text


def test_a_callers_name_is_text(client: Client, people: dict[str, User]) -> None:
    text = page(client, people["staff"])
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Zoë" in text


def test_nothing_is_inline_and_every_script_may_run(client: Client, people: dict[str, User]) -> None:
    client.force_login(people["staff"])
    response = client.get("/")
    text = response.content.decode()
    assert not re.search(r"\son\w+=", text)
    assert " style=" not in text
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    nonce = re.search(r'nonce="([^"]+)"', text)[1]
    assert f"'nonce-{nonce}'" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=301", 2),
        ("?q=240-301", 2),
        ("?answered=true", 6),
        ("?call_direction=inbound", 2),
        ("?has_recording=true", 0),
        ("?page=3&nonsense=1", 13),
    ],
)
def test_filters(client: Client, people: dict[str, User], query: str, expected: int) -> None:
    text = page(client, people["staff"], query)
    assert (0 if "No call matches" in text else rows(text)) == expected


@pytest.mark.parametrize("query", ["?q=12", "?q=%3Cscript%3E", "?answered=maybe", "?call_direction=x", "?q=%00"])
def test_a_wrong_filter_complains_and_shows_nothing(client: Client, people: dict[str, User], query: str) -> None:
    text = page(client, people["staff"], query)
    assert 'role="alert"' in text
    assert "No call matches" in text
    assert "<script>" not in text


def test_pages(client: Client, people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.views.calls.ROWS", 5)
    seen, query = 0, ""
    for _ in range(3):
        text = page(client, people["staff"], query)
        seen += rows(text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        query = older[1].replace("&amp;", "&") if older else ""
    assert (seen, query) == (13, "")
    assert 'rel="prev"' in text
    assert rows(page(client, people["staff"], "?cursor=rubbish")) == 5


def test_anonymous_people_are_asked_to_sign_in(client: Client, people: dict[str, User]) -> None:
    assert client.get("/?q=301")["Location"] == "/login?next=/%3Fq%3D301"
    assert client.get(f"/calls/{Call.objects.first().pk}/audio").status_code == 302


@pytest.mark.parametrize("path", ["/", "/calls/1/audio"])
def test_other_verbs(client: Client, people: dict[str, User], path: str) -> None:
    client.force_login(people["staff"])
    assert client.post(path).status_code == 405


def test_the_audio_of_another_person_is_not_there(
    client: Client, people: dict[str, User], tmp_path: Any, settings: Any
) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    (tmp_path / "a.wav").write_bytes(b"RIFF" * 100)
    call = Call.objects.get(call_uuid="3e6bc8f5-181d-4c52-9d6d-46965011989d")
    Recording.objects.create(
        call=call,
        leg_uuid="x",
        file_name="a.wav",
        size_bytes=400,
        sha256="0" * 64,
        channels=2,
        sample_rate=8000,
        duration_ms=5000,
    )
    assert "0:05" in page(client, people["anna"])
    for who, status in (("anna", 200), ("ben", 200), ("staff", 200), ("eve", 404)):
        client.force_login(people[who])
        response = client.get(f"/calls/{call.pk}/audio")
        assert response.status_code == status
        assert status == 404 or b"".join(response.streaming_content).startswith(b"RIFF")
    assert client.get("/calls/999999/audio").status_code == 404


def test_as_many_queries_for_one_row_as_for_many(
    client: Client, people: dict[str, User], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    client.force_login(people["staff"])
    client.get("/")
    for limit in (1, 13):
        monkeypatch.setattr("telephony.views.calls.ROWS", limit)
        with django_assert_num_queries(6):
            client.get("/")


def test_error_pages_wear_the_same_look(client: Client, people: dict[str, User]) -> None:
    text = client.get("/no/such/page").content.decode()
    assert "There is nothing here" in text
    assert "console.css" in text
