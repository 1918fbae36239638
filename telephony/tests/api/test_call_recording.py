"""GET `call-recording`: the document's array, one's own calls, pages and filters."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from telephony.models import Call, Extension, Number

pytestmark = pytest.mark.django_db

DOCUMENTED = {
    "id": int, "provider": int, "call_to": str, "call_from": str, "extension": int, "bill_duration": int, "didnumber": int,
    "domain": str, "hangup_cause": str, "recording": str, "call_direction": str, "call_uuid": str, "created_at": str,
    "started_at": str,
}  # fmt: skip
BESIDE = {"answered_at", "ended_at", "answered", "outcome", "local"}


def rows(scene: SimpleNamespace, who: str, query: str = "") -> list[dict[str, Any]]:
    response = scene.get(who, f"call-recording{query}")
    assert response.status_code == 200, response.content
    return response.json()


def parties(calls: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(call["call_from"], call["call_to"]) for call in calls]


def test_the_documents_fields_in_its_types(scene: SimpleNamespace) -> None:
    for call in rows(scene, "staff"):
        assert {name: type(call[name]) for name in DOCUMENTED} == DOCUMENTED
        assert set(call) == set(DOCUMENTED) | BESIDE
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", call["started_at"])


def test_newest_first(scene: SimpleNamespace) -> None:
    times = [call["started_at"] for call in rows(scene, "staff")]
    assert len(times) == 5
    assert times == sorted(times, reverse=True)


def test_both_parties_of_a_local_call_see_it_each_from_their_side(scene: SimpleNamespace) -> None:
    extension = {e.number: e.pk for e in Extension.objects.all()}
    seen = {who: rows(scene, who, "?min_duration=1&local=true")[0] for who in ("anna", "ben", "staff")}
    assert {who: (c["call_direction"], c["extension"], c["local"]) for who, c in seen.items()} == {
        "anna": ("outbound", extension["1006"], True),
        "ben": ("inbound", extension["1005"], True),
        "staff": ("outbound", extension["1006"], True),
    }
    assert len({call["id"] for call in seen.values()}) == 1


def test_nobody_sees_another_persons_calls(scene: SimpleNamespace) -> None:
    assert parties(rows(scene, "eve")) == [("1006", "1007")]
    assert all("1005" in pair for pair in parties(rows(scene, "ben")))
    assert len(rows(scene, "anna")) == 5


def test_our_number_and_its_provider_are_shown(scene: SimpleNamespace) -> None:
    number = Number.objects.get()
    inbound, outbound, local = (
        rows(scene, "anna", query)[0] for query in ("?call_direction=inbound", "?call_to=2403019517", "?local=true")
    )
    assert [(c["didnumber"], c["provider"]) for c in (inbound, outbound)] == [(number.pk, number.provider_id)] * 2
    assert (local["didnumber"], local["provider"]) == (0, 0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?call_direction=inbound", 1),
        ("?call_direction=outbound", 4),
        ("?call_from=1006", 4),
        ("?call_from=carrier", None),
        ("?call_to=301", 1),
        ("?call_to=%2B1%20240-301", 1),
        ("?call_to=999", 0),
        ("?extension=1007", 1),
        ("?extension=1006", 5),
        ("?extension=9999", 0),
        ("?didnumber=17036879447", 2),
        ("?didnumber=703-687-9447", 2),
        ("?didnumber=0", 3),
        ("?hangup_cause=NO_ANSWER", 1),
        ("?answered=true", 3),
        ("?answered=false", 2),
        ("?local=true", 3),
        ("?has_recording=true", 0),
        ("?has_recording=false", 5),
        ("?min_duration=5", 2),
        ("?started_after=2026-11-23", 5),
        ("?started_before=2026-11-23", 0),
        ("?started_after=2026-11-23T12:48:18Z", 2),
        ("?started_after=2026-11-23T13:48:18+01:00", 2),
        ("?answered=true&local=false&min_duration=6", 1),
    ],
)
def test_filters(scene: SimpleNamespace, query: str, expected: int | None) -> None:
    response = scene.get("staff", f"call-recording{query}")
    if expected is None:
        assert response.status_code == 400
    else:
        assert len(response.json()) == expected


def test_direction_is_filtered_as_it_is_shown(scene: SimpleNamespace) -> None:
    for who in ("anna", "ben", "eve"):
        for direction in ("inbound", "outbound"):
            calls = rows(scene, who, f"?call_direction={direction}")
            assert {call["call_direction"] for call in calls} <= {direction}
        both = rows(scene, who, "?call_direction=inbound") + rows(scene, who, "?call_direction=outbound")
        assert len(both) == len(rows(scene, who))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?call_direction=sideways", "call_direction"),
        ("?call_from=12", "call_from"),
        ("?call_from=abc", "call_from"),
        ("?call_to=%D9%A1%D9%A2%D9%A3", "call_to"),
        ("?extension=x", "extension"),
        ("?extension=1%27--", "extension"),
        ("?didnumber=hello", "didnumber"),
        ("?didnumber=9999999999999999999999", "didnumber"),
        ("?hangup_cause=normal%20clearing", "hangup_cause"),
        ("?answered=maybe", "answered"),
        ("?local=2", "local"),
        ("?has_recording=yes", "has_recording"),
        ("?min_duration=-1", "min_duration"),
        ("?min_duration=1.5", "min_duration"),
        ("?min_duration=nan", "min_duration"),
        ("?min_duration=99999999999999999999", "min_duration"),
        ("?started_after=yesterday", "started_after"),
        ("?started_after=2026-02-31", "started_after"),
        ("?started_after=2026-11-23T12:00:00", "started_after"),
        ("?started_before=0001-01-01T00:00:00Z", "started_before"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?limit=x", "limit"),
        ("?cursor=x", "cursor"),
    ],
)
def test_bad_input_names_the_field(scene: SimpleNamespace, query: str, field: str) -> None:
    response = scene.get("staff", f"call-recording{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "invalid_input"
    assert list(problem["errors"]) == [field]


@pytest.mark.parametrize("query", ["?order=id", "?format=json", "?user=1", "?caller_user__password__startswith=a", "?page=2"])
def test_unknown_parameters(scene: SimpleNamespace, query: str) -> None:
    response = scene.get("staff", f"call-recording{query}")
    assert (response.status_code, response.json()["code"]) == (400, "unknown_parameter")


def test_pages_by_headers_show_every_call_once(scene: SimpleNamespace) -> None:
    everything = [call["id"] for call in rows(scene, "staff")]
    seen, path = [], "call-recording?limit=2&answered=true"
    answered = [call["id"] for call in rows(scene, "staff", "?answered=true")]
    while path:
        response = scene.get("staff", path)
        assert response["X-Page-Size"] == "2"
        seen += [call["id"] for call in response.json()]
        link = re.search(r'<[^>]*/api/v2/([^>]*)>; rel="next"', response.headers.get("Link", ""))
        path = link[1] if link else ""
    assert seen == answered
    assert len(everything) == 5


def test_a_page_back_leads_to_the_first(scene: SimpleNamespace) -> None:
    first = scene.get("staff", "call-recording?limit=2")
    second = scene.get("staff", re.search(r'/api/v2/([^>]*)>; rel="next"', first["Link"])[1])
    back = scene.get("staff", re.search(r'/api/v2/([^>]*)>; rel="prev"', second["Link"])[1])
    assert [call["id"] for call in back.json()] == [call["id"] for call in first.json()]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_verbs(scene: SimpleNamespace, method: str) -> None:
    before = list(Call.objects.values())
    response = scene.get("staff", method=method)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert list(Call.objects.values()) == before


def test_anonymous(client: Client, scene: SimpleNamespace) -> None:
    response = client.get("/api/v2/call-recording")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert "WWW-Authenticate" in response


def test_a_session_is_no_proof(client: Client, scene: SimpleNamespace) -> None:
    client.force_login(scene.people["staff"])
    assert client.get("/api/v2/call-recording").status_code == 401


def test_a_key_without_the_scope(client: Client, scene: SimpleNamespace, key_of: Any) -> None:
    headers = key_of(scene.people["anna"], scopes=["numbers:write"])
    response = client.get("/api/v2/call-recording", headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    allowed = key_of(scene.people["anna"], scopes=["calls:read"])
    assert client.get("/api/v2/call-recording", headers=allowed).status_code == 200


def test_as_many_queries_for_one_row_as_for_many(
    scene: SimpleNamespace, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scene.get("staff", "call-recording?limit=1")
    with django_assert_num_queries(4):
        assert len(scene.get("staff", "call-recording?limit=1").json()) == 1
    with django_assert_num_queries(4):
        assert len(scene.get("staff", "call-recording").json()) == 5


# -- one call --------------------------------------------------------------------------------------------------------------


def test_one_call_with_its_legs(scene: SimpleNamespace) -> None:
    row = rows(scene, "anna", "?local=true&answered=true")[0]
    call = scene.get("anna", f"call-recording/{row['id']}").json()
    assert {name: call[name] for name in row} == row
    assert [leg["originator_uuid"] for leg in call["legs"]] == ["", call["call_uuid"]]
    events = [moment["event"] for moment in call["timeline"]]
    assert (events[0], events[-1]) == ("started", "ended")
    assert events.index("answered") < events.index("bridged")
    assert call["quality"]["mos"] == 4.5


def test_another_persons_call_is_not_there(scene: SimpleNamespace) -> None:
    mine = {call["id"] for call in rows(scene, "eve")}
    for call in Call.objects.exclude(pk__in=mine):
        for path in (f"call-recording/{call.pk}", f"call-recording/{call.pk}/audio"):
            for method in ("GET", "HEAD", "DELETE"):
                assert scene.get("eve", path, method=method).status_code == (
                    405 if "DELETE" in method and "audio" not in path else 404
                )


@pytest.mark.parametrize("call_id", ["0", "999999", "9" * 40])
def test_no_such_call(scene: SimpleNamespace, call_id: str) -> None:
    response = scene.get("staff", f"call-recording/{call_id}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
