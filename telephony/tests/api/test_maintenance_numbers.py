"""`maintenance/numbers`: the operator fills the pool."""

from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts.models import AuditEntry
from telephony.models import Number, Provider

pytestmark = pytest.mark.django_db

PATH = "/api/v2/maintenance/numbers"


def post(client: Client, body: Any, **headers: str) -> HttpResponse:
    proof = headers or {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}
    return client.post(PATH, body, content_type="application/json", headers=proof)


def test_numbers_in_any_notation_are_added_once(client: Client) -> None:
    given = ["17036879447", "(240) 301-9517", "+1 276-208-7784", "703.687.9447", "hello", "", "911"]
    response = post(client, {"provider": "Acme", "numbers": given})
    assert response.status_code == 200
    assert response.json()["added"] == 3
    repeated, *wrong = response.json()["skipped"]
    assert repeated == {"number": "703.687.9447", "reason": "is given more than once"}
    assert [each["number"] for each in wrong] == ["hello", "", "911"]
    assert all(each["reason"].startswith("is not a phone number: ") for each in wrong)
    assert set(Number.objects.values_list("number", "country", "state", "provider__name")) == {
        (digits, "US", "free", "Acme") for digits in ("17036879447", "12403019517", "12762087784")
    }
    again = post(client, {"provider": "Other", "numbers": given[:1]})
    assert again.json() == {"added": 0, "skipped": [{"number": "17036879447", "reason": "is in the pool already"}]}
    assert Number.objects.get(number="17036879447").provider.name == "Acme"


def test_what_came_in_is_written_down(client: Client) -> None:
    response = post(client, {"provider": "Acme", "numbers": ["17036879447", "hello"]})
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.actor_label) == ("numbers.added", None, "maintenance")
    assert (entry.target_label, entry.after) == ("Acme", {"added": 1, "skipped": 1})
    assert (entry.address, entry.request_id) == ("127.0.0.1", response["X-Request-ID"])
    for nothing in (["17036879447"], ["hello"]):
        post(client, {"provider": "Acme", "numbers": nothing})
    assert AuditEntry.objects.count() == 1, "nothing happened that could be written down"


@pytest.mark.parametrize(
    "text", ["17036879447\n", "\n17036879447", "1703687\r\n9447", "17036879447\t", "'17036879447", "17036879447;ext=5"]
)
def test_nothing_but_a_number_is_taken_for_one(client: Client, text: str) -> None:
    answer = post(client, {"provider": "Acme", "numbers": [text]}).json()
    assert (answer["added"], [each["number"] for each in answer["skipped"]]) == (0, [text])
    assert not Number.objects.exists()
    assert not Provider.objects.exists()


def test_a_number_of_no_country(client: Client) -> None:
    assert post(client, {"provider": "Acme", "numbers": ["+800 1234 5678"]}).json() == {"added": 1, "skipped": []}
    assert Number.objects.get().country == ""


def test_a_repeat_with_its_key_tells_what_the_first_one_added(client: Client) -> None:
    once = {"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}", "idempotency-key": "k"}
    body = {"provider": "Acme", "numbers": ["17036879447"]}
    assert post(client, body, **once).json() == post(client, body, **once).json() == {"added": 1, "skipped": []}
    assert post(client, body).json()["added"] == 0
    assert post(client, body | {"provider": "Other"}, **once).status_code == 422
    assert Provider.objects.count() == 1


def test_ten_thousand_at_a_time(client: Client, django_assert_max_num_queries: Any) -> None:
    numbers = [f"1703{n:07}" for n in range(2_000_000, 2_010_000)]
    with django_assert_max_num_queries(150):
        answer = post(client, {"provider": "Acme", "numbers": numbers}).json()
    assert answer["added"] + len(answer["skipped"]) == 10_000
    assert Number.objects.count() == answer["added"] > 5_000
    assert post(client, {"provider": "Acme", "numbers": [*numbers, "1"]}).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "provider"),
        ({"provider": "Acme"}, "numbers"),
        ({"provider": "Acme", "numbers": []}, "numbers"),
        ({"provider": "Acme", "numbers": "17036879447"}, "numbers"),
        ({"provider": "Acme", "numbers": [17036879447]}, "numbers"),
        ({"provider": "Acme", "numbers": ["1" * 101]}, "numbers"),
        ({"provider": " ", "numbers": ["17036879447"]}, "provider"),
        ({"provider": "a\nb", "numbers": ["17036879447"]}, "provider"),
        ({"provider": "Acme", "numbers": ["17036879447"], "state": "assigned"}, "state"),
    ],
)
def test_bad_input_adds_nothing(client: Client, body: dict[str, Any], field: str) -> None:
    response = post(client, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert field in response.json()["errors"]
    assert not Number.objects.exists()
    assert not Provider.objects.exists()


def test_without_the_token(client: Client) -> None:
    response = post(client, {"provider": "Acme", "numbers": ["17036879447"]}, authorization="Bearer x")
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert client.get(PATH, headers={"authorization": f"Bearer {settings.MAINTENANCE_TOKEN}"}).status_code == 405
    assert not Number.objects.exists()
