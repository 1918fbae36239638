"""`/freeswitch/cdr`: who may post, what is kept, what never happens."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, override_settings

from telephony.hooks.cdr import MAX_CDR_BYTES
from telephony.models import Call, CallAlias, Extension, Leg, Quarantine, Recording
from telephony.services import intake
from telephony.services.quarantine import KEPT_BYTES
from telephony.tests.captures import Post, posts_of

Poster = Callable[..., HttpResponse]

NETWORK_OF_SOMEBODY_ELSE = override_settings(FREESWITCH_ALLOWED_CIDRS=[])


def record(scenario: str = "local-answered", index: int = 0) -> Post:
    return posts_of(scenario)[index]


def nothing_written() -> bool:
    return not any(model.objects.exists() for model in (Call, Leg, Quarantine))


def made_of(post: Post, **variables: object) -> bytes:
    """Return the record with other variables; None takes one away."""
    body = json.loads(post.body)
    for name, value in variables.items():
        body["variables"].pop(name, None)
        if value is not None:
            body["variables"][name] = value
    return json.dumps(body).encode()


# -- who may post ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic c3dpdGNoOndyb25n", "Bearer c3dpdGNoOndyb25n", "Basic " + "A" * 10_000, "Basic ÿ"],
)
def test_without_the_switchs_credentials_nothing_is_stored(client: Client, header: str) -> None:
    response = client.generic(
        "POST", "/freeswitch/cdr", record().body, headers={"authorization": header.encode().decode("latin-1")}
    )
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert response["WWW-Authenticate"].startswith("Basic ")
    assert nothing_written()


@pytest.mark.django_db
@NETWORK_OF_SOMEBODY_ELSE
def test_the_right_credentials_from_elsewhere_are_refused(post_cdr: Poster) -> None:
    response = post_cdr(record())
    assert (response.status_code, response.json()["code"]) == (403, "network_not_allowed")
    assert nothing_written()


@pytest.mark.django_db
@pytest.mark.parametrize("forwarded", ["127.0.0.1", "10.0.0.1", "127.0.0.1, 8.8.8.8", "junk"])
def test_a_forwarded_address_opens_nothing(post_cdr: Poster, forwarded: str) -> None:
    response = post_cdr(record(), REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert response.status_code == 403
    # Also not through a proxy on this very machine that nobody named.
    assert post_cdr(record(), HTTP_X_FORWARDED_FOR=forwarded).status_code == 403
    assert nothing_written()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_other_verbs(client: Client, switch_headers: dict[str, str], method: str) -> None:
    response = client.generic(method, "/freeswitch/cdr", record().body, headers=switch_headers)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert nothing_written()


# -- what is kept ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_second_time_changes_nothing(post_cdr: Poster) -> None:
    assert post_cdr(record()).json() == {"result": "stored"}
    before = Call.objects.values().get()
    assert post_cdr(record()).json() == {"result": "duplicate"}
    assert Call.objects.values().get() == before


@pytest.mark.django_db
def test_an_unknown_extension_and_domain_is_kept_unassigned(post_cdr: Poster) -> None:
    assert not Extension.objects.exists()
    post_cdr(made_of(record(index=1), domain_name="nowhere.example.net", presence_id=None))
    call = Call.objects.get()
    assert (call.caller_number, call.caller_extension, call.caller_user, call.domain) == ("1006", None, None, None)
    assert call.domain_name == "nowhere.example.net"


@pytest.mark.django_db
def test_a_uuid_that_is_used_again_for_another_call_is_set_aside(post_cdr: Poster) -> None:
    post_cdr(record())
    again = post_cdr(made_of(record(), start_uepoch="1795438999000000"))
    assert (again.status_code, again.json()["result"]) == (202, "quarantined")
    assert Leg.objects.count() == 1
    assert "used it again" in Quarantine.objects.get().reason


@pytest.mark.django_db
def test_a_record_that_joins_two_calls_keeps_the_elder(post_cdr: Poster) -> None:
    elder, younger = record("local-rejected", 2), record("outbound-answered", 2)
    post_cdr(elder)
    post_cdr(younger)
    first, second = Call.objects.order_by("pk")
    Recording.objects.create(
        call=second,
        leg_uuid="r",
        file_name="r.wav",
        size_bytes=100,
        sha256="0" * 64,
        channels=2,
        sample_rate=8000,
        duration_ms=1,
    )
    joining = made_of(record("local-answered", 0), originating_leg_uuid=first.call_uuid, bridge_uuid=second.call_uuid)
    assert post_cdr(joining).json() == {"result": "stored"}
    call = Call.objects.get()
    assert call.pk == first.pk
    alias = CallAlias.objects.get()
    assert (alias.former_id, alias.former_uuid, alias.call) == (second.pk, second.call_uuid, call)
    assert Recording.objects.get().call == call
    # The joining record names its own caller's leg too, which has not come yet.
    assert {leg.call_id for leg in Leg.objects.all()} == {call.pk}


@pytest.mark.django_db
def test_two_records_that_name_the_same_absent_leg_are_one_call(post_cdr: Poster) -> None:
    post_cdr(record(index=0))
    post_cdr(made_of(record(index=0), uuid="5a27a125-0331-4ea3-9b9b-f73c77174b99"))
    assert (Call.objects.count(), Leg.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_a_record_that_names_hundreds_of_legs_is_set_aside(post_cdr: Poster) -> None:
    body = json.loads(record(index=1).body)
    profile = body["callflow"][0]["caller_profile"]
    profile["originatee"] = {"originatee_caller_profiles": [{"uuid": f"5a27a125-0331-4ea3-9b9b-{n:012d}"} for n in range(200)]}
    assert post_cdr(json.dumps(body).encode()).status_code == 202
    assert not Leg.objects.exists()
    assert "more than 100" in Quarantine.objects.get().reason


# -- what cannot be read ---------------------------------------------------------------------------------------------------

SOUND = record(index=1).body
MALFORMED = {
    "nothing": b"",
    "blank": b"   \r\n",
    "nul": b"\0" * 100,
    "text": b"hello",
    "number": b"12",
    "null": b"null",
    "array": b"[]",
    "empty object": b"{}",
    "no uuid": made_of(record(), uuid=None),
    "uuid of another type": made_of(record(), uuid=["x"]),
    "variables of another type": b'{"variables": [1, 2]}',
    "callflow of another type": json.dumps({**json.loads(SOUND), "callflow": {"times": 3}, "variables": "x"}).encode(),
    "no start": made_of(record(), start_uepoch=None),
    "start is nan": made_of(record(), start_uepoch="nan"),
    "truncated": SOUND[: len(SOUND) // 2],
    "truncated xml": posts_of("local-answered")[2].body[:5000],
    "deep": b"[" * 100_000,
    "deep object": b'{"variables":' * 50_000,
    "huge integer": made_of(record(), start_uepoch="9" * 5000),
    "bomb": b'<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><cdr>&b;</cdr>',
    "external entity": b'<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><cdr>&a;</cdr>',
    "latin-1": b"\xe9\xe8 \xff",
    "form of something else": b"foo=bar",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", MALFORMED)
def test_what_cannot_be_read_is_kept_with_its_reason(name: str, post_cdr: Poster) -> None:
    body = MALFORMED[name]
    response = post_cdr(body)
    assert (response.status_code, response.json()["result"]) == (202, "quarantined")
    kept = Quarantine.objects.get()
    assert (kept.content, kept.reason) == (body[:KEPT_BYTES], response.json()["reason"])
    assert not Leg.objects.exists()
    assert not Call.objects.exists()
    post_cdr(body)
    assert Quarantine.objects.get().times_seen == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        SOUND.replace(b'"mos":4.5', b'"mos":nan'),
        SOUND.replace(b"baresip", b"bar\xe9sip"),
        SOUND.replace(b"baresip", b"bar\\u0000sip"),
        SOUND.replace(b"baresip", b"bar\0sip"),
        SOUND.replace(b"baresip", b"bar\\ud800sip"),
        made_of(record(index=1), billsec="9" * 5000),
        made_of(record(index=1), odd={"a": [10**300, -1.5e308]}),
        made_of(record(index=1), sip_from_display="x" * 100_000),
    ],
)
def test_odd_but_readable_records_are_legs(body: bytes, post_cdr: Poster) -> None:
    assert post_cdr(body).json() == {"result": "stored"}
    leg = Leg.objects.get()
    assert leg.user == "1006"
    assert "\0" not in json.dumps(leg.raw)


@pytest.mark.django_db
def test_ten_megabytes_are_refused_and_their_head_is_kept(post_cdr: Poster) -> None:
    response = post_cdr(b"{" + b" " * 10_000_000 + b"}")
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    kept = Quarantine.objects.get()
    assert kept.size_bytes == 10_000_002
    assert len(kept.content) == KEPT_BYTES
    assert str(MAX_CDR_BYTES) in kept.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    "tells", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"wsgi.input_terminated": True}, {"CONTENT_LENGTH": "x"}]
)
def test_a_record_of_unknown_length_is_not_taken_for_an_empty_one(post_cdr: Poster, tells: dict[str, object]) -> None:
    response = post_cdr(b"", **{"wsgi.input": BytesIO(record().body)}, **tells)
    assert (response.status_code, response.json()["code"]) == (411, "length_required")
    assert nothing_written()


@pytest.mark.django_db
def test_no_secret_of_a_record_is_stored(post_cdr: Poster) -> None:
    url = "http://127.0.0.1:8000/freeswitch/recordings/x/1/" + "c" * 64 + ".wav"
    body = made_of(
        record(index=1),
        sip_auth_password="canary-pw",
        record_post_process_exec_api=f"bgapi:http_put {url} /tmp/x",
        last_arg=url,
    )
    post_cdr(body)
    stored = json.dumps(Leg.objects.get().raw)
    assert "canary-pw" not in stored
    assert "c" * 64 not in stored


# -- faults ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_with_the_database_away_nothing_is_acknowledged(post_cdr: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(intake, "lock_names", away)
    response = post_cdr(record())
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert int(response["Retry-After"]) > 0
    assert nothing_written()


@pytest.mark.django_db
def test_a_deadlock_is_tried_again_and_ends(post_cdr: Poster, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def deadlock(*args: object) -> None:
        tried.append(1)
        if len(tried) < 3:
            raise OperationalError("deadlock detected")

    monkeypatch.setattr(intake, "lock_names", deadlock)
    assert post_cdr(record()).status_code == 200
    assert len(tried) == 3


def at_once(post_cdr: Poster, posts: list[Post]) -> list[int]:
    """Post from as many threads as there are records, at the same instant."""

    def post(one: Post) -> int:
        try:
            return post_cdr(one).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(posts)) as threads:
        return list(threads.map(post, posts))


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_are_one_leg(post_cdr: Poster) -> None:
    assert set(at_once(post_cdr, [record()] * 50)) == {200}
    assert (Leg.objects.count(), Call.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_two_legs_of_a_call_at_the_same_instant_are_one_call(post_cdr: Poster) -> None:
    posts = [post for name in ("local-answered", "outbound-answered", "inbound-answered") for post in posts_of(name)]
    for _ in range(5):
        Leg.objects.all().delete()
        Call.objects.all().delete()
        assert set(at_once(post_cdr, posts * 2)) == {200}
        assert (Leg.objects.count(), Call.objects.count()) == (6, 3)
    assert not Quarantine.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_rubbish_at_once_is_kept_once(post_cdr: Poster) -> None:
    assert set(at_once(post_cdr, [Post("rubbish", "", b"rubbish")] * 20)) == {202}
    assert Quarantine.objects.get().times_seen == 20
