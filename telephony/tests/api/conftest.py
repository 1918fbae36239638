"""What the API's tests share: two people who talk, a stranger and a member of staff."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.models import Role
from telephony.tests.captures import posts_of


@pytest.fixture
def scene(make_person: Callable, hold: Callable, key_of: Callable, post_cdr: Callable, client: Client) -> SimpleNamespace:
    """1006 belongs to anna with 17036879447, 1005 to ben; eve has 1007; every captured call was posted."""
    people = {name: make_person(name) for name in ("anna", "ben", "eve")} | {"staff": make_person("staff", Role.STAFF)}
    hold(people["anna"], "1006", "17036879447")
    hold(people["ben"], "1005")
    hold(people["eve"], "1007")
    for scenario in ("local-answered", "local-no-answer", "local-not-registered", "outbound-answered", "inbound-answered"):
        for post in posts_of(scenario):
            post_cdr(post)
    keys = {name: key_of(person) for name, person in people.items()}

    def get(who: str, path: str = "call-recording", method: str = "GET", **extra: object):  # noqa: ANN202
        headers = keys.get(who, {}) | extra.pop("headers", {})
        return client.generic(method, f"/api/v2/{path}", headers=headers, **extra)

    return SimpleNamespace(people=people, keys=keys, get=get)
