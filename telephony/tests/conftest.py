"""What the tests of the phone service share."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Role, User
from telephony.models import Assignment, Domain, Extension, Gateway, Number, Provider
from telephony.models.holding import HoldingState
from telephony.tests.captures import Post, posts_of

LONG_AGO = timezone.datetime(2020, 1, 1, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def switch_headers() -> dict[str, str]:
    """The credentials of the switch."""
    pair = f"{settings.FREESWITCH_HTTP_USER}:{settings.FREESWITCH_HTTP_PASSWORD}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.fixture
def post_cdr(client: Client, switch_headers: dict[str, str]) -> Callable[..., HttpResponse]:
    """Post a record as the switch does."""

    def post(record: Post | bytes, content_type: str = "application/json", **extra: Any) -> HttpResponse:
        body, kind = (record.body, record.content_type) if isinstance(record, Post) else (record, content_type)
        return client.generic("POST", "/freeswitch/cdr?uuid=x", body, content_type=kind, headers=switch_headers, **extra)

    return post


@pytest.fixture
def ask(client: Client, switch_headers: dict[str, str]) -> Callable[..., HttpResponse]:
    """Ask `/freeswitch/xml` as the switch does: by a captured body, or by fields that are encoded behind the first five."""

    def post(body: bytes | None = None, section: str = "directory", **fields: str) -> HttpResponse:
        if body is None:
            head = f"hostname=fs1&section={section}&tag_name=&key_name=&key_value={fields.pop('key_value', '')}"
            body = f"{head}&Event-Name=REQUEST_PARAMS&{urlencode(fields)}".encode()
        kind = "application/x-www-form-urlencoded"
        return client.generic("POST", "/freeswitch/xml", body, content_type=kind, headers=switch_headers)

    return post


@pytest.fixture
def domain(db: None) -> Domain:
    """The domain of the captured calls, with its gateway."""
    # The migration made them; a test with transactions of its own leaves an empty database behind.
    domain = Domain.objects.get_or_create(name="pbx.example.com")[0]
    Gateway.objects.get_or_create(name="carrier", defaults={"domain": domain})
    return domain


@pytest.fixture
def make_person(db: None) -> Callable[..., User]:
    """Make a person."""

    def make(name: str, role: str = Role.USER, **fields: Any) -> User:
        return User.objects.create_user(
            name, name=name, subject=f"auth0|{name}", issuer="https://auth0.invalid/", role=role, **fields
        )

    return make


@pytest.fixture
def key_of(db: None) -> Callable[..., dict[str, str]]:
    """Issue an API key and return the header that proves it."""

    def issue(user: User, **fields: Any) -> dict[str, str]:
        return {"x-mediamagic-key": ApiKey.objects.issue(user, "test", **fields)[1]}

    return issue


@pytest.fixture
def hold(domain: Domain) -> Callable[..., Assignment]:
    """Give an extension, and a number where one is named, to a person; since long ago unless told otherwise."""

    def give(user: User, exten: str, digits: str = "", **times: Any) -> Assignment:
        extension, _ = Extension.objects.get_or_create(domain=domain, number=exten)
        number = None
        if digits:
            provider, _ = Provider.objects.get_or_create(name="Acme Carrier")
            number, _ = Number.objects.get_or_create(number=digits, defaults={"provider": provider})
        ended = times.get("ends_at") is not None
        for held in filter(None, (extension, number)):
            held.state = HoldingState.FREE if ended else HoldingState.ASSIGNED
            held.save()
        return Assignment.objects.create(user=user, extension=extension, number=number, **({"starts_at": LONG_AGO} | times))

    return give


@pytest.fixture
def two_who_talked(
    make_person: Callable[..., User], hold: Callable[..., Assignment], post_cdr: Callable[..., Any]
) -> dict[str, User]:
    """Anna and Ben, each with extension and number, who talked to each other; Eve, who has none, and Sam of the staff."""
    people = {name: make_person(name, email=f"{name}@example.org") for name in ("anna", "ben", "eve")}
    people["sam"] = make_person("sam", Role.STAFF)
    hold(people["anna"], "1006", "17036879447")
    hold(people["ben"], "1005", "12026879448")
    for post in posts_of("local-answered"):
        post_cdr(post)
    return people
