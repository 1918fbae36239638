"""A number and an extension that changed hands: neither holder sees anything of the other's, at no address, by no verb."""

import io
import json
import re
import uuid
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from accounts.models import ApiKey, User
from telephony.filters.calls import CallFilter, CallPageFilter
from telephony.models import Assignment, Call, CallAlias, CallLink, LiveCall, Number, Recording, Switch
from telephony.services.recordings import upload_path
from telephony.tests.captures import posts_of
from webhooks.models import Delivery, Event, Subscription
from webhooks.signing import new_secret

pytestmark = pytest.mark.django_db

HANDED_OVER = datetime(2026, 11, 24, 10, tzinfo=UTC)
EXTEN, OTHER_EXTEN, DIGITS = "1006", "1005", "17036879447"
# Seconds from the hand-over to the beginning of a call. The calls take five or six: one straddles it. Those of before come
# last, as late records do.
MOMENTS = (0, 1, 3600, -3600, -1)
SCENARIOS = ("inbound-answered", "outbound-answered", "local-answered")


@dataclass
class Holder:
    """Somebody who held the number, what he may see, and what nobody else may."""

    user: User
    calls: set[int] = field(default_factory=set)
    links: set[int] = field(default_factory=set)
    deliveries: dict[int, int] = field(default_factory=dict)  # of which webhook
    # What betrays him in an answer: uuids, and numbers with which nobody else has ever talked.
    traces: set[str] = field(default_factory=set)
    sounds: set[bytes] = field(default_factory=set)
    key: str = ""
    key_id: int = 0
    session: str = ""

    def ask(self, path: str, method: str = "GET", **options: Any) -> HttpResponse:
        """Ask with all proofs that he has: his key and his session."""
        client = Client()
        client.cookies["sessionid"] = self.session
        return client.generic(method, path, headers={"x-mediamagic-key": self.key}, **options)

    def listed(self, query: str = "") -> set[int]:
        """Return the ids of the calls that the API lists to him."""
        response = self.ask(f"/api/v2/call-recording?limit=200&{query}")
        assert response.status_code == 200, response.content
        return {call["id"] for call in response.json()}


def everything(response: HttpResponse) -> bytes:
    """Return an answer's head and body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return repr(response.headers).encode() + body


def legs_of(scenario: str, began: datetime, tag: str, stranger: str) -> tuple[list[bytes], list[str]]:
    """Return a captured call's records, a-leg last, as another call: at this time, with this stranger; and its uuids."""
    posts = [post.body.decode() for post in posts_of(scenario) if post.body.startswith(b"{")]
    shift = int(began.timestamp() * 1_000_000) - int(json.loads(posts[-1])["variables"]["start_uepoch"])
    uuids = {
        old: str(uuid.uuid5(uuid.NAMESPACE_URL, tag + old))
        for old in re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", posts[-1])
    }
    for old, new in uuids.items():
        posts = [text.replace(old, new) for text in posts]
    posts = [re.sub(r"\b1795438\d{9}\b", lambda at: str(int(at[0]) + shift), text) for text in posts]
    posts = [text.replace('"carrier"', f'"{stranger}"').replace("12403019517", stranger) for text in posts]
    legs = [json.loads(text)["variables"]["uuid"] for text in posts]
    return [text.encode() for text in posts], legs


def sound_of(tag: str) -> bytes:
    """Return a recording like no other."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setparams((1, 2, 8000, 0, "NONE", ""))
        audio.writeframes(tag.ljust(64).encode() * 8)
    return file.getvalue()


@dataclass
class World:
    """1006 with its number passed from `former` to `later`, and 1005, with which they talk, from `peer` to `next_peer`."""

    former: Holder
    later: Holder
    peer: Holder
    next_peer: Holder

    def sides(self) -> Iterator[tuple[Holder, Holder]]:
        """Yield each holder of the number with the other one, of whom he must see nothing."""
        yield self.later, self.former
        yield self.former, self.later


@pytest.fixture
def world(make_person: Callable, hold: Callable, client: Client, settings: Any, tmp_path: Path, post_cdr: Callable) -> World:
    settings.RECORDINGS_ROOT = tmp_path
    # Every address by every verb is more than anybody may ask in a minute.
    settings.API_RATE_PER_MINUTE = 1_000_000
    holders = World(*(Holder(make_person(name)) for name in ("former-holder", "later-holder", "former-peer", "later-peer")))
    hold(holders.former.user, EXTEN, DIGITS, ends_at=HANDED_OVER)
    hold(holders.later.user, EXTEN, DIGITS, starts_at=HANDED_OVER)
    hold(holders.peer.user, OTHER_EXTEN, ends_at=HANDED_OVER)
    hold(holders.next_peer.user, OTHER_EXTEN, starts_at=HANDED_OVER)
    for number, holder in enumerate((holders.former, holders.later, holders.peer, holders.next_peer)):
        api_key, holder.key = ApiKey.objects.issue(holder.user, "test")
        holder.key_id = api_key.pk
        holder.traces |= {holder.user.subject, holder.user.name}
        visitor = Client()
        visitor.force_login(holder.user)
        holder.session = visitor.cookies["sessionid"].value
        if number < 2:
            _link(holder, f"1202555011{number}")
    strangers = (f"1202555{number:04}" for number in range(200, 300))
    for moment in MOMENTS:
        for scenario in SCENARIOS:
            took_part = [holders.former if moment < 0 else holders.later]
            if scenario.startswith("local"):
                took_part.append(holders.peer if moment < 0 else holders.next_peer)
            _call(took_part, scenario, moment, next(strangers), client, post_cdr)
    _joined_calls(holders.former, client, post_cdr)
    for holder in (holders.former, holders.later):
        _webhook(holder)
    return holders


def _call(holders: list[Holder], scenario: str, moment: float, stranger: str, client: Client, post_cdr: Callable) -> Call:
    """Take in a call of these people with its recording."""
    tag = f"{scenario} {moment}"
    bodies, legs = legs_of(scenario, HANDED_OVER + timedelta(seconds=moment), tag, stranger)
    for body in bodies:
        assert post_cdr(body).json() == {"result": "stored"}
    assert client.generic("PUT", upload_path(legs[-1]), sound_of(tag)).status_code == 201
    call = Call.objects.get(call_uuid=legs[-1])
    for holder in holders:
        holder.calls.add(call.pk)
        holder.traces |= {*legs, *([] if call.local else [stranger])}
        holder.sounds.add(sound_of(tag))
    return call


def _joined_calls(holder: Holder, client: Client, post_cdr: Callable) -> None:
    """Take in two calls that a third record joins: the younger one's id leads to the elder then."""
    elder, younger = (
        _call([holder], "outbound-answered", moment, f"1202555030{-moment % 10}", client, post_cdr) for moment in (-605, -601)
    )  # fmt: skip
    bodies, legs = legs_of("local-answered", HANDED_OVER - timedelta(seconds=600), "joining", "")
    record = json.loads(bodies[0])
    record["variables"] |= {"originating_leg_uuid": elder.call_uuid, "bridge_uuid": younger.call_uuid}
    assert post_cdr(json.dumps(record).encode()).json() == {"result": "stored"}
    assert CallAlias.objects.get().former_id == younger.pk
    holder.calls.remove(younger.pk)
    holder.traces.add(legs[0])


def _link(holder: Holder, destination: str) -> None:
    """Have the holder place a call link that is under way."""
    link = CallLink.objects.create(
        user=holder.user, extension=Assignment.objects.get(user=holder.user).extension, number=Number.objects.get(),
        source_number=EXTEN, destination_number=destination, call_uuid=uuid.uuid4(), destination_leg_uuid=uuid.uuid4(),
        job_uuid=uuid.uuid4(), expires_at=timezone.now() + timedelta(minutes=5), sent_at=timezone.now(),
    )  # fmt: skip
    holder.links.add(link.pk)
    holder.traces |= {str(link.call_uuid), str(link.destination_leg_uuid), destination}
    # And talk at this moment.
    switch, _ = Switch.objects.get_or_create(name="fs1")
    live = LiveCall.objects.create(
        switch=switch, call_uuid=str(uuid.uuid4()), caller_user=holder.user, caller_number=EXTEN, callee_number=destination,
        started_at=timezone.now(),
    )  # fmt: skip
    holder.traces.add(live.call_uuid)


def _webhook(holder: Holder) -> None:
    """Have the holder told of his calls, once so far."""
    webhook = Subscription(user=holder.user, url=f"https://{holder.user.username}.example.net/")
    webhook.set_secret(new_secret())
    webhook.save()
    event = Event.objects.create(type="webhook.test", at=timezone.now())
    delivery = Delivery.objects.create(event=event, subscription=webhook, body="{}")
    holder.deliveries[delivery.pk] = webhook.pk
    holder.traces |= {webhook.url, delivery.message_id}


# -- what each does see: otherwise nothing below would prove anything ------------------------------------------------------


def test_each_sees_the_calls_that_began_while_he_held_it(world: World) -> None:
    for holder in (world.former, world.later, world.peer, world.next_peer):
        assert holder.listed() == holder.calls
    assert (len(world.former.calls), len(world.later.calls)) == (7, 9)
    assert world.former.calls.isdisjoint(world.later.calls)


def test_each_hears_and_reads_his_own_in_full(world: World) -> None:
    for holder, other in world.sides():
        own = (
            "/",
            "/call-links/live",
            "/api/v2/call-links",
            "/live/",
            "/api/v2/live/calls",
            "/api/v2/call-recording/export.csv",
            "/api/v2/webhooks",
        )
        deliveries = (f"/api/v2/webhooks/{webhook_id}/deliveries" for webhook_id in holder.deliveries.values())
        seen = b"".join(everything(holder.ask(path)) for path in (*own, *deliveries))
        for call_id in holder.calls:
            detail = holder.ask(f"/api/v2/call-recording/{call_id}")
            signed = urlsplit(detail.json()["recording"])
            heard = [
                everything(holder.ask(f"/api/v2/call-recording/{call_id}/audio")),
                everything(holder.ask(f"/calls/{call_id}/audio")),
                everything(Client().get(f"{signed.path}?{signed.query}")),
            ]
            assert all(any(sound in answer for sound in holder.sounds) for answer in heard)
            seen += everything(detail)
        for link_id in holder.links:
            seen += everything(holder.ask(f"/api/v2/call-link/{link_id}"))
        own = holder.traces - {holder.user.subject, holder.user.name}
        assert {trace for trace in own if trace.encode() not in seen} <= {
            str(value) for link in CallLink.objects.filter(pk__in=holder.links) for value in (link.destination_leg_uuid,)
        }
        assert not [trace for trace in other.traces if trace.encode() in seen]


def test_the_id_of_a_joined_call_leads_its_own_holder_alone(world: World) -> None:
    path = f"/api/v2/call-recording/{CallAlias.objects.get().former_id}"
    assert world.former.ask(path).json()["id"] in world.former.calls
    for other in (world.later, world.peer, world.next_peer):
        assert {other.ask(f"{path}{tail}").status_code for tail in ("", "/audio")} == {404}


# -- what neither sees -----------------------------------------------------------------------------------------------------

# What a filter could be asked for to find the other's calls; a filter that is not here fails the test.
SEARCHED: dict[str, Callable[[Call], str]] = {
    "call_direction": lambda call: call.direction,
    "call_from": lambda call: call.caller_number,
    "call_to": lambda call: call.callee_number,
    "extension": lambda call: EXTEN,
    "didnumber": lambda call: DIGITS,
    "hangup_cause": lambda call: call.hangup_cause,
    "answered": lambda call: "true",
    "local": lambda call: str(call.local).lower(),
    "has_recording": lambda call: "true",
    "min_duration": lambda call: "1",
    "started_after": lambda call: call.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "started_before": lambda call: (call.started_at + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "q": lambda call: call.caller_number,
    "when": lambda call: "today",
    "outcome": lambda call: call.outcome,
    "switch": lambda call: "fs1",
    "person": lambda call: str(call.caller_user_id or call.callee_user_id),
}


def test_no_filter_finds_the_others_calls(world: World) -> None:
    assert set(SEARCHED) == {*CallFilter.base_filters, *CallPageFilter.base_filters}
    for holder, other in world.sides():
        for name, searched in SEARCHED.items():
            for value in {searched(call) for call in Call.objects.filter(pk__in=other.calls)}:
                if name in CallFilter.base_filters:
                    assert holder.listed(f"{name}={value}") <= holder.calls
                    file = everything(holder.ask(f"/api/v2/call-recording/export.csv?{name}={value}"))
                    assert not [trace for trace in other.traces if trace.encode() in file.replace(value.encode(), b"")]
                page = everything(holder.ask(f"/?{name}={value}"))
                assert not [trace for trace in other.traces if trace.encode() in page.replace(value.encode(), b"")]


def test_no_filter_finds_the_others_call_links(world: World) -> None:
    for holder, other in world.sides():
        for link in CallLink.objects.filter(pk__in=other.links):
            day = link.created_at.strftime("%Y-%m-%d")
            for query in ("", f"q={link.destination_number}", f"q={EXTEN}", "state=under_way", f"after={day}"):
                answer = holder.ask(f"/api/v2/call-links?{query}")
                assert answer.status_code == 200
                assert {each["id"] for each in answer.json()} <= holder.links
                assert not [trace for trace in other.traces if trace.encode() in everything(answer)]


def test_no_search_finds_anything_of_the_others(world: World) -> None:
    for holder, other in world.sides():
        calls = Call.objects.filter(pk__in=other.calls)
        # Two characters are the least that is searched for.
        named = {str(value).zfill(2) for call in calls for value in (call.pk, call.call_uuid)}
        for text in named | other.traces | {EXTEN, DIGITS, other.user.username}:
            answer = holder.ask(f"/api/v2/search?q={quote(text)}")
            assert answer.status_code == 200
            assert {each["id"] for each in answer.json()["found"] if each["kind"] == "call"} <= holder.calls
            assert not [trace for trace in other.traces - {text} if trace.encode() in everything(answer)]
    # Its holder of today finds the number, whose he was before does not.
    assert [each["kind"] for each in world.later.ask(f"/api/v2/search?q={DIGITS}").json()["found"]] == ["number"]
    assert world.former.ask(f"/api/v2/search?q={DIGITS}").json()["found"] == []


def test_a_signed_address_is_good_for_its_own_call_alone(world: World) -> None:
    for holder, other in world.sides():
        own = holder.ask(f"/api/v2/call-recording/{min(holder.calls)}").json()["recording"]
        for call_id in other.calls:
            for asked in (holder.ask, Client().get):
                response = asked(f"/api/v2/call-recording/{call_id}/audio?{urlsplit(own).query}")
                assert response.status_code == 401
                assert not [sound for sound in other.sounds if sound in everything(response)]


# What of another's can stand in an address. A name that is not here fails the test: say what of his it names, or give any
# value where it names nobody's.
NAMED: dict[str, Callable[[Holder], list[Any]]] = {
    "call_id": lambda holder: [*holder.calls, *CallAlias.objects.filter(call__in=holder.calls).values_list("pk", flat=True)],
    "link_id": lambda holder: [*holder.links],
    "key_id": lambda holder: [holder.key_id],
    "webhook_id": lambda holder: [*holder.deliveries.values()],
    "delivery_id": lambda holder: [*holder.deliveries],
    # A member of staff's alone.
    "extension_id": lambda holder: [*Assignment.objects.filter(user=holder.user).values_list("extension_id", flat=True)],
    "ban_id": lambda holder: [1],
    "user_id": lambda holder: [holder.user.pk],
    "domain_id": lambda holder: [1],
    "provider_id": lambda holder: [1],
    "gateway_id": lambda holder: [1],
    "switch_id": lambda holder: [1],
    "entry_id": lambda holder: [1],
    "number_id": lambda holder: [*Assignment.objects.filter(user=holder.user).values_list("number_id", flat=True)],
    "import_id": lambda holder: [1],
    "change_id": lambda holder: [1],
    "leg_uuid": lambda holder: [call.call_uuid for call in Call.objects.filter(pk__in=holder.calls)],
    "call_uuid": lambda holder: [*LiveCall.objects.filter(caller_user=holder.user).values_list("call_uuid", flat=True)],
    "expires": lambda holder: [2_000_000_000],
    "signature": lambda holder: ["0" * 64],
    "invitation_id": lambda holder: [1],
    # The administration's: a member of staff's alone, whatever is asked for.
    "object_id": lambda holder: [min(holder.calls)],
    "app_label": lambda holder: ["telephony"],
    "content_type_id": lambda holder: [1],
    "url": lambda holder: ["x"],
    # A page of the documentation is nobody's.
    "page": lambda holder: [],
    "id": lambda holder: [holder.user.pk],
}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def routes(resolver: Any = None, prefix: str = "/") -> Iterator[str]:
    """Yield every address of the portal as its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from routes(entry, route)


def addresses_of(route: str, holder: Holder) -> set[str]:
    """Return a route's addresses with all that is the holder's in them."""
    names = [plain or grouped for plain, grouped in PARAMETER.findall(route)]
    assert set(names) <= set(NAMED), f"{route}: say in NAMED what of somebody's its {names} name"
    filled = {route.replace("^", "").replace("\\Z", "").replace("\\.", ".").replace("$", "")}
    for name in names:
        filled = {
            re.sub(PARAMETER, lambda found, value=value: str(value), path, count=1)
            for path in filled
            for value in NAMED[name](holder)
        }  # fmt: skip
    return filled


def left_of(holder: Holder) -> list[Any]:
    """Return all that is the holder's."""
    models = {
        Call: {"pk__in": holder.calls}, Recording: {"call__in": holder.calls}, CallLink: {"pk__in": holder.links},
        LiveCall: {"caller_user": holder.user}, Subscription: {"user": holder.user}, Delivery: {"pk__in": holder.deliveries},
        Assignment: {"user": holder.user}, ApiKey: {"user": holder.user}, User: {"pk": holder.user.pk},
    }  # fmt: skip
    return [list(model.objects.filter(**which).order_by("pk").values()) for model, which in models.items()]


@pytest.mark.one_database
@pytest.mark.parametrize("is_administration", [False, True])
def test_no_address_and_no_verb_shows_or_touches_anything_of_the_others(world: World, is_administration: bool) -> None:
    asked = 0
    for holder, other in world.sides():
        before = left_of(other)
        for route in routes():
            if route.startswith("/admin/") != is_administration:
                continue
            for path in addresses_of(route, other):
                for verb in VERBS if not is_administration else ("GET", "POST"):
                    _check(holder, other, verb, path, names_something=PARAMETER.search(route) is not None)
                    asked += 1
        assert left_of(other) == before
    assert asked > 200


def _check(holder: Holder, other: Holder, verb: str, path: str, *, names_something: bool) -> None:
    # By hand: what he may do with what is his own is undone, in requests that want no transaction around them.
    savepoint = transaction.savepoint()
    response = holder.ask(path, verb)
    answer = everything(response)
    transaction.savepoint_rollback(savepoint)
    where = f"{verb} {path}: {response.status_code}"
    assert response.status_code != 500, where
    assert not [trace for trace in other.traces if trace.encode() in answer.replace(path.encode(), b"")], where
    assert not [sound for sound in other.sounds if sound in answer], where
    if names_something and verb != "OPTIONS":
        # Where only the switch knows whose a leg is, and there is none, nobody is told anything.
        is_away = response.status_code == 503 and b'"switch_unavailable"' in answer
        assert is_away or response.status_code in (302, 400, 401, 403, 404, 405), where
