"""The page of bans: staff see who is not listened to, ban and lift."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import BannedAddress, FailedRegistration
from telephony.switch.esl import SwitchAddress

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def sam(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("sam", Role.STAFF)
    client.force_login(person)
    return person


def send(client: Client, **form: str) -> str:
    response = client.post("/bans/", form, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_without_bans_it_says_so(client: Client) -> None:
    text = client.get("/bans/").content.decode()
    assert "Nobody is banned" in text
    assert "No phone has failed to prove itself" in text


def test_an_address_is_banned_and_the_ban_lifted(client: Client, sam: User) -> None:
    text = send(client, address="203.0.113.9", minutes="60", reason="guesses")
    banned = BannedAddress.objects.get()
    assert (banned.address, banned.reason, banned.banned_by) == ("203.0.113.9", "guesses", sam)
    assert banned.until is not None
    assert "203.0.113.9 is banned" in text
    assert "by sam" in text
    text = client.post(f"/bans/{banned.pk}/lift", follow=True).content.decode()
    assert "is listened to again" in text
    assert "Nobody is banned" in text
    assert client.post(f"/bans/{banned.pk}/lift").status_code == 404


def test_one_without_an_end_is_shown_as_such(client: Client) -> None:
    send(client, address="203.0.113.0/24", minutes="")
    assert BannedAddress.objects.get().until is None


@pytest.mark.parametrize(
    "form",
    [
        {}, {"address": "x"}, {"address": "0.0.0.0/0"}, {"address": "203.0.113.9", "minutes": "7"},
        {"address": "203.0.113.9\n\nx y"}, {"address": "203.0.113.9", "reason": "x" * 201}, {"address": "127.0.0.1"},
        {"address": HOSTILE}, {"address": "203.0.113.9", "reason": "a\x07b"},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_said_at_the_form(client: Client, form: dict[str, str]) -> None:
    text = send(client, **form)
    assert "field-error" in text
    assert "<script>alert" not in text
    assert not BannedAddress.objects.exists()


def test_who_fails_and_why_somebody_is_banned_is_text(client: Client) -> None:
    now = timezone.now()
    BannedAddress.objects.create(network="203.0.113.9/32", failures=31, last_user=HOSTILE, reason=HOSTILE)
    FailedRegistration.objects.create(
        network="198.51.100.7/32", first_at=now, last_at=now, span_began_at=now, total=12, last_user=HOSTILE, last_agent=HOSTILE
    )
    text = client.get("/bans/").content.decode()
    assert ">31" in text
    assert "by the portal" in text
    assert "198.51.100.7" in text
    assert "<script>alert" not in text


def test_an_old_cursor_leads_to_the_first_page(client: Client) -> None:
    for place in range(60):
        BannedAddress.objects.create(network=f"203.0.113.{place}/32")
    first = client.get("/bans/?cursor=x").content.decode()
    assert first.count("party-number") == 50
    following = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert client.get(f"/bans/{following}").content.decode().count("party-number") == 10


def test_a_switch_that_is_away_is_named(client: Client, settings: Any) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    text = send(client, address="203.0.113.9", minutes="60")
    assert "The switch at 127.0.0.1:1 loads its list once it can be reached" in text
    assert "nobody-listens" not in text
