"""`webhooks` over the API: making, changing, rotating, testing, the log, redelivering; and who may not."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from accounts.models import AuditEntry, Role, User
from web.read_only import turn
from webhooks.delivering import send_due
from webhooks.models import MOST_OF_A_PERSON, Delivery, Subscription
from webhooks.tests.receiver import Receiver

pytestmark = pytest.mark.django_db

URL = "https://hooks.example.com/calls?token=canary"


@pytest.fixture
def api(client: Client, make_person: Callable, key_of: Callable) -> SimpleNamespace:
    people = {"anna": make_person("anna"), "ben": make_person("ben"), "sam": make_person("sam", Role.STAFF)}
    keys = {name: key_of(person) for name, person in people.items()}

    def ask(who: str, method: str, path: str = "", body: Any = None, **headers: str) -> HttpResponse:
        proof = keys.get(who, {}) if isinstance(who, str) else who
        data = b"" if body is None else json.dumps(body).encode()
        return client.generic(
            method, f"/api/v2/webhooks{path}", data, content_type="application/json", headers={**proof, **headers}
        )

    return SimpleNamespace(people=people, ask=ask, keys=keys)


def make(api: SimpleNamespace, who: str = "anna", **body: Any) -> dict[str, Any]:
    answer = api.ask(who, "POST", body={"url": URL} | body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def test_a_webhook_is_made_and_its_secret_shown_this_once(api: SimpleNamespace) -> None:
    made = make(api, events=["call.completed", "call.started", "call.completed"], description="CRM")
    assert made["secret"].startswith("whsec_")
    Webhook(made["secret"])
    shown = api.ask("anna", "GET", f"/{made['id']}").json()
    assert made == shown | {"secret": made["secret"]}
    assert shown["events"] == ["call.completed", "call.started"]
    assert (shown["url"], shown["scope"], shown["active"], shown["disabled_reason"]) == (URL, "own", True, "")
    assert api.ask("anna", "GET").json() == [shown]
    entry = AuditEntry.objects.get(action="webhook.created")
    assert "canary" not in f"{entry.after} {entry.target_label}"
    assert made["secret"] not in f"{entry.after}"


def test_without_events_it_is_told_of_all(api: SimpleNamespace) -> None:
    assert make(api)["events"] == "all"
    assert make(api, events="all")["events"] == "all"


def test_an_answer_with_a_secret_is_kept_by_nobody(api: SimpleNamespace) -> None:
    headers = {"idempotency-key": "a"}
    first = api.ask("anna", "POST", body={"url": URL}, **headers)
    again = api.ask("anna", "POST", body={"url": URL}, **headers)
    assert first["Cache-Control"] == "no-store"
    assert (again["Idempotent-Replayed"], again.json()) == ("true", first.json() | {"secret": None})
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"), ({"url": 5}, "url"), ({"url": ""}, "url"), ({"url": "http://hooks.example.com"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"), ({"url": "https://a:b@hooks.example.com/"}, "url"),
        ({"url": "https://hooks.example.com/" + "a" * 1000}, "url"),
        ({"url": URL, "events": []}, "events"), ({"url": URL, "events": ["webhook.test"]}, "events"),
        ({"url": URL, "events": "call.completed"}, "events"), ({"url": URL, "events": [1]}, "events"),
        ({"url": URL, "events": {"a": 1}}, "events"), ({"url": URL, "description": "a" * 201}, "description"),
        ({"url": URL, "description": "a\nb"}, "description"), ({"url": URL, "scope": "everybody"}, "scope"),
        ({"url": URL, "active": "yes"}, "active"), ({"url": URL, "secret": "whsec_x"}, "secret"), ({"url": URL, "id": 1}, "id"),
    ],
)  # fmt: skip
def test_bad_input_names_the_field(api: SimpleNamespace, body: dict[str, Any], field: str) -> None:
    answer = api.ask("anna", "POST", body=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert list(answer.json()["errors"]) == [field]
    assert not Subscription.objects.exists()


def test_nobody_has_more_than_ten(api: SimpleNamespace) -> None:
    for _ in range(MOST_OF_A_PERSON):
        make(api)
    answer = api.ask("anna", "POST", body={"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")
    make(api, "ben")


def test_it_is_changed_where_it_is_named(api: SimpleNamespace) -> None:
    made = make(api, events=["call.started"])
    path = f"/{made['id']}"
    assert api.ask("anna", "PATCH", path, {"description": "x"}).json()["events"] == ["call.started"]
    answer = api.ask("anna", "PATCH", path, {"url": "https://other.example.com", "events": "all", "active": False}).json()
    assert (answer["url"], answer["events"], answer["active"]) == ("https://other.example.com/", "all", False)
    assert answer["disabled_at"] is not None
    assert api.ask("anna", "PATCH", path, {"active": True}).json()["disabled_at"] is None
    assert api.ask("anna", "PATCH", path, {"url": "https://10.0.0.1/"}).status_code == 400
    before = AuditEntry.objects.count()
    assert api.ask("anna", "PATCH", path, {"active": True}).status_code == 200
    assert AuditEntry.objects.count() == before, "nothing changed"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_anothers_is_not_there(api: SimpleNamespace, method: str) -> None:
    made = make(api)
    body = {} if method == "PATCH" else None
    assert api.ask("ben", method, f"/{made['id']}", body).status_code == 404
    for path in ("rotate-secret", "test"):
        assert api.ask("ben", "POST", f"/{made['id']}/{path}").status_code == 404
        assert api.ask("sam", "POST", f"/{made['id']}/{path}").status_code == 404
    assert api.ask("ben", "GET").json() == []
    assert Subscription.objects.count() == 1


def test_staff_look_at_everybodys_and_may_disable_and_delete(api: SimpleNamespace) -> None:
    made = make(api)
    assert [each["auth0_id"] for each in api.ask("sam", "GET").json()] == ["auth0|anna"]
    assert api.ask("sam", "GET", "?user=auth0|ben").json() == []
    refused = api.ask("sam", "PATCH", f"/{made['id']}", {"url": "https://evil.example.com/"})
    assert refused.status_code == 403
    assert api.ask("sam", "PATCH", f"/{made['id']}", {"active": False}).json()["active"] is False
    assert api.ask("sam", "DELETE", f"/{made['id']}").status_code == 204
    assert {entry.actor.name for entry in AuditEntry.objects.filter(action__in=("webhook.changed", "webhook.deleted"))} == {
        "sam"
    }


def test_everybodys_calls_are_for_staff(api: SimpleNamespace, key_of: Callable) -> None:
    assert api.ask("anna", "POST", body={"url": URL, "scope": "all"}).status_code == 403
    mine = make(api)
    assert api.ask("anna", "PATCH", f"/{mine['id']}", {"scope": "all"}).status_code == 403
    made = make(api, "sam", scope="all")
    narrowed = key_of(api.people["sam"], scopes=["calls:read", "calls:write"])
    assert api.ask(narrowed, "POST", body={"url": URL, "scope": "all"}).status_code == 403
    assert api.ask(narrowed, "PATCH", f"/{made['id']}", {"url": "https://evil.example.com/"}).status_code == 403
    assert api.ask(narrowed, "POST", f"/{made['id']}/rotate-secret").status_code == 403
    assert api.ask(narrowed, "DELETE", f"/{mine['id']}").status_code == 403
    assert api.ask(narrowed, "POST", body={"url": URL}).status_code == 201
    wide = key_of(api.people["sam"], scopes=["calls:read", "calls:write", "admin"])
    assert api.ask(wide, "POST", body={"url": URL, "scope": "all"}).status_code == 201


def test_who_works_no_longer_as_staff_reads_nothing_more_of_everybodys(api: SimpleNamespace) -> None:
    of_all, own = make(api, "sam", scope="all"), make(api, "sam")
    log = f"/{of_all['id']}/deliveries"
    delivery = api.ask("sam", "POST", f"/{of_all['id']}/test", {}).json()
    assert api.ask("sam", "GET", log).json() == [delivery]
    User.objects.filter(pk=api.people["sam"].pk).update(role=Role.USER)
    assert [each["id"] for each in api.ask("sam", "GET").json()] == [own["id"]]
    for path in (f"/{of_all['id']}", log, f"{log}/{delivery['id']}"):
        assert api.ask("sam", "GET", path).status_code == 404
    # It does not become his own either, to have what it was not sent delivered now.
    assert api.ask("sam", "PATCH", f"/{of_all['id']}", {"scope": "own"}).status_code == 404
    assert api.ask("sam", "POST", f"{log}/{delivery['id']}/redeliver", {}).status_code == 404


@pytest.mark.parametrize("scopes", [["calls:read"], ["calls:write"], ["numbers:write"], ["admin"]])
def test_a_key_needs_both_scopes_to_change_something(api: SimpleNamespace, key_of: Callable, scopes: list[str]) -> None:
    key = key_of(api.people["anna"], scopes=scopes)
    assert api.ask(key, "POST", body={"url": URL}).status_code == 403
    assert api.ask(key, "GET").status_code == (200 if "calls:read" in scopes else 403)


def test_anonymous_and_wrong_methods(api: SimpleNamespace) -> None:
    made = make(api)
    for path in ("", f"/{made['id']}", f"/{made['id']}/deliveries"):
        assert api.ask("nobody", "GET", path).status_code == 401
    assert api.ask("anna", "PUT", f"/{made['id']}", {}).status_code == 405
    assert api.ask("anna", "GET", f"/{made['id']}/test").status_code == 405
    assert api.ask("anna", "DELETE").status_code == 405


def test_a_rotated_secret_is_shown_once(api: SimpleNamespace) -> None:
    made = make(api)
    answer = api.ask("anna", "POST", f"/{made['id']}/rotate-secret", **{"idempotency-key": "r"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer.json()["secret"] not in (made["secret"], None)
    assert answer.json()["former_secret_until"].endswith("Z")
    again = api.ask("anna", "POST", f"/{made['id']}/rotate-secret", **{"idempotency-key": "r"})
    assert again.json()["secret"] is None
    assert answer.json()["secret"] not in api.ask("anna", "GET", f"/{made['id']}").content.decode()


def test_a_test_its_log_and_its_redelivery(api: SimpleNamespace, receiver: Receiver) -> None:
    made = make(api, url=receiver.url, events=["call.started"])
    receiver.answers, receiver.body = [200], b"<script>x</script>"
    answer = api.ask("anna", "POST", f"/{made['id']}/test")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    send_due(subscription=made["id"])
    path = f"/{made['id']}/deliveries"
    (listed,) = api.ask("anna", "GET", path).json()
    assert (listed["type"], listed["state"], listed["status"], listed["next_at"]) == ("webhook.test", "delivered", 200, None)
    shown = api.ask("anna", "GET", f"{path}/{listed['id']}").json()
    (attempt,) = shown["attempts"]
    assert (attempt["status"], attempt["answer"]) == (200, "<script>x</script>")
    assert json.loads(shown["body"])["data"]["webhook"] == made["id"]
    assert Webhook(made["secret"]).verify(receiver.messages[0].body, receiver.messages[0].headers)["type"] == "webhook.test"
    again = api.ask("anna", "POST", f"{path}/{listed['id']}/redeliver")
    assert (again.status_code, again.json()["state"], again.json()["message_id"]) == (202, "waiting", listed["message_id"])
    send_due(subscription=made["id"])
    assert [message.id for message in receiver.messages] == [listed["message_id"]] * 2
    assert made["secret"] not in json.dumps(shown)
    for who in ("ben", "sam"):
        assert api.ask(who, "POST", f"{path}/{listed['id']}/redeliver").status_code == 404
    assert api.ask("ben", "GET", f"{path}/{listed['id']}").status_code == 404


def test_nothing_is_sent_to_what_is_disabled(api: SimpleNamespace) -> None:
    made = make(api, active=False)
    answer = api.ask("anna", "POST", f"/{made['id']}/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_disabled")


def test_the_log_is_narrowed_down_and_paged(api: SimpleNamespace) -> None:
    made = make(api)
    for _ in range(3):
        api.ask("anna", "POST", f"/{made['id']}/test")
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="given_up", finished_at="2026-01-01T00:00:00Z")
    path = f"/{made['id']}/deliveries"
    assert len(api.ask("anna", "GET", f"{path}?state=waiting").json()) == 2
    assert len(api.ask("anna", "GET", f"{path}?type=webhook.test").json()) == 3
    assert api.ask("anna", "GET", f"{path}?type=call.started").json() == []
    first = api.ask("anna", "GET", f"{path}?limit=2")
    assert len(first.json()) == 2
    assert 'rel="next"' in first["Link"]
    for query in ("state=lost", "type=x", "limit=0", "cursor=x", "of=everybody"):
        assert api.ask("anna", "GET", f"{path}?{query}").status_code == 400, query
    other = make(api)
    delivery = Delivery.objects.first()
    assert api.ask("anna", "GET", f"/{other['id']}/deliveries/{delivery.pk}").status_code == 404


def test_a_list_costs_the_same_for_one_and_for_many(api: SimpleNamespace) -> None:
    def costs(path: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            assert api.ask("anna", "GET", path).status_code == 200
        return len(counted)

    made = make(api)
    api.ask("anna", "POST", f"/{made['id']}/test")
    paths = ("", f"/{made['id']}/deliveries")
    few = [costs(path) for path in paths]
    for _ in range(9):
        make(api)
        api.ask("anna", "POST", f"/{made['id']}/test")
    assert [costs(path) for path in paths] == few


def test_while_the_portal_only_reads_nothing_is_changed(api: SimpleNamespace) -> None:
    made = make(api)
    turn(on=True)
    assert api.ask("anna", "GET").status_code == 200
    assert api.ask("anna", "POST", body={"url": URL}).status_code == 503
    assert api.ask("anna", "DELETE", f"/{made['id']}").status_code == 503
