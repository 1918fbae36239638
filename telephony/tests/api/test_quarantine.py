"""`quarantine`: staff see what could not be read, try it again and discard it; who looks is written down."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Role
from telephony.models import Call, Quarantine
from telephony.services import quarantine_care
from telephony.services.quarantine import keep
from telephony.tests.captures import posts_of

pytestmark = pytest.mark.django_db

PATH = "/api/v2/quarantine"


@pytest.fixture
def staff(make_person: Callable, key_of: Callable) -> dict[str, str]:
    return key_of(make_person("sam", Role.STAFF))


@pytest.fixture
def kept(post_cdr: Callable, db: None) -> Quarantine:
    post_cdr(b'{"caller": "12025550123", "password": "canary-5d1f"')
    return Quarantine.objects.get()


def post(client: Client, entry: Quarantine, headers: dict[str, str], body: str = "{}") -> Any:
    return client.post(f"{PATH}/{entry.pk}/retry", body, content_type="application/json", headers=headers)


def test_the_list_has_no_bytes_and_nobody_has_looked(client: Client, staff: dict[str, str], kept: Quarantine) -> None:
    (row,) = client.get(PATH, headers=staff).json()
    assert (row["kind"], row["state"], row["attempts"], row["address"]) == ("cdr", "new", 1, "127.0.0.1")
    assert "12025550123" not in str(row)
    assert not AuditEntry.objects.filter(action="quarantine.viewed").exists()


def test_one_shows_what_came_without_secrets_and_the_look_is_written_down(
    client: Client, staff: dict[str, str], kept: Quarantine
) -> None:
    answer = client.get(f"{PATH}/{kept.pk}", headers=staff)
    assert "12025550123" in answer.json()["body"]
    assert "canary" not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert AuditEntry.objects.get(action="quarantine.viewed").actor_label == "sam"


@pytest.mark.parametrize(
    ("query", "count"),
    [("state=new", 1), ("state=discarded", 0), ("kind=cdr", 1), ("kind=recording", 0), ("q=127.0.0", 1), ("q=nothing", 0)],
)
def test_it_is_narrowed_down(client: Client, staff: dict[str, str], kept: Quarantine, query: str, count: int) -> None:
    assert len(client.get(f"{PATH}?{query}", headers=staff).json()) == count


@pytest.mark.parametrize("query", ["state=all", "kind=x", "after=yesterday", "unknown=1", "limit=x", "cursor=1"])
def test_bad_filters_are_refused(client: Client, staff: dict[str, str], query: str) -> None:
    assert client.get(f"{PATH}?{query}", headers=staff).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_what_can_be_read_now_is_a_call(client: Client, staff: dict[str, str]) -> None:
    entry = keep(Quarantine.Kind.CDR, posts_of("local-no-answer")[0].body, "Unread.", content_type="application/json")
    answer = post(client, entry, staff)
    assert (answer.status_code, answer.json()["result"], answer.json()["state"]) == (200, "stored", "retried")
    assert Call.objects.count() == 1
    again = post(client, entry, staff)
    assert (again.status_code, again.json()["code"]) == (409, "not_retriable")
    assert Call.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_can_still_not_be_read_stays(client: Client, staff: dict[str, str], kept: Quarantine) -> None:
    answer = post(client, kept, staff)
    assert (answer.json()["result"], answer.json()["state"], answer.json()["attempts"]) == ("quarantined", "new", 2)
    assert post(client, kept, staff, '{"force": true}').status_code == 400
    assert not Call.objects.exists()


def test_discarding_deletes_the_bytes_for_good(client: Client, staff: dict[str, str], kept: Quarantine) -> None:
    for _ in range(2):
        assert client.delete(f"{PATH}/{kept.pk}", headers=staff).status_code == 204
    one = client.get(f"{PATH}/{kept.pk}", headers=staff).json()
    assert (one["state"], one["body"]) == ("discarded", "")
    assert "discarded" in one["body_problem"]
    assert AuditEntry.objects.filter(action="quarantine.discarded").count() == 1


# -- all at once -----------------------------------------------------------------------------------------------------------


def post_all(client: Client, headers: dict[str, str], body: str = "{}", **extra: str) -> Any:
    return client.post(f"{PATH}/retry", body, content_type="application/json", headers=headers | extra)


@pytest.fixture
def several(kept: Quarantine) -> list[Quarantine]:
    """One that nobody can read, one that could be read by now, and a recording, which only the switch can send again."""
    record = posts_of("local-no-answer")[0].body
    readable = keep(Quarantine.Kind.CDR, record, "Unread for a while.", content_type="application/json")
    return [kept, readable, keep(Quarantine.Kind.RECORDING, b"RIFF", "It is cut.", content_type="audio/wav")]


@pytest.mark.django_db(transaction=True)
def test_all_that_wait_are_tried_again(client: Client, staff: dict[str, str], several: list[Quarantine]) -> None:
    answer = post_all(client, staff, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()) == (200, {"taken": 1, "stayed": 2, "left": 0})
    assert Call.objects.count() == 1
    assert [Quarantine.objects.get(pk=entry.pk).state for entry in several] == ["new", "retried", "new"]
    assert {entry.actor_label for entry in AuditEntry.objects.filter(action="quarantine.retried")} == {"sam"}
    tried = sum(Quarantine.objects.values_list("times_seen", flat=True))
    again = post_all(client, staff, **{"Idempotency-Key": "k"})
    assert (again.json(), again["Idempotent-Replayed"]) == (answer.json(), "true")
    assert sum(Quarantine.objects.values_list("times_seen", flat=True)) == tried
    assert post_all(client, staff).json() == {"taken": 0, "stayed": 2, "left": 0}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ('{"q": "for a while"}', (1, 0)), ('{"kind": "recording"}', (0, 1)), ('{"kind": "cdr", "state": "new"}', (1, 1)),
        ('{"state": "discarded"}', (0, 0)), ('{"before": "2020-01-01T00:00:00Z"}', (0, 0)), ("{}", (1, 2)),
    ],
)  # fmt: skip
def test_a_filter_leaves_the_others(
    client: Client, staff: dict[str, str], several: list[Quarantine], filters: str, expected: tuple[int, int]
) -> None:
    said = post_all(client, staff, f'{{"filter": {filters}}}').json()
    assert (said["taken"], said["stayed"]) == expected
    assert Call.objects.count() == expected[0]


@pytest.mark.django_db(transaction=True)
def test_what_is_too_much_for_one_go_is_left_and_told(
    client: Client, staff: dict[str, str], several: list[Quarantine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine_care, "MOST_AT_ONCE", 1)
    assert post_all(client, staff).json()["left"] == 2


@pytest.mark.parametrize(
    "body",
    [
        '{"filter": {"state": "all"}}', '{"filter": {"kind": "x"}}', '{"filter": {"kind": ""}}', '{"filter": {"after": "yesterday"}}',
        '{"filter": {"limit": "1"}}', '{"filter": {"q": 1}}', '{"filter": {"q": null}}', '{"filter": "kind=cdr"}', '{"filter": null}',
        '{"filter": []}', '{"kind": "cdr"}', "[]", "null",
    ],
)  # fmt: skip
def test_a_wrong_filter_tries_nothing(client: Client, staff: dict[str, str], several: list[Quarantine], body: str) -> None:
    answer = post_all(client, staff, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not AuditEntry.objects.filter(action="quarantine.retried").exists()


def test_only_staff_try_all_again(
    client: Client, several: list[Quarantine], make_person: Callable, key_of: Callable, staff: dict[str, str]
) -> None:
    assert post_all(client, key_of(make_person("eve"))).status_code == 403
    assert post_all(client, {}).status_code == 401
    assert client.get(f"{PATH}/retry", headers=staff).status_code == 405
    assert not AuditEntry.objects.filter(action="quarantine.retried").exists()
