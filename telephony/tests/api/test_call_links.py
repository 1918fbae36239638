"""`call-links`: the call links that one may see, as the console lists them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import Call, CallLink

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-links"
MEMBERS = {
    "id", "call_uuid", "status", "source_number", "destination_number", "mode", "created_at", "expires_at", "hangup_cause",
    "source_answered_at", "bridged_at", "ended_at", "placed_by", "call",
}  # fmt: skip

Get = Callable[..., HttpResponse]


@pytest.fixture
def people(make_person: Callable[..., User]) -> dict[str, User]:
    return {name: make_person(name) for name in ("anna", "ben")} | {"sam": make_person("sam", Role.STAFF)}


@pytest.fixture
def get(people: dict[str, User], key_of: Callable[..., dict[str, str]], client: Client) -> Get:
    keys = {name: key_of(person) for name, person in people.items()}

    def ask(who: str, **query: Any) -> HttpResponse:
        return client.get(PATH, query, headers=keys.get(who, {}))

    return ask


def a_link(user: User, status: str = "queued", **fields: Any) -> CallLink:
    ended = {} if status in CallLink.OPEN else {"ended_at": timezone.now()}
    given = {"source_number": "1006", "destination_number": "12403019517"} | ended | fields
    return CallLink.objects.create(
        user=user, status=status, call_uuid=uuid4(), destination_leg_uuid=uuid4(), job_uuid=uuid4(),
        expires_at=timezone.now() + timedelta(minutes=5), **given,
    )  # fmt: skip


def ids(answer: HttpResponse) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()]


def test_it_lists_ones_own_newest_first_with_what_became_of_each(get: Get, people: dict[str, User]) -> None:
    assert get("anna").json() == []
    elder = a_link(people["anna"], "failed", hangup_cause="NO_ANSWER")
    younger = a_link(people["anna"])
    a_link(people["ben"])
    call = Call.objects.create(
        call_uuid=str(elder.call_uuid),
        call_link=elder,
        direction="outbound",
        caller_user=people["anna"],
        started_at=timezone.now(),
    )
    answer = get("anna")
    assert ids(answer) == [younger.pk, elder.pk]
    first, second = answer.json()
    assert set(first) == MEMBERS
    assert (first["status"], first["call"], first["ended_at"]) == ("queued", None, None)
    assert (second["status"], second["hangup_cause"], second["call"]) == ("failed", "NO_ANSWER", call.pk)
    assert second["placed_by"] == {"auth0_id": "auth0|anna", "name": "anna"}


def test_staff_see_everybodys_and_find_a_persons(get: Get, people: dict[str, User]) -> None:
    annas, bens = a_link(people["anna"]), a_link(people["ben"])
    assert ids(get("sam")) == [bens.pk, annas.pk]
    assert ids(get("sam", q="ann")) == [annas.pk]


def test_a_call_of_somebody_elses_is_not_named(get: Get, people: dict[str, User]) -> None:
    link = a_link(people["anna"], "completed")
    Call.objects.create(
        call_uuid=str(link.call_uuid),
        call_link=link,
        direction="outbound",
        caller_user=people["ben"],
        started_at=timezone.now(),
    )
    assert [each["call"] for each in get("anna").json()] == [None]


def test_it_is_narrowed_down_as_the_consoles_list_is(get: Get, people: dict[str, User]) -> None:
    done = a_link(people["anna"], "completed", destination_number="12025550123")
    waiting = a_link(people["anna"])
    CallLink.objects.filter(pk=done.pk).update(created_at="2026-11-01T12:00:00Z")
    assert ids(get("anna", q="(202) 555")) == [done.pk]
    assert ids(get("anna", state="completed")) == [done.pk]
    assert ids(get("anna", state="under_way")) == [waiting.pk]
    assert ids(get("anna", after="2026-11-01", before="2026-11-02")) == [done.pk]
    assert ids(get("anna", after="2026-11-01T12:00:01Z", before="2026-11-02")) == []
    assert ids(get("anna", state="", q="")) == [waiting.pk, done.pk]


def test_a_wrong_filter_is_refused_by_its_name(get: Get) -> None:
    for name, value in (("state", "gone"), ("after", "yesterday"), ("before", "2026-13-01"), ("q", "ann"), ("q", "12")):
        answer = get("anna", **{name: value})
        assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid_input", [name])
    assert get("anna", user="ben").json()["code"] == "unknown_parameter"
    assert get("anna", cursor="x").status_code == 400


def test_it_comes_in_pages(get: Get, people: dict[str, User]) -> None:
    links = [a_link(people["anna"]).pk for _ in range(3)]
    first = get("anna", limit=2)
    assert (ids(first), first["X-Page-Size"]) == ([links[2], links[1]], "2")
    following = parse_qs(urlsplit(first["Link"].partition(">")[0]).query)["cursor"]
    assert ids(get("anna", limit=2, cursor=following)) == [links[0]]


def test_to_look_at_it_dials_nobody_and_needs_leave_to_read_alone(
    client: Client, people: dict[str, User], key_of: Callable[..., dict[str, str]]
) -> None:
    for scopes, status in ((["calls:read"], 200), (["calls:write"], 403)):
        key = key_of(people["anna"], scopes=scopes)
        assert client.get(PATH, headers=key).status_code == status
        assert client.head(PATH, headers=key).status_code == status
    # What places a call is no list, also without the numbers to call.
    answer = client.get("/api/v2/call-link", headers=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["destination_number"])
    assert not CallLink.objects.exists()


def test_nobody_sees_it_without_a_proof_and_nothing_is_sent_to_it(get: Get, client: Client, people: dict[str, User]) -> None:
    assert get("nobody").status_code == 401
    client.force_login(people["anna"])
    assert client.get(PATH).status_code == 401
    assert client.post(PATH, {}, content_type="application/json").status_code in {401, 405}
