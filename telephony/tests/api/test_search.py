"""`search`: what the console's search finds, for the same people, each with its address in the API."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from telephony.models import Assignment, Call, Extension
from telephony.services import searching
from telephony.services.searching import search

pytestmark = pytest.mark.django_db

PATH = "/api/v2/search"
Get = Callable[..., HttpResponse]


@pytest.fixture
def people(two_who_talked: dict[str, User]) -> dict[str, User]:
    return two_who_talked


@pytest.fixture
def get(people: dict[str, User], key_of: Callable[..., dict[str, str]], client: Client) -> Get:
    def ask(who: str, text: str | None, scopes: tuple[str, ...] = (), **query: Any) -> HttpResponse:
        key = key_of(people[who], scopes=list(scopes))
        return client.get(PATH, query if text is None else query | {"q": text}, headers=key)

    return ask


def found(answer: HttpResponse) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.content
    return [(each["kind"], each["label"]) for each in answer.json()["found"]]


def test_staff_find_each_kind_and_their_addresses_lead_to_it(
    get: Get, people: dict[str, User], client: Client, key_of: Callable[..., dict[str, str]]
) -> None:
    call = Call.objects.get()
    number, extension = Assignment.objects.get(user=people["anna"]).number, Extension.objects.get(number="1006")
    key = key_of(people["sam"])
    for text, kind, label, about, found_id in (
        ("(703) 687", "number", "+1 703-687-9447", "anna", number.pk),
        ("ANN", "person", "anna", "anna@example.org · auth0|anna", people["anna"].pk),
        ("1006@", "extension", "1006", "anna · pbx.example.com", extension.pk),
        (call.call_uuid, "call", "1006 → 1005", f"Call {call.pk} · Answered", call.pk),
    ):
        [row] = get("sam", text).json()["found"]
        assert (row["kind"], row["label"], row["id"]) == (kind, label, found_id)
        assert row["about"].startswith(about)
        assert row["address"].startswith("http://testserver/api/v2/")
        shown = client.get(urlsplit(row["address"]).path, headers=key)
        assert (shown.status_code, shown.json()["id"]) == (200, found_id)


def test_others_find_what_is_theirs_and_nothing_else(
    get: Get, people: dict[str, User], client: Client, key_of: Callable[..., dict[str, str]]
) -> None:
    call = Call.objects.get()
    assert found(get("anna", "687")) == [("number", "+1 703-687-9447")]
    assert found(get("anna", "100")) == [("extension", "1006")]
    for text in ("ben", "anna", "12026879448", "1005", "example.org", "auth0|ben"):
        assert found(get("anna", text)) == [], text
    assert found(get("ben", call.call_uuid)) == [("call", "1006 → 1005")]
    for text in (call.call_uuid, "1006", "687", "anna"):
        assert found(get("eve", text)) == [], text
    # What they find leads to what they may look at: of a number or an extension, to their calls by it.
    for text in ("687", "1006", call.call_uuid):
        [row] = get("anna", text).json()["found"]
        shown = client.get(row["address"].removeprefix("http://testserver"), headers=key_of(people["anna"]))
        assert shown.status_code == 200


def test_it_finds_what_the_consoles_search_finds(get: Get, people: dict[str, User]) -> None:
    for who, text in (("sam", "100"), ("sam", "687"), ("sam", "example"), ("anna", "100"), ("anna", "687"), ("eve", "100")):
        groups = search(people[who], text)
        assert [(each["kind"], each["id"]) for each in get(who, text).json()["found"]] == [
            (group.kind.value, row.pk) for group in groups for row in group.found
        ]


def test_at_most_five_of_each_kind_and_of_which_there_are_more(get: Get, make_person: Callable) -> None:
    for name in ("zora1", "zora2", "zora3", "zora4", "zora5"):
        make_person(name)
    assert get("sam", "zora").json()["more"] == []
    make_person("zora6")
    answer = get("sam", "zora").json()
    assert (len(answer["found"]), answer["more"]) == (5, ["person"])


def test_a_key_of_staffs_that_may_not_list_people_finds_none(get: Get) -> None:
    call = Call.objects.get()
    for text in ("anna", "1006", "687"):
        assert found(get("sam", text, ("calls:read",))) == [], text
    assert found(get("sam", call.call_uuid, ("calls:read",))) == [("call", "1006 → 1005")]
    assert ("person", "anna") in found(get("sam", "anna", ("calls:read", "admin")))
    assert get("sam", "anna", ("admin",)).json()["code"] == "permission_denied"
    # Others have nothing that any key of theirs that reads calls could not tell.
    assert found(get("anna", "1006", ("calls:read",))) == [("extension", "1006")]


@pytest.mark.parametrize("text", [None, "", "a", "  a ", "\u202e\u200b", "a" * 201])
def test_a_text_that_is_none_is_refused(get: Get, text: str | None) -> None:
    answer = get("sam", text)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid_input", ["q"])


@pytest.mark.parametrize(
    "text",
    ["%%", "__", "\\\\%", "'; DROP TABLE x; --", "١٢٣٤", "²³¹", "💥" * 50, "9" * 200, "-" * 40, "..", "@@", "1006@%", "nan"],
)
def test_no_text_does_harm(get: Get, text: str) -> None:
    assert found(get("sam", text)) == []


def test_other_parameters_and_verbs_are_refused(get: Get, client: Client, people: dict[str, User], key_of: Callable) -> None:
    assert get("sam", "anna", limit="5").json()["code"] == "unknown_parameter"
    key = key_of(people["sam"])
    for verb in (client.post, client.put, client.patch, client.delete):
        assert verb(PATH, "{}", content_type="application/json", headers=key).status_code == 405


def test_it_needs_a_proof(client: Client, people: dict[str, User]) -> None:
    assert client.get(PATH, {"q": "anna"}).status_code == 401
    client.force_login(people["sam"])
    assert client.get(PATH, {"q": "anna"}).status_code == 401, "a session is no proof"


def test_page_and_program_are_counted_together(
    get: Get, client: Client, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SEARCHES_PER_MINUTE", 3)
    client.force_login(people["sam"])
    # Where the minute ends in between one begins anew.
    answers = [each for _ in range(4) for each in (client.get("/search/?q=anna"), get("sam", "anna"))]
    refused = [each for each in answers if each.status_code == 429 and each["Content-Type"] == "application/problem+json"]
    assert refused
    assert refused[0].json()["code"] == "throttled"
    assert int(refused[0]["Retry-After"]) > 0
    assert get("anna", "1006").status_code == 200


def test_what_is_searched_for_is_in_no_log(get: Get, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    assert found(get("sam", "canary-of-a-search")) == []
    told = [record for record in caplog.records if record.name != "django.db.backends"]
    assert told
    assert not any("canary-of-a-search" in str(vars(record)) for record in told)
