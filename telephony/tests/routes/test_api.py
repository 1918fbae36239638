"""`GET /api/v2/route`."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from telephony.models import Assignment

pytestmark = pytest.mark.django_db

PATH = "/api/v2/route"


def test_staff_are_told(client: Client, key_of: Callable, sam: User, ann: Assignment, bob: Assignment) -> None:
    response = client.get(PATH, {"from": "1006", "to": "12403019517"}, headers=key_of(sam))
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    told = response.json()
    assert (told["context"], told["from"], told["to"]) == ("internal", "1006@pbx.example.com", "12403019517")
    assert (told["refused"], told["hangup_cause"], told["rings"]) == (False, "", None)
    assert told["leaves"]["gateways"] == ["carrier"]
    assert told["reasons"][-2] == "It leaves through carrier and shows +1 703-687-9447."
    assert 'application="bridge"' in told["xml"]
    called = client.get(PATH, {"to": "17036879447"}, headers=key_of(sam)).json()
    assert (called["context"], called["from"]) == ("public", "")
    assert called["rings"]["extension"] == "1006@pbx.example.com"


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "to"), ({"from": "1006"}, "to"), ({"from": "x y", "to": "1005"}, "from"), ({"to": "1" * 400}, "to")],
)
def test_what_is_no_question(client: Client, key_of: Callable, sam: User, query: dict[str, str], field: str) -> None:
    response = client.get(PATH, query, headers=key_of(sam))
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_other_parameters_and_verbs(client: Client, key_of: Callable, sam: User) -> None:
    assert client.get(PATH, {"to": "1005", "context": "public"}, headers=key_of(sam)).status_code == 400
    assert client.post(PATH, headers=key_of(sam)).status_code == 405


def test_it_is_for_staff(client: Client, key_of: Callable, ann: Assignment, sam: User) -> None:
    assert client.get(PATH, {"to": "1005"}).status_code == 401
    assert client.get(PATH, {"to": "1005"}, headers=key_of(ann.user)).status_code == 403
    assert client.get(PATH, {"to": "1005"}, headers=key_of(sam, scopes=["calls:read"])).status_code == 403
