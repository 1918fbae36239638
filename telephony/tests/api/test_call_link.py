"""`call-link`: rings two numbers and bridges them, once; never by HEAD, never for a stranger, never where it may not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from demo.switch.simulator import SimulatedSwitch
from telephony.models import Call, CallLink, Extension
from telephony.switch.esl import SwitchAddress
from telephony.tests.simulated_switch import originate_of, simulated

pytestmark = pytest.mark.django_db

PATH = "/api/v2/call-link"
DOCUMENTED = f"{PATH}?source_number=2762087784&destination_number=2403019517"
FIELDS = {"id", "call_uuid", "status", "source_number", "destination_number", "mode", "created_at", "expires_at"}
HOSTILE = [
    "2403019517\r\n\r\napi status", "2403019517\n", "\n2403019517", "2403019517,loopback/9", "2403019517}sofia/x/y", "${system id}",
    "2403019517&bridge(user/1)", "'2403019517'", "2403019517^^:", "2403019517@evil.example", "2403019517|user/1001", "$${password}",
    "٢٤٠٣٠١٩٥١٧", "\uff12\uff14\uff10\uff13\uff10\uff11\uff19\uff15\uff11\uff17", "2403019517;ext=5", "2403019517;phone-context=+44", "tel:2403019517;x=y", "{a=b}2403019517",
    "[a=b]2403019517", "sofia/gateway/carrier/2403019517", "user/1001", "2403019517 XML public", "2403019517\0", "2403019517\t",
]  # fmt: skip


@pytest.fixture
def switch(settings: Any) -> Iterator[SimulatedSwitch]:
    """A switch that answers at once, to which the portal is led."""
    with simulated(settings) as switch:
        yield switch


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable, key_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    person = make_person("anna")
    hold(person, "1006", "17036879447")
    return key_of(person)


@pytest.fixture
def no_switch(settings: Any) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")


def post(client: Client, key: dict[str, str], source: Any, destination: Any, **extra: Any) -> Any:
    body = {"source_number": source, "destination_number": destination} | extra
    return client.post(PATH, body, content_type="application/json", headers=key)


def test_the_documents_line(client: Client, switch: SimulatedSwitch, anna: dict[str, str]) -> None:
    response = client.get(DOCUMENTED, headers=anna)
    assert (response.status_code, set(response.json()), response["Cache-Control"]) == (202, FIELDS, "no-store")
    answer = response.json()
    assert (answer["source_number"], answer["destination_number"]) == ("12762087784", "12403019517")
    assert (answer["mode"], type(answer["id"]), answer["created_at"][-1]) == ("callback", int, "Z")
    assert switch.originates == 1
    assert f"}}sofia/gateway/carrier/12762087784 link{answer['id']} XML portal" in originate_of(switch)
    assert "12403019517" not in originate_of(switch), "whom it calls then stands in the plan alone"
    assert "origination_caller_id_number=17036879447" in originate_of(switch)
    entry = AuditEntry.objects.get(action="call_link.placed")
    assert entry.after["destination_number"] == "12403019517"


def test_a_repeat_within_30_seconds_is_the_same_call(client: Client, switch: SimulatedSwitch, anna: dict[str, str]) -> None:
    first = client.get(DOCUMENTED, headers=anna).json()
    again = client.get(f"{PATH}?source_number=+1 276-208-7784&destination_number=12403019517".replace("+", "%2B"), headers=anna)
    by_post = post(client, anna, "(276) 208 7784", "2403019517")
    assert {again.status_code, by_post.status_code} == {202}
    assert {again.json()["id"], by_post.json()["id"]} == {first["id"]}
    assert switch.originates == 1
    CallLink.objects.update(created_at=timezone.now() - timedelta(seconds=31))
    assert client.get(DOCUMENTED, headers=anna).json()["id"] != first["id"]
    assert switch.originates == 2


@pytest.mark.parametrize("source", ["1006", "17036879447", "7036879447"])
def test_ones_own_number_or_extension_rings_ones_phone(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], source: str
) -> None:
    assert post(client, anna, source, "2403019517").status_code == 202
    assert "}user/1006@pbx.example.com link" in originate_of(switch)


@pytest.mark.parametrize("destination", ["1005", "17036879448"])
def test_colleagues_are_rung_at_their_phones(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], make_person: Callable, hold: Callable, destination: str
) -> None:
    hold(make_person("ben"), "1005", "17036879448")
    answer = post(client, anna, "1006", destination)
    assert (answer.status_code, answer.json()["destination_number"]) == (202, destination)
    assert switch.originates == 1


def test_a_source_that_is_somebody_elses_extension_is_no_number(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], make_person: Callable, hold: Callable
) -> None:
    hold(make_person("ben"), "1005", "17036879448")
    response = post(client, anna, "1005", "2403019517")
    assert (response.status_code, set(response.json()["errors"])) == (400, {"source_number"})
    assert switch.originates == 0


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE"])
def test_a_head_never_dials(client: Client, switch: SimulatedSwitch, anna: dict[str, str], method: str) -> None:
    assert client.generic(method, DOCUMENTED, headers=anna).status_code == 405
    assert (switch.originates, CallLink.objects.count()) == (0, 0)


def test_who_may(client: Client, switch: SimulatedSwitch, make_person: Callable, hold: Callable, key_of: Callable) -> None:
    ben, eve = make_person("ben"), make_person("eve")
    hold(ben, "1005", "17036879448")
    narrow = key_of(ben, scopes=["calls:read", "numbers:write", "admin"])
    assert client.get(DOCUMENTED).status_code == 401
    assert client.get(DOCUMENTED, headers=narrow).status_code == 403
    client.force_login(ben)
    assert client.get(DOCUMENTED).status_code == 401, "no cookie dials"
    without = client.get(DOCUMENTED, headers=key_of(eve))
    assert (without.status_code, without.json()["code"]) == (409, "number_required")
    assert (switch.originates, CallLink.objects.count()) == (0, 0)
    assert client.get(DOCUMENTED, headers=key_of(ben, scopes=["calls:write"])).status_code == 202


def test_nothing_is_fetched_ahead(client: Client, switch: SimulatedSwitch, anna: dict[str, str]) -> None:
    for header in ("sec-purpose", "purpose"):
        response = client.get(DOCUMENTED, headers=anna | {header: "prefetch;prerender"})
        assert (response.status_code, response.json()["code"]) == (403, "prefetch_refused")
    assert switch.originates == 0


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["source_number", "destination_number"])
def test_hostile_numbers_put_nothing_on_the_socket(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], field: str, text: str
) -> None:
    numbers = {"source_number": "2762087784", "destination_number": "2403019517"} | {field: text}
    response = client.post(PATH, numbers, content_type="application/json", headers=anna)
    assert response.status_code == 400
    assert client.get(PATH, numbers, headers=anna).status_code == 400
    assert (switch.bytes_received, CallLink.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"source_number": "2762087784"},
        {"source_number": 2762087784, "destination_number": "2403019517"},
        {"source_number": "2762087784", "destination_number": ["2403019517"]},
        {"source_number": "2762087784", "destination_number": "2403019517", "gateway": "carrier"},
        {"source_number": "2762087784", "destination_number": "2403019517", "context": "public"},
        {"source_number": "2762087784", "destination_number": "2403019517", "mode": "both"},
        {"source_number": "2762087784", "destination_number": "2762087784"},
        {"source_number": "1006", "destination_number": "17036879447"},
        [],
        "text",
    ],
)
def test_bad_input(client: Client, switch: SimulatedSwitch, anna: dict[str, str], body: Any) -> None:
    response = client.post(PATH, body, content_type="application/json", headers=anna)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert (switch.bytes_received, CallLink.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "query", ["", "source_number=2762087784", "source_number=2762087784&destination_number=2403019517&x=1", "x=1"]
)
def test_bad_queries(client: Client, switch: SimulatedSwitch, anna: dict[str, str], query: str) -> None:
    assert client.get(f"{PATH}?{query}", headers=anna).status_code == 400
    assert client.post(f"{DOCUMENTED}", {}, content_type="application/json", headers=anna).status_code == 400
    assert switch.bytes_received == 0


@pytest.mark.parametrize("number", ["911", "+18765551234", "9002345678", "+881612345678", "+442079460018"])
def test_what_may_not_be_called(client: Client, switch: SimulatedSwitch, anna: dict[str, str], number: str) -> None:
    for source, destination in (("2762087784", number), (number, "2403019517")):
        response = post(client, anna, source, destination)
        assert (response.status_code, response.json()["code"]) == (403, "destination_not_allowed")
    assert (switch.bytes_received, CallLink.objects.count()) == (0, 0)


def test_limits_by_person(
    client: Client,
    switch: SimulatedSwitch,
    anna: dict[str, str],
    settings: Any,
    make_person: Callable,
    hold: Callable,
    key_of: Callable,
) -> None:
    CallLink.objects.all().delete()
    for last in range(2):
        assert post(client, anna, "2762087784", f"240301951{last}").status_code == 202
    CallLink.objects.update(status="bridged", ended_at=None)
    third = post(client, anna, "2762087784", "2403019515")
    assert (third.status_code, third.json()["code"], "Retry-After" in third.headers) == (429, "call_limit_reached", True)
    ben = make_person("ben")
    hold(ben, "1005", "17036879448")
    assert post(client, key_of(ben), "2762087784", "2403019515").status_code == 202

    CallLink.objects.update(status="completed", ended_at=timezone.now())
    settings.CALL_LINKS_AN_HOUR = 2
    assert post(client, anna, "2762087784", "2403019515").status_code == 429
    CallLink.objects.update(created_at=timezone.now() - timedelta(hours=2))
    link = CallLink.objects.earliest("pk")
    Call.objects.create(
        call_uuid=str(link.call_uuid), direction="outbound", started_at=link.created_at, answered=True,
        answered_at=link.created_at, bill_seconds=240 * 60, call_link=link,
    )  # fmt: skip
    talked = post(client, anna, "2762087784", "2403019515")
    assert (talked.status_code, "minutes" in talked.json()["detail"]) == (429, True)


def test_an_extensions_own_limits_hold(client: Client, switch: SimulatedSwitch, anna: dict[str, str]) -> None:
    extension = Extension.objects.filter(number="1006")
    extension.update(calls_at_once=1)
    assert post(client, anna, "2762087784", "2403019510").status_code == 202
    CallLink.objects.update(status="bridged", ended_at=None)
    second = post(client, anna, "2762087784", "2403019511")
    assert (second.status_code, "You have 1 call links under way" in second.json()["detail"]) == (429, True)
    extension.update(calls_at_once=3, calls_an_hour=2)
    assert post(client, anna, "2762087784", "2403019511").status_code == 202
    third = post(client, anna, "2762087784", "2403019512")
    assert (third.status_code, "You have placed 2 call links within an hour" in third.json()["detail"]) == (429, True)
    link = CallLink.objects.earliest("pk")
    Call.objects.create(
        call_uuid=str(link.call_uuid), direction="outbound", started_at=link.created_at, answered=True,
        answered_at=link.created_at, bill_seconds=600, call_link=link,
    )  # fmt: skip
    extension.update(calls_at_once=3, calls_an_hour=9, call_minutes_a_day=10)
    talked = post(client, anna, "2762087784", "2403019512")
    assert (talked.status_code, "10 minutes by call links" in talked.json()["detail"]) == (429, True)
    extension.update(call_minutes_a_day=11)
    assert post(client, anna, "2762087784", "2403019512").status_code == 202


def test_while_the_switch_is_away_nothing_is_half_placed(
    client: Client, no_switch: None, anna: dict[str, str], settings: Any
) -> None:
    response = client.get(DOCUMENTED, headers=anna)
    assert (response.status_code, response.json()["code"]) == (503, "switch_unavailable")
    assert "Retry-After" in response.headers
    link = CallLink.objects.get()
    assert (link.status, link.sent_at) == ("failed", None)
    # Nobody was rung: asking again is no repeat.
    with simulated(settings) as switch:
        again = client.get(DOCUMENTED, headers=anna)
        assert again.status_code == 202
        assert again.json()["id"] != link.pk
        assert switch.originates == 1


def test_without_a_switch_in_the_settings(client: Client, anna: dict[str, str], settings: Any) -> None:
    settings.FREESWITCH_ESL = None
    assert client.get(DOCUMENTED, headers=anna).json()["code"] == "switch_unavailable"


def test_a_phone_that_is_not_registered_is_told_at_once(
    client: Client, switch: SimulatedSwitch, make_person: Callable, hold: Callable, key_of: Callable
) -> None:
    eve = make_person("eve")
    hold(eve, "1007", "17036879449")
    key = key_of(eve)
    answer = post(client, key, "1007", "2403019517").json()
    assert answer["status"] == "failed"
    detail = client.get(f"{PATH}/{answer['id']}", headers=key).json()
    assert (detail["hangup_cause"], detail["ended_at"] is not None) == ("USER_NOT_REGISTERED", True)


# -- one link --------------------------------------------------------------------------------------------------------------


def test_one_link_is_its_owners_alone(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], make_person: Callable, key_of: Callable
) -> None:
    link = client.get(DOCUMENTED, headers=anna).json()
    path = f"{PATH}/{link['id']}"
    mine = client.get(path, headers=anna)
    assert (mine.status_code, mine.json()["call_uuid"]) == (200, link["call_uuid"])
    assert set(mine.json()) == FIELDS | {"hangup_cause", "source_answered_at", "bridged_at", "ended_at"}
    for stranger in (key_of(make_person("eve")), key_of(make_person("staff", "staff"))):
        for method in ("GET", "HEAD", "DELETE"):
            assert client.generic(method, path, headers=stranger).status_code == 404
    assert client.get(path).status_code == 401
    assert client.delete(path).status_code == 401
    assert client.get(f"{PATH}/999999", headers=anna).status_code == 404
    assert client.get(f"{path}?x=1", headers=anna).status_code == 400
    for method in ("POST", "PUT", "PATCH"):
        assert client.generic(method, path, headers=anna).status_code == 405
    assert CallLink.objects.get().cancel_requested_at is None


def test_scopes_of_one_link(
    client: Client, switch: SimulatedSwitch, make_person: Callable, hold: Callable, key_of: Callable
) -> None:
    ben = make_person("ben")
    hold(ben, "1005", "17036879448")
    link = client.get(DOCUMENTED, headers=key_of(ben)).json()
    path = f"{PATH}/{link['id']}"
    reads, writes = key_of(ben, scopes=["calls:read"]), key_of(ben, scopes=["calls:write"])
    assert [client.get(path, headers=key).status_code for key in (reads, writes)] == [200, 403]
    assert [client.delete(path, headers=key).status_code for key in (reads, writes)] == [403, 204]


def test_delete_hangs_up_and_again_changes_nothing(client: Client, anna: dict[str, str], settings: Any) -> None:
    with simulated(settings, pace=1) as switch:
        link = client.get(DOCUMENTED, headers=anna).json()
        path = f"{PATH}/{link['id']}"
        assert client.delete(path, headers=anna).status_code == 204
        ended = client.get(path, headers=anna).json()
        assert (ended["status"], ended["hangup_cause"]) == ("cancelled", "ORIGINATOR_CANCEL")
        assert switch.exchange.legs() == []
    assert client.delete(path, headers=anna).status_code == 204, "what is over needs no switch"
    assert client.get(path, headers=anna).json() == ended
    assert AuditEntry.objects.filter(action="call_link.cancelled").count() == 1


def test_a_cancel_that_the_switch_cannot_hear(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], settings: Any
) -> None:
    link = client.get(DOCUMENTED, headers=anna).json()
    CallLink.objects.update(status="ringing_source", ended_at=None, hangup_cause="")
    there = settings.FREESWITCH_ESL
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    response = client.delete(f"{PATH}/{link['id']}", headers=anna)
    assert (response.status_code, response.json()["code"]) == (503, "switch_unavailable")
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["status"] == "ringing_source"
    # When the link is next read and the switch is back, it is told.
    settings.FREESWITCH_ESL = there
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["status"] == "cancelled"


@pytest.mark.parametrize(("status", "sent"), [("queued", False), ("queued", True), ("ringing_source", True)])
def test_a_link_past_its_time_expires_also_when_only_read(
    client: Client, switch: SimulatedSwitch, anna: dict[str, str], status: str, sent: bool
) -> None:
    link = client.get(DOCUMENTED, headers=anna).json()
    switch.restart()
    long_ago = timezone.now() - timedelta(minutes=3)
    CallLink.objects.update(
        status=status, ended_at=None, hangup_cause="", created_at=long_ago, expires_at=long_ago + timedelta(seconds=75),
        sent_at=long_ago if sent else None,
    )  # fmt: skip
    assert client.get(f"{PATH}/{link['id']}", headers=anna).json()["status"] == "expired"


def test_a_talk_of_which_no_event_told_does_not_expire(client: Client, anna: dict[str, str], settings: Any) -> None:
    with simulated(settings, pace=1):
        link = client.get(DOCUMENTED, headers=anna).json()
        before = timezone.now() - timedelta(seconds=1)
        CallLink.objects.update(created_at=before - timedelta(seconds=90), expires_at=before)
        seen = client.get(f"{PATH}/{link['id']}", headers=anna).json()
        assert seen["status"] in ("queued", "ringing_source")
        assert CallLink.objects.get().expires_at > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_20_who_ask_at_once_for_the_same_pair_dial_once(
    switch: SimulatedSwitch, make_person: Callable, hold: Callable, key_of: Callable
) -> None:
    ben = make_person("ben")
    hold(ben, "1005", "17036879448")
    key = key_of(ben)

    def ask(_: int) -> tuple[int, int]:
        try:
            response = Client().get(DOCUMENTED, headers=key)
            return response.status_code, response.json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(ask, range(20)))
    assert {status for status, _ in answers} == {202}
    assert len({link_id for _, link_id in answers}) == 1
    assert switch.originates == 1
