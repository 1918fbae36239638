"""`Idempotency-Key`: sent twice, done once, answered alike."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated

from accounts.models import ApiKey, AuditEntry, User
from web import idempotency
from web.errors import Problem
from web.idempotency import idempotency_of
from web.models import IdempotentRequest

pytestmark = pytest.mark.django_db

PATH = "/api/v2/maintenance/keys"
WANTED = {"auth0_id": "auth0|anna", "name": "app"}


def post(client: Client, key: str | None = "k-1", body: Any = WANTED, path: str = PATH, **headers: str) -> HttpResponse:
    proof = {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"} if "x-mediamagic-key" not in headers else {}
    given = {"idempotency-key": key} if key is not None else {}
    return client.post(path, body, content_type="application/json", headers=proof | given | headers)


def age(**changes: timedelta) -> None:
    """Let the kept request be older than it is."""
    row = IdempotentRequest.objects.get()
    for name, by in changes.items():
        setattr(row, name, getattr(row, name) - by)
    row.save()


# -- replays ---------------------------------------------------------------------------------------------------------------


def test_a_repeat_is_answered_alike_and_does_nothing(client: Client) -> None:
    first, again = post(client), post(client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() | {"key": None}
    assert list(again.json()) == list(first.json()), "in the same order"
    assert (again["Idempotent-Replayed"], "Idempotent-Replayed" in first) == ("true", False)
    assert again["Cache-Control"] == first["Cache-Control"] == "no-store"
    assert (ApiKey.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_the_secret_is_kept_nowhere(client: Client) -> None:
    key = post(client).json()["key"]
    assert key not in str(list(IdempotentRequest.objects.values()))
    assert settings.MAINTENANCE_TOKEN not in str(list(IdempotentRequest.objects.values()))


def test_the_order_of_members_does_not_matter_but_their_values_do(client: Client) -> None:
    post(client, body='{"auth0_id": "auth0|anna", "name": "app"}')
    assert post(client, body='{"name":"app","auth0_id":"auth0|anna"}')["Idempotent-Replayed"] == "true"
    other = post(client, body=WANTED | {"name": "other"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other["Content-Type"] == "application/problem+json"
    assert ApiKey.objects.count() == 1


def test_another_key_or_none_is_another_request(client: Client) -> None:
    for key in ("k-1", "k-2", None, None):
        response = post(client, key)
        assert response.status_code == 201
        assert response.json()["key"]
    assert ApiKey.objects.count() == 4
    assert IdempotentRequest.objects.count() == 2


def test_the_answer_has_the_media_type_that_is_asked_for_now(client: Client) -> None:
    kind = "application/mediamagic.rest.v1+json"
    assert post(client)["Content-Type"] == "application/json"
    assert post(client, accept=kind)["Content-Type"] == kind
    assert post(client, accept="text/html").status_code == 406


def test_a_refusal_is_repeated_as_a_problem(client: Client) -> None:
    body = WANTED | {"role": "root"}
    first, again = post(client, body=body), post(client, body=body)
    assert (first.status_code, again.status_code, again["Content-Type"]) == (400, 400, "application/problem+json")
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    # It was an answer like any other: the key is spent.
    assert post(client).status_code == 422
    assert not ApiKey.objects.exists()


def test_after_a_day_a_key_is_forgotten(client: Client) -> None:
    first = post(client).json()
    age(created_at=timedelta(hours=23, minutes=59), lease_until=timedelta(hours=23))
    assert post(client)["Idempotent-Replayed"] == "true"
    age(created_at=timedelta(minutes=2))
    again = post(client, body=WANTED | {"name": "other"})
    assert (again.status_code, "Idempotent-Replayed" in again) == (201, False)
    assert again.json()["id"] != first["id"]
    assert post(client, body=WANTED | {"name": "other"}).json() == again.json() | {"key": None}
    assert IdempotentRequest.objects.count() == 1


# -- whose key -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def issue(db: None) -> Callable[[str], dict[str, str]]:
    def new_key(name: str) -> dict[str, str]:
        return {"x-mediamagic-key": ApiKey.objects.issue(User.objects.by_subject("i", name), "test")[1]}

    return new_key


def test_a_key_belongs_to_a_person_whichever_proof_they_give(client: Client, issue: Callable[[str], dict[str, str]]) -> None:
    path = "/api/v2/assign-number"
    first = post(client, body={}, path=path, **issue("anna"))
    assert (first.status_code, first.json()["code"]) == (409, "number_pool_empty")
    assert post(client, body={}, path=path, **issue("anna"))["Idempotent-Replayed"] == "true"
    # Another person's request of the same key has nothing to do with it.
    assert post(client, body={"area_code": "703"}, path=path, **issue("ben")).status_code == 409
    assert set(IdempotentRequest.objects.values_list("caller", flat=True)) == {f"user:{user.pk}" for user in User.objects.all()}


def test_a_key_belongs_to_an_address(client: Client, issue: Callable[[str], dict[str, str]]) -> None:
    anna = issue("anna")
    assert post(client, body={}, path="/api/v2/assign-number", **anna).json()["code"] == "number_pool_empty"
    assert post(client, body={}, path="/api/v2/assign-number/sip-password", **anna).json()["code"] == "number_required"


def test_a_refused_proof_replays_nothing_and_keeps_nothing(client: Client, issue: Callable[[str], dict[str, str]]) -> None:
    anna = issue("anna")
    post(client, body={}, path="/api/v2/assign-number", **anna)
    ApiKey.objects.update(revoked_at=timezone.now())
    assert post(client, body={}, path="/api/v2/assign-number", **anna).status_code == 401
    assert post(client, authorization="Bearer wrong").status_code == 401
    assert IdempotentRequest.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "schlüssel", "a\tb", "a\x7fb"])
def test_malformed_keys(client: Client, key: str) -> None:
    response = post(client, key)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_idempotency_key")
    assert not IdempotentRequest.objects.exists()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("key", ["a", "a" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "~ !"])
def test_sound_keys(client: Client, key: str) -> None:
    assert post(client, key).status_code == 201


@pytest.mark.parametrize("body", ["{", '{"auth0_id": NaN}'])
def test_what_is_no_json_claims_nothing(client: Client, body: str) -> None:
    assert post(client, body=body).status_code == 400
    assert not IdempotentRequest.objects.exists()


# -- what is not kept ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("no route"), 503),
        (Problem(502, "switch_unavailable", "The switch is away."), 502),
        (Problem(429, "too_many_calls", "Wait."), 429),
        (AuthenticationFailed("no"), 401),
        (RuntimeError("canary"), 500),
    ],
)
def test_what_says_try_again_is_not_kept(error: Exception, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)

    def fail(*_: object, **__: object) -> None:
        assert IdempotentRequest.objects.get().state == "in_flight"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("accounts.api.maintenance.issue_key", fail)
        assert post(client).status_code == status
    assert not IdempotentRequest.objects.exists()
    response = post(client)
    assert (response.status_code, "Idempotent-Replayed" in response) == (201, False)


def test_an_answer_that_cannot_be_kept_is_still_the_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("no route")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr("django.db.models.query.QuerySet.update", away)
        assert post(client).status_code == 201
    assert "could not be kept" in caplog.text
    assert post(client).json()["code"] == "idempotency_in_progress"
    assert ApiKey.objects.count() == 1


def test_a_request_that_cannot_be_forgotten_is_still_a_503(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        patch.setattr("django.db.models.query.QuerySet.delete", away)
        raise OperationalError("no route")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr("accounts.api.maintenance.issue_key", away)
        response = post(client)
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "could not be forgotten" in caplog.text


# -- in flight -------------------------------------------------------------------------------------------------------------


def killed_in_the_middle(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave behind what a process leaves that is killed while it works."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("accounts.api.maintenance.issue_key", die)
        with pytest.raises(KeyboardInterrupt):
            post(client)


def test_in_flight(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_in_the_middle(client, monkeypatch)
    response = post(client)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (409, "idempotency_in_progress", "1")
    assert post(client, body=WANTED | {"name": "other"}).status_code == 422
    assert not ApiKey.objects.exists()


def test_after_its_lease_a_killed_request_is_taken_over_and_knows_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_in_the_middle(client, monkeypatch)
    seen = []

    def watch(request: Any, response: Any) -> None:
        held = idempotency_of(request)
        seen.append((held.key, held.taken_over) if held else None)
        settle(request, response)

    settle = idempotency.settle
    monkeypatch.setattr("web.idempotency.settle", watch)
    age(created_at=timedelta(seconds=61), lease_until=timedelta(seconds=59))
    assert post(client).status_code == 409
    age(lease_until=timedelta(seconds=2))
    response = post(client)
    assert (response.status_code, "Idempotent-Replayed" in response) == (201, False)
    assert post(client).json() == response.json() | {"key": None}
    post(client, "k-2")
    assert seen == [None, ("k-1", True), None, ("k-2", False)]


def test_whoever_was_given_up_does_not_overwrite_the_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    original = idempotency.settle
    answers = []

    def late(request: Any, response: Any) -> None:
        # The first one is still at work when its lease is over and the second one begins and ends.
        monkeypatch.setattr("web.idempotency.settle", original)
        age(created_at=timedelta(seconds=70), lease_until=timedelta(seconds=70))
        answers.append(post(client).json())
        original(request, response)

    monkeypatch.setattr("web.idempotency.settle", late)
    answers.append(post(client).json())
    second, first = answers
    assert first["id"] != second["id"]
    assert post(client).json() == second | {"key": None}


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_act_once() -> None:
    def send(number: int) -> tuple[int, str, bool]:
        try:
            response = post(Client())
        finally:
            connection.close()
        return response.status_code, response.json().get("code", ""), "Idempotent-Replayed" in response

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(send, range(20)))
    assert ApiKey.objects.count() == AuditEntry.objects.count() == User.objects.count() == 1
    assert answers.count((201, "", False)) == 1
    assert set(answers) <= {(201, "", False), (201, "", True), (409, "idempotency_in_progress", False)}


@pytest.mark.django_db(transaction=True)
def test_twenty_who_take_over_at_once_act_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_in_the_middle(client, monkeypatch)
    age(created_at=timedelta(seconds=70), lease_until=timedelta(seconds=70))

    def send(number: int) -> int:
        try:
            return post(Client()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(send, range(20)))
    assert ApiKey.objects.count() == 1
    assert set(statuses) <= {201, 409}


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_view_works(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object, **__: object) -> None:
        assert not connection.in_atomic_block
        raise Problem(409, "seen", "It is committed.")

    monkeypatch.setattr("accounts.api.maintenance.issue_key", look)
    assert post(client).json()["code"] == "seen"


def test_whoever_is_always_too_late_is_told_to_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("web.idempotency._try_to_claim", lambda *_: None)
        assert post(client).json()["code"] == "idempotency_in_progress"
    assert post(client).status_code == 201


def test_a_row_that_is_forgotten_before_it_can_be_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    original = IdempotentRequest.objects.get_or_create
    errors = [IntegrityError("another one's, which is gone")]

    def race(**values: Any) -> Any:
        if errors:
            raise errors.pop()
        return original(**values)

    monkeypatch.setattr(IdempotentRequest.objects, "get_or_create", race)
    assert post(client).status_code == 201
    assert (errors, ApiKey.objects.count()) == ([], 1)


def test_nobody_has_no_keys() -> None:
    with pytest.raises(NotAuthenticated):
        idempotency._caller_of(SimpleNamespace(user=AnonymousUser()))


# -- sweeping --------------------------------------------------------------------------------------------------------------


def test_old_ones_are_swept_a_few_at_a_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.idempotency.SWEPT_AT_ONCE", 2)
    now = timezone.now()
    for number, hours in enumerate((48, 47, 46, 23, 1)):
        began = now - timedelta(hours=hours)
        IdempotentRequest.objects.create(
            caller="operator", target_digest="t", key_digest=f"{number}", body_digest="b",
            state="done", status=200, created_at=began, lease_until=began,
        )  # fmt: skip
    post(client)
    left = IdempotentRequest.objects.filter(target_digest="t").values_list("key_digest", flat=True)
    assert set(left) == {"2", "3", "4"}
    assert idempotency.sweep(100) == 1
    assert idempotency.sweep(100) == 0


def test_what_is_kept_is_json(client: Client) -> None:
    post(client)
    row = IdempotentRequest.objects.get()
    assert json.loads(row.body)["auth0_id"] == "auth0|anna"
    assert (row.state, row.status, row.attempt, row.headers) == ("done", 201, 1, {"Cache-Control": "no-store"})
    assert str(row) == "operator: done"
