"""What nobody could read is looked at without its secrets, tried again by the same intake, and discarded."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEntry, Role, User
from telephony.models import Call, Leg, Quarantine
from telephony.services import quarantine_care
from telephony.services.intake import Result
from telephony.services.quarantine import keep
from telephony.services.quarantine_care import NotRetriableError, discard, look_at, retry, retry_all
from telephony.switch.cdr_cleaning import readable
from telephony.tests.captures import posts_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sam(make_person: Callable[..., User]) -> User:
    return make_person("sam", Role.STAFF)


def kept(body: bytes = b"no record", **fields: Any) -> Quarantine:
    return keep(Quarantine.Kind.CDR, body, "It could not be read.", **fields)


def a_record() -> bytes:
    """A good record, as if it had come while the portal could not read such."""
    return posts_of("local-no-answer")[0].body


def test_what_can_be_read_now_becomes_a_call_and_its_bytes_are_let_go(sam: User) -> None:
    entry = kept(a_record(), content_type="application/json", address="192.0.2.9")
    assert retry(entry, actor=sam).result is Result.STORED
    assert (Call.objects.count(), Leg.objects.count()) == (1, 1)
    assert (entry.state, entry.content, entry.times_seen) == ("retried", b"", 2)
    written = AuditEntry.objects.get(action="quarantine.retried")
    assert (written.actor, written.after["result"]) == (sam, "stored")
    with pytest.raises(NotRetriableError, match="taken in since"):
        retry(entry, actor=sam)
    assert Call.objects.count() == 1


def test_what_is_there_already_is_no_second_call(sam: User) -> None:
    assert retry(kept(a_record()), actor=sam).result is Result.STORED
    Quarantine.objects.all().delete()
    assert retry(kept(a_record()), actor=sam).result is Result.DUPLICATE
    assert Leg.objects.count() == 1


def test_what_can_still_not_be_read_stays_with_its_new_reason(sam: User) -> None:
    entry = kept()
    intake = retry(entry, actor=sam)
    assert intake.result is Result.QUARANTINED
    assert (entry.state, entry.content, entry.times_seen) == ("new", b"no record", 2)
    assert entry.reason == intake.reason == "The body is neither JSON nor XML, nor a form that holds one."
    assert Quarantine.objects.count() == 1


def test_what_was_kept_in_part_is_not_tried(sam: User) -> None:
    entry = kept(b"x" * 10, size=20)
    with pytest.raises(NotRetriableError, match="first 10 bytes of 20"):
        retry(entry, actor=sam)
    assert not AuditEntry.objects.exists()


def test_what_was_encrypted_with_another_key_is_said_to_be_so(sam: User) -> None:
    entry = kept()
    Quarantine.objects.update(body=b"no ciphertext")
    entry.refresh_from_db()
    with pytest.raises(NotRetriableError, match="CREDENTIALS_KEY"):
        retry(entry, actor=sam)
    assert "CREDENTIALS_KEY" in look_at(entry, actor=sam).problem


def test_a_recording_is_not_a_record(sam: User) -> None:
    entry = keep(Quarantine.Kind.RECORDING, b"RIFF", "Cut.")
    with pytest.raises(NotRetriableError, match="Only records"):
        retry(entry, actor=sam)


def test_discarding_leaves_nothing_of_the_bytes_and_an_entry_of_it(sam: User) -> None:
    entry = kept(b"somebody's number: 12025550123", leg_uuid="abc")
    assert discard(entry, actor=sam)
    entry.refresh_from_db()
    assert (entry.state, entry.content) == ("discarded", b"")
    written = AuditEntry.objects.get(action="quarantine.discarded")
    assert (written.actor, written.before["leg_uuid"]) == (sam, "abc")
    assert "12025550123" not in str(written.__dict__)
    assert not discard(entry, actor=sam)
    assert AuditEntry.objects.filter(action="quarantine.discarded").count() == 1
    # Sent again it is not kept again.
    kept(b"somebody's number: 12025550123")
    entry.refresh_from_db()
    assert (Quarantine.objects.count(), entry.state, entry.content) == (1, "discarded", b"")


def test_a_set_is_tried_the_least_tried_first(sam: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(quarantine_care, "MOST_AT_ONCE", 2)
    for place in range(2):
        kept(f"rubbish {place}".encode())
    good = kept(a_record())
    first = retry_all(Quarantine.objects.all(), actor=sam)
    assert (first.taken, first.stayed, first.left) == (0, 2, 1)
    assert "1 more wait" in first.sentence
    second = retry_all(Quarantine.objects.all(), actor=sam)
    assert (second.taken, second.stayed, second.left) == (1, 1, 1)
    good.refresh_from_db()
    assert good.state == "retried"
    third = retry_all(Quarantine.objects.all(), actor=sam)
    assert third.sentence == "0 taken in, 2 could still not be read."


def test_a_set_passes_over_what_cannot_be_tried(sam: User) -> None:
    kept(b"x" * 10, size=20)
    assert retry_all(Quarantine.objects.all(), actor=sam) == quarantine_care.Retried(0, 1, 0)


def test_a_look_is_written_down_each_time(sam: User) -> None:
    entry = kept(b'{"a": 1')
    assert look_at(entry, actor=sam).text == '{"a": 1'
    look_at(entry, actor=sam)
    assert [each.actor for each in AuditEntry.objects.filter(action="quarantine.viewed")] == [sam, sam]


def test_only_the_beginning_of_much_is_shown(sam: User) -> None:
    shown = look_at(kept(b"y" * 200_000), actor=sam)
    assert (len(shown.text), shown.is_cut) == (quarantine_care.SHOWN_BYTES, True)


CANARY = "canary5d1fcanary5d1fcanary5d1f00"
SECRETS = [
    f'{{"sip_auth_response": "{CANARY}", "x": 1', f"<sip_auth_nonce>{CANARY}</sip_auth_nonce>", f"password={CANARY}&x=1",
    f"%22sip_auth_cnonce%22%3A%22{CANARY}%22%2C%22x%22%3A1", f'\\"a1-hash\\": \\"{CANARY}\\"', f"Authorization: Bearer {CANARY}",
    f'api_key = "{CANARY}"', f"https://portal.example.com/freeswitch/recordings/x/1/{CANARY}.wav", f"digits_dialed: {CANARY}",
    f"https://user:{CANARY}@example.com/", f'{{"name": "a", "token":"{CANARY}"', f"&quot;secret&quot;:&quot;{CANARY}&quot;",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_that_can_be_told_are_not_shown(text: str) -> None:
    assert CANARY[:12] not in readable(f"before {text} after".encode())
    assert readable(f"before {text} after".encode()).startswith("before ")


def test_what_is_no_secret_is_shown_as_it_is() -> None:
    text = '{"sip_auth_username": "1006", "sip_auth_realm": "pbx.example.com", "caller": "12025550123"'
    assert readable(text.encode()) == text
    assert readable(b"\xff\x00<script>\x1b[31m\n\tx") == "��<script>�[31m\n\tx"


def test_hostile_text_is_cleaned_in_no_time() -> None:
    for hostile in ("token" * 13_000, "a" * 65_000 + "token=", "passw:" * 10_000, "%22" * 21_000, "sip_auth_" * 7_000):
        assert len(readable(hostile.encode())) <= 100_000
