"""The search of every page: what it finds, for whom, and that no text makes it work hard."""

import logging
import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from telephony.models import Call, CallAlias, Extension, Leg, Number, Provider
from telephony.services import searching
from telephony.services.searching import MOST, Kind, cleaned, digits_of, search

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(two_who_talked: dict[str, User]) -> dict[str, User]:
    return two_who_talked


@pytest.fixture
def call(people: dict[str, User]) -> Call:
    return Call.objects.get()


def found(person: User, text: str) -> dict[str, list[str]]:
    return {group.kind.value: [str(each) for each in group.found] for group in search(person, text)}


def shown(client: Client, person: User, text: str, **headers: str) -> str:
    client.force_login(person)
    response = client.get("/search/", {"q": text}, headers=headers)
    assert response.status_code == 200
    return unescape(response.content.decode())


# -- what it finds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["703", "7036879447", "17036879447", "+1 703-687-9447", "(703) 687", "687 94 47", "001 703 687 9447"]
)
def test_a_number_by_any_part_of_it_in_any_notation(people: dict[str, User], text: str) -> None:
    assert found(people["sam"], text)["number"] == ["+1 703-687-9447"]


def test_a_number_as_it_is_dialled_where_it_is_at_home(people: dict[str, User], settings: object) -> None:
    settings.HOME_COUNTRY = "DE"
    Number.objects.create(number="4930901820", provider=Provider.objects.get())
    assert found(people["sam"], "030 901820")["number"] == ["+49 30 901820"]


@pytest.mark.parametrize("text", ["ann", "ANNA", "anna@ex", "auth0|anna"])
def test_a_person_by_name_address_and_auth0_id(people: dict[str, User], text: str) -> None:
    assert found(people["sam"], text) == {"person": ["anna"]}


@pytest.mark.parametrize("text", ["1006", "100", "1006@pbx.example.com", "1006@"])
def test_an_extension(people: dict[str, User], text: str) -> None:
    assert "1006@pbx.example.com" in found(people["sam"], text)["extension"]


def test_an_extension_by_what_it_is_called(people: dict[str, User]) -> None:
    Extension.objects.filter(number="1005").update(display_name="Front door")
    assert found(people["sam"], "front d") == {"extension": ["1005@pbx.example.com"]}


def test_a_call_by_every_name_of_it(people: dict[str, User], call: Call) -> None:
    CallAlias.objects.create(former_id=10**6, former_uuid="11111111-2222-4333-8444-555555555555", call=call)
    legs = list(Leg.objects.values_list("uuid", flat=True))
    assert len(legs) == 2
    names = [
        call.call_uuid,
        *legs,
        legs[0].upper(),
        legs[1].replace("-", ""),
        "1000000",
        "11111111-2222-4333-8444-555555555555",
    ]
    for name in names:
        assert found(people["sam"], f" {name} ".strip())["call"] == [str(call)], name
    call_id = str(call.pk).zfill(2)
    assert found(people["sam"], call_id)["call"] == [str(call)]


def test_each_kind_has_at_most_five_and_a_way_to_all(client: Client, people: dict[str, User]) -> None:
    provider = Provider.objects.get()
    Number.objects.bulk_create(Number(number=f"1415555{each:04}", provider=provider) for each in range(MOST + 1))
    (group,) = search(people["sam"], "415555")
    assert (group.kind, len(group.found), group.has_more) == (Kind.NUMBER, MOST, True)
    text = shown(client, people["sam"], "(415) 555")
    assert "All numbers that match" in text
    assert "?q=415555" in text
    assert "All numbers that match" not in shown(client, people["sam"], "4155550001")


def test_calls_with_a_number_are_looked_for_in_their_list(client: Client, people: dict[str, User]) -> None:
    assert 'href="/?q=999888"' in shown(client, people["sam"], "999 888")


# -- for whom --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["anna", "anna@example.org", "auth0|anna", "ben"])
def test_people_are_found_by_staff_alone(people: dict[str, User], text: str) -> None:
    assert found(people["eve"], text) == {}
    assert found(people["anna"], text) == {}


def test_others_find_what_is_theirs_and_nothing_else(people: dict[str, User], call: Call) -> None:
    assert found(people["anna"], "687") == {"number": ["+1 703-687-9447"]}
    assert found(people["anna"], "100") == {"extension": ["1006@pbx.example.com"]}
    assert found(people["ben"], call.call_uuid) == {"call": [str(call)]}
    for leg in Leg.objects.all():
        assert found(people["eve"], leg.uuid) == {}
    assert found(people["eve"], str(call.pk).zfill(2)) == {}
    assert found(people["eve"], "687") == found(people["eve"], "100") == {}


def test_who_lost_a_number_does_not_find_it(people: dict[str, User]) -> None:
    held = people["anna"].assignments.get()
    held.ends_at = held.starts_at
    held.save()
    assert found(people["anna"], "17036879447") == found(people["anna"], "1006") == {}


def test_whoever_is_not_signed_in_is_led_to_where_one_signs_in(client: Client, people: dict[str, User]) -> None:
    response = client.get("/search/?q=anna")
    assert response.status_code == 302
    assert response["Location"].startswith("/login")
    assert client.post("/search/", {"q": "anna"}).status_code == 302


def test_only_reading(client: Client, people: dict[str, User]) -> None:
    client.force_login(people["sam"])
    assert client.post("/search/", {"q": "anna"}).status_code == 405


def test_hits_of_others_than_staff_lead_to_pages_that_are_theirs(client: Client, people: dict[str, User], call: Call) -> None:
    for text in ("1006", "687", call.call_uuid):
        page = shown(client, people["anna"], text)
        (address,) = {part.split('"')[0] for part in page.split('class="search-hit" href="')[1:]}
        assert client.get(address).status_code == 200
        assert "/admin/" not in page


# -- as a page and as a list -----------------------------------------------------------------------------------------------


def test_htmx_gets_the_list_alone(client: Client, people: dict[str, User]) -> None:
    part = shown(client, people["sam"], "anna", HX_Request="true")
    assert 'role="option"' in part
    assert "<html" not in part
    assert "<html" in shown(client, people["sam"], "anna")


def test_the_field_is_on_every_page_of_whoever_is_signed_in(client: Client, people: dict[str, User]) -> None:
    assert 'role="combobox"' not in client.get("/docs/").content.decode()
    client.force_login(people["anna"])
    for address in ("/", "/keys/", "/live/", "/docs/", "/search/"):
        text = client.get(address).content.decode()
        assert text.count('role="combobox"') == 1
        assert text.count("htmx.min.js") == 1


def test_nothing_is_found_and_nothing_is_asked(client: Client, people: dict[str, User]) -> None:
    assert "Nothing is found" in shown(client, people["sam"], "zzzz")
    assert "What are you looking for?" in shown(client, people["sam"], "")
    assert "at least two characters" in shown(client, people["sam"], "a")
    assert "At most 200 characters" in shown(client, people["sam"], "a" * 201)


# -- whatever is typed -----------------------------------------------------------------------------------------------------

HARMLESS = (
    "\x00", "a\x00b", "%", "%%%", "_", "__", "\\", "\\\\%", "'; DROP TABLE x; --", "<script>alert(1)</script>", "{{ 7*7 }}",
    "١٢٣٤", "\uff11\uff10\uff10\uff16", "²³¹", "\u202e1006", "\ud800", "💥" * 50, "a" * 200, "a" * 10_000, "9" * 18, "9" * 19, "9" * 300, "-" * 40, "0" * 18,
    "..", "@", "@@", "1006@%", "  ", "\r\nSet-Cookie: a=b", "-1", "+" * 12, "1e9", "nan", "\u0660" * 10, "Ⅷ" * 3,
)  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_no_text_does_harm(client: Client, people: dict[str, User], text: str) -> None:
    for person in (people["sam"], people["anna"]):
        client.force_login(person)
        query = "q=" + "".join(f"%{byte:02x}" for byte in text.encode(errors="surrogatepass"))
        for headers in ({}, {"HX-Request": "true"}):
            response = client.get("/search/", QUERY_STRING=query, headers=headers)
            assert response.status_code == 200
            assert b"<script>alert" not in response.content


def test_a_wildcard_is_a_character(people: dict[str, User]) -> None:
    assert found(people["sam"], "%%") == found(people["sam"], "__") == {}


def test_what_cannot_be_seen_is_left_out() -> None:
    assert cleaned(" a\x00b\r\n c\u202e\u200b ") == "a b c"
    assert (digits_of("١٢٣"), digits_of("12"), digits_of("1" * 16)) == ("", "", "")


def test_too_often(client: Client, people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SEARCHES_PER_MINUTE", 3)
    client.force_login(people["sam"])
    answers = [client.get("/search/?q=anna", headers={"HX-Request": "true"}) for _ in range(8)]
    # Where the minute ended in between one begins anew.
    assert 429 in {answer.status_code for answer in answers}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused["Retry-After"]) > 0
    assert "too often" in refused.content.decode()
    # Everybody is counted alone.
    client.force_login(people["ben"])
    assert client.get("/search/?q=1005").status_code == 200


def test_the_same_queries_however_much_there_is(people: dict[str, User], call: Call) -> None:
    def queries(text: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            search(people["sam"], text)
        assert not any("COUNT(" in each["sql"] for each in captured)
        return len(captured)

    before = queries("1006")
    Extension.objects.bulk_create(
        Extension(domain=Extension.objects.first().domain, number=f"1006{each}") for each in range(20)
    )
    assert queries("1006") <= before + 1
    assert before <= 10


def test_calls_are_looked_up_in_indexes_alone(people: dict[str, User], call: Call) -> None:
    """On PostgreSQL with sequential scans made dear: its plan shows then whether an index could be used at all."""
    is_postgres = connection.vendor == "postgresql"
    explain, whole = ("EXPLAIN", "Seq Scan on") if is_postgres else ("EXPLAIN QUERY PLAN", "SCAN")
    with CaptureQueriesContext(connection) as captured:
        assert list(Call.objects.named(call.call_uuid).visible_to(people["anna"]).for_listing()) == [call]
        assert list(Call.objects.named("1000000").visible_to(people["sam"]).for_listing()) == []
    plans = []
    with connection.cursor() as cursor:
        if is_postgres:
            cursor.execute("SET LOCAL enable_seqscan = off")
        for each in captured.captured_queries:
            if each["sql"].startswith(("SELECT", "(")):
                cursor.execute(f"{explain} {each['sql']}")
                plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    assert len(plans) >= 2
    scanned = re.findall(rf"{whole} (telephony_(?:call|leg|callalias))\b", "\n".join(plans))
    assert scanned == []


def test_what_is_searched_for_is_in_no_log(client: Client, people: dict[str, User], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.force_login(people["sam"])
    client.get("/search/?q=canary-of-a-search")
    assert caplog.records
    assert not any(
        "canary-of-a-search" in str(vars(record)) for record in caplog.records if record.name != "django.db.backends"
    )
