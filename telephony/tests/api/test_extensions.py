"""`extensions` and what one may do with them; nothing of it for anybody but staff."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, CallLink, Domain, Extension, Revocation, RevocationErrand
from telephony.models.holding import HoldingState
from telephony.services.credentials import ha1_of
from telephony.services.revocations import errands
from telephony.switch.esl import SwitchAddress
from telephony.tests.simulated_switch import simulated

pytestmark = pytest.mark.django_db

PATH = "/api/v2/extensions"


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> Assignment:
    hold(make_person("ben"), "1005")
    return hold(make_person("anna"), "1006", "17036879447")


@pytest.fixture
def staff(make_person: Callable[..., User], key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return key_of(make_person("sam", Role.STAFF))


def post(client: Client, extension: Extension, what: str, headers: dict[str, str], body: str = "{}", **extra: Any) -> Any:
    path = f"{PATH}/{extension.pk}/{what}"
    return client.post(path, body, content_type="application/json", headers=headers | extra)


def test_the_list_says_who_holds_what(client: Client, staff: dict[str, str], held: Assignment, domain: Domain) -> None:
    Extension.objects.create(domain=domain, number="1099")
    answer = client.get(PATH, headers=staff)
    assert answer.status_code == 200
    assert [row["number"] for row in answer.json()] == ["1005", "1006", "1099"]
    anna = answer.json()[1]
    assert anna["holder"] == {"auth0_id": "auth0|anna", "name": "anna"}
    assert (anna["phone_number"], anna["state"], anna["domain"]) == ("17036879447", "assigned", "pbx.example.com")
    assert answer.json()[2]["holder"] is None
    assert "ha1" not in answer.content.decode()
    assert "password" not in answer.content.decode()


def test_the_list_costs_the_same_for_one_and_for_many(
    client: Client, staff: dict[str, str], make_person: Callable, hold: Callable
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PATH, headers=staff).status_code == 200
        return len(captured)

    hold(make_person("p0"), "2000", "17036879400")
    # The first time it is also written down that the key was used.
    queries()
    one = queries()
    for place in range(1, 20):
        hold(make_person(f"p{place}"), str(2000 + place), f"170368794{place:02}")
    assert queries() == one


FILTERS = [
    ("number=100", {"1005", "1006"}), ("number=1006", {"1006"}), ("number=006", set()), ("domain=PBX.example.com", {"1005", "1006"}),
    ("domain=other", set()), ("state=assigned", {"1005", "1006"}), ("state=free", set()), ("holder=auth0|anna", {"1006"}),
    ("holder=nobody", set()),
]  # fmt: skip


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_it_is_narrowed_down(client: Client, staff: dict[str, str], held: Assignment, query: str, found: set[str]) -> None:
    assert {row["number"] for row in client.get(f"{PATH}?{query}", headers=staff).json()} == found


@pytest.mark.parametrize(
    "query",
    [
        "number=x",
        "number=",
        "number=12345678",
        "number=%D9%A1",
        "state=gone",
        "unknown=1",
        "limit=0",
        "cursor=x",
        "number=1&number=2",
    ],
)
def test_bad_filters_are_refused(client: Client, staff: dict[str, str], held: Assignment, query: str) -> None:
    expected = 200 if query == "number=" else 400
    assert client.get(f"{PATH}?{query}", headers=staff).status_code == expected


def test_pages_lead_on(client: Client, staff: dict[str, str], held: Assignment) -> None:
    first = client.get(f"{PATH}?limit=1", headers=staff)
    assert [row["number"] for row in first.json()] == ["1005"]
    following = first["Link"].split(">")[0].removeprefix("<http://testserver")
    assert [row["number"] for row in client.get(following, headers=staff).json()] == ["1006"]


@pytest.mark.parametrize("what", ["", "/close", "/open", "/sip-password", "/revocations", "/revocations/repeat"])
def test_one_that_does_not_exist_is_a_404(client: Client, staff: dict[str, str], what: str) -> None:
    ask = client.get if what in ("", "/revocations") else client.post
    body = {} if ask == client.get else {"data": "{}", "content_type": "application/json"}
    assert ask(f"{PATH}/999{what}", headers=staff, **body).status_code == 404


# -- closing ------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_closing_ends_what_its_phones_do_and_says_so(
    client: Client, staff: dict[str, str], held: Assignment, settings: Any
) -> None:
    with simulated(settings) as switch:
        answer = post(client, held.extension, "close", staff)
        assert answer.status_code == 200
        told = answer.json()
        assert (told["state"], told["holder"]["name"]) == ("disabled", "anna")
        revocation = told["revocation"]
        assert (revocation["reason"], revocation["state"]) == ("closed", "done")
        assert revocation["requested_by"] == {"auth0_id": "auth0|sam", "name": "sam"}
        (at_switch,) = revocation["switches"]
        assert at_switch["event_socket"] == f"127.0.0.1:{switch.port}"
        assert at_switch["state"] == "done"
        assert [step["step"] for step in at_switch["steps"]] == ["cache", "registrations", "forgotten", "ended"]
        commands = len(switch.commands)
        assert post(client, held.extension, "close", staff).json()["revocation"] == revocation
        assert len(switch.commands) == commands, "a second time changes nothing"
        opened = post(client, held.extension, "open", staff).json()
        assert opened["state"] == "assigned"
        assert post(client, held.extension, "open", staff).status_code == 200
        listed = client.get(f"{PATH}/{held.extension_id}/revocations", headers=staff).json()
        assert listed == [revocation]
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["extension.closed", "extension.opened"]
    assert client.get(f"{PATH}/{held.extension_id}", headers=staff).json()["revocation"] == revocation


@pytest.mark.django_db(transaction=True)
def test_while_the_switch_is_away_it_is_closed_and_pending(
    client: Client, staff: dict[str, str], held: Assignment, settings: Any
) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    answer = post(client, held.extension, "close", staff)
    assert answer.status_code == 200
    revocation = answer.json()["revocation"]
    assert (answer.json()["state"], revocation["state"], revocation["done_at"]) == ("disabled", "pending", None)
    assert "cannot be reached" in revocation["switches"][0]["problem"]
    assert "nobody-listens" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_a_switch_could_not_be_told_is_repeated_when_one_says_so(
    client: Client, staff: dict[str, str], held: Assignment, settings: Any
) -> None:
    ben = Extension.objects.get(number="1005")
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    for extension in (held.extension, ben):
        post(client, extension, "close", staff)
    errands._away_since.clear()
    away = post(client, held.extension, "revocations/repeat", staff)
    assert [each["state"] for each in away.json()] == ["pending"]
    assert "cannot be reached" in away.json()[0]["switches"][0]["problem"]
    with simulated(settings) as switch:
        errands._away_since.clear()
        RevocationErrand.objects.update(event_socket=f"127.0.0.1:{switch.port}")
        (told,) = post(client, held.extension, "revocations/repeat", staff, **{"Idempotency-Key": "k"}).json()
        assert (told["state"], told["switches"][0]["attempts"]) == ("done", 3)
        assert client.get(f"{PATH}/{held.extension_id}", headers=staff).json()["revocation"] == told
        commands = len(switch.commands)
        again = post(client, held.extension, "revocations/repeat", staff, **{"Idempotency-Key": "k"})
        assert (again.json(), again["Idempotent-Replayed"]) == ([told], "true")
        assert post(client, held.extension, "revocations/repeat", staff).json() == []
        assert len(switch.commands) == commands, "what was told is not told again"
    assert not Revocation.objects.get(extension=ben).is_done, "another extension's is nobody's business here"


def test_repeating_takes_nothing_but_an_empty_body_from_staff(
    client: Client, staff: dict[str, str], held: Assignment, make_person: Callable, key_of: Callable
) -> None:
    assert post(client, held.extension, "revocations/repeat", staff).json() == []
    assert post(client, held.extension, "revocations/repeat", staff, '{"force": true}').status_code == 400
    assert post(client, held.extension, "revocations/repeat", key_of(make_person("eve"))).status_code == 403
    assert post(client, held.extension, "revocations/repeat", {}).status_code == 401
    assert client.get(f"{PATH}/{held.extension_id}/revocations/repeat", headers=staff).status_code == 405


def test_one_that_rests_is_neither_closed_nor_opened(client: Client, staff: dict[str, str], held: Assignment) -> None:
    Extension.objects.filter(pk=held.extension_id).update(state=HoldingState.COOLING, cooling_until=timezone.now())
    answer = post(client, held.extension, "close", staff)
    assert (answer.status_code, answer.json()["code"]) == (409, "extension_resting")
    assert post(client, held.extension, "open", staff).json()["state"] == "cooling"


def test_a_body_that_nobody_asked_for_is_refused(client: Client, staff: dict[str, str], held: Assignment) -> None:
    for what in ("close", "open", "sip-password"):
        assert post(client, held.extension, what, staff, '{"reason": "x"}').status_code == 400
        assert post(client, held.extension, what, staff, "[1]").status_code == 400
    assert Extension.objects.get(pk=held.extension_id).state == HoldingState.ASSIGNED
    assert not Revocation.objects.exists()


# -- passwords ----------------------------------------------------------------------------------------------------------------


def test_staff_set_a_password_that_is_shown_once(client: Client, staff: dict[str, str], held: Assignment) -> None:
    answer = post(client, held.extension, "sip-password", staff, **{"Idempotency-Key": "k"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["username"], told["domain"], len(told["password"])) == ("1006", "pbx.example.com", 24)
    first = ha1_of(Extension.objects.get(pk=held.extension_id))
    again = post(client, held.extension, "sip-password", staff, **{"Idempotency-Key": "k"})
    assert again.json()["password"] is None
    assert ha1_of(Extension.objects.get(pk=held.extension_id)) == first
    assert Revocation.objects.get().reason == "password_changed"
    assert told["password"] not in repr(list(AuditEntry.objects.values()))


def test_nobodys_extension_gets_no_password(client: Client, staff: dict[str, str], domain: Domain) -> None:
    extension = Extension.objects.create(domain=domain, number="1099")
    answer = post(client, extension, "sip-password", staff)
    assert (answer.status_code, answer.json()["code"]) == (409, "extension_not_held")
    assert not Extension.objects.get().encrypted_ha1


# -- what else a closed extension cannot --------------------------------------------------------------------------------------


@pytest.fixture
def closed(held: Assignment) -> Assignment:
    Extension.objects.filter(pk=held.extension_id).update(state=HoldingState.DISABLED)
    return held


def test_no_call_is_placed_for_it(client: Client, closed: Assignment, key_of: Callable) -> None:
    answer = client.post(
        "/api/v2/call-link", '{"source_number": "1006", "destination_number": "2403019517"}', content_type="application/json",
        headers=key_of(closed.user),
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (403, "extension_closed")
    assert not CallLink.objects.exists()


def test_whoever_asks_for_a_number_does_not_open_it(
    client: Client, closed: Assignment, key_of: Callable, make_person: Callable
) -> None:
    ben = Assignment.objects.get(user__name="ben")
    Extension.objects.filter(pk=ben.extension_id).update(state=HoldingState.DISABLED)
    assert client.get("/api/v2/assign-number", headers=key_of(ben.user)).status_code == 403
    assert Extension.objects.get(pk=ben.extension_id).state == HoldingState.DISABLED
    # Who has a number is told of it as before.
    assert client.get("/api/v2/assign-number", headers=key_of(closed.user)).json()["extension"] == "1006"


def test_given_back_it_stays_closed(client: Client, closed: Assignment, key_of: Callable) -> None:
    assert client.delete("/api/v2/assign-number", headers=key_of(closed.user)).status_code == 204
    extension = Extension.objects.get(pk=closed.extension_id)
    assert (extension.state, extension.encrypted_ha1) == (HoldingState.DISABLED, None)


def test_the_directory_refuses_it(ask: Callable, closed: Assignment) -> None:
    answers = [ask(action="sip_auth", user="1006", domain="pbx.example.com").content.decode() for _ in range(2)]
    assert all('name="sip-forbid-register" value="true"' in answer for answer in answers)
    assert answers[0] != answers[1], "the hash is a new one each time"
    assert "not found" in ask(action="user_call", user="1006", domain="pbx.example.com").content.decode()


def test_errands_are_shown_in_the_order_of_their_switches(client: Client, staff: dict[str, str], held: Assignment) -> None:
    revocation = Revocation.objects.create(extension=held.extension, reason="closed")
    for place in ("b:1", "a:1"):
        RevocationErrand.objects.create(revocation=revocation, event_socket=place)
    (listed,) = client.get(f"{PATH}/{held.extension_id}/revocations", headers=staff).json()
    assert [each["event_socket"] for each in listed["switches"]] == ["a:1", "b:1"]
