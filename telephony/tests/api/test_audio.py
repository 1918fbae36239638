"""The audio of a call over the API: by proof, by signed address, by range; and its deletion."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest import mock
from urllib.parse import urlsplit

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, User
from telephony.models import Call, CallAlias, Recording
from telephony.services import recordings
from telephony.services.recordings import audio_path, upload_path
from telephony.tests.captures import DATA

pytestmark = pytest.mark.django_db

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
AUDIO = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()


@pytest.fixture
def call(scene: SimpleNamespace, client: Client, settings: object, tmp_path: Path) -> Call:
    """The call of 1006 to 1005, recorded."""
    settings.RECORDINGS_ROOT = tmp_path
    assert client.generic("PUT", upload_path(LEG), AUDIO).status_code == 201
    return Call.objects.get(call_uuid=LEG)


def audio(scene: SimpleNamespace, who: str, call: Call, method: str = "GET", **extra: object):  # noqa: ANN201
    return scene.get(who, f"call-recording/{call.pk}/audio", method=method, **extra)


def signed_path(scene: SimpleNamespace, who: str, call: Call) -> str:
    url = scene.get(who, f"call-recording/{call.pk}").json()["recording"]
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("who", ["anna", "ben", "staff"])
def test_both_parties_and_staff_listen(scene: SimpleNamespace, call: Call, who: str) -> None:
    response = audio(scene, who, call)
    assert (response.status_code, response["Content-Type"]) == (200, "audio/wav")
    assert b"".join(response.streaming_content) == AUDIO


def test_a_stranger_finds_nothing(scene: SimpleNamespace, call: Call) -> None:
    for method in ("GET", "HEAD", "DELETE"):
        assert audio(scene, "eve", call, method).status_code == 404
    assert audio(scene, "nobody", call).status_code == 401
    assert Recording.objects.get().state == "ready"


def test_ranges_head_and_etag(scene: SimpleNamespace, call: Call) -> None:
    part = audio(scene, "anna", call, headers={"range": "bytes=10-19"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 10-19/{len(AUDIO)}")
    assert b"".join(part.streaming_content) == AUDIO[10:20]
    assert audio(scene, "anna", call, headers={"range": f"bytes={len(AUDIO)}-"}).status_code == 416
    head = audio(scene, "anna", call, "HEAD")
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(AUDIO)), b"")
    assert audio(scene, "anna", call, headers={"if-none-match": head["ETag"]}).status_code == 304


def test_the_listed_address_plays_without_further_proof(scene: SimpleNamespace, call: Call, client: Client) -> None:
    listed = [c["recording"] for c in scene.get("anna").json() if c["recording"]]
    assert len(listed) == 1
    assert listed[0].startswith("http://127.0.0.1:8000/api/v2/call-recording/")
    response = client.get(signed_path(scene, "anna", call), headers={"range": "bytes=0-3"})
    assert (response.status_code, b"".join(response.streaming_content)) == (206, b"RIFF")


def test_a_signed_address_is_good_for_minutes(
    scene: SimpleNamespace, call: Call, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = signed_path(scene, "anna", call)
    monkeypatch.setattr(recordings, "LISTEN_URL_LIFETIME", -recordings.LISTEN_URL_STAYS - timedelta(seconds=1))
    assert client.get(path).status_code == 401


def test_a_signed_address_dies_with_its_key_its_person_and_its_sight(
    scene: SimpleNamespace, call: Call, client: Client
) -> None:
    path = signed_path(scene, "anna", call)
    ApiKey.objects.filter(user=scene.people["anna"]).update(revoked_at=timezone.now())
    assert client.get(path).status_code == 401
    path = signed_path(scene, "ben", call)
    Call.objects.update(callee_user=None)
    assert client.get(path).status_code == 404
    path = signed_path(scene, "staff", call)
    User.objects.filter(pk=scene.people["staff"].pk).update(is_active=False)
    assert client.get(path).status_code == 401


@pytest.mark.parametrize("tail", ["", "x", "a:b:c", "%00", "é"])
def test_a_forged_signature(scene: SimpleNamespace, call: Call, client: Client, tail: str) -> None:
    response = client.get(f"/api/v2/call-recording/{call.pk}/audio?signature={tail}")
    assert response.status_code in (400, 401)
    assert b"RIFF" not in response.content


def test_a_signature_of_another_call(scene: SimpleNamespace, call: Call, client: Client) -> None:
    query = signed_path(scene, "anna", call).partition("?")[2]
    other = Call.objects.exclude(pk=call.pk).first()
    assert client.get(f"/api/v2/call-recording/{other.pk}/audio?{query}").status_code == 401
    # It proves nothing anywhere else, and deletes nothing.
    assert client.get(f"/api/v2/call-recording?{query}").status_code == 401
    assert client.delete(f"/api/v2/call-recording/{call.pk}/audio?{query}").status_code == 401


def test_a_call_without_audio(scene: SimpleNamespace, call: Call) -> None:
    other = Call.objects.filter(recordings=None, caller_user=scene.people["anna"]).first()
    assert audio(scene, "anna", other).status_code == 404
    audio_path(call.recording).unlink()
    assert audio(scene, "anna", call).status_code == 404


def test_the_id_of_a_call_that_was_joined_leads_to_the_elder(scene: SimpleNamespace, call: Call) -> None:
    CallAlias.objects.create(former_id=4711, former_uuid="old", call=call)
    assert scene.get("anna", "call-recording/4711").json()["id"] == call.pk
    assert scene.get("eve", "call-recording/4711").status_code == 404


def test_deleting_keeps_the_record(scene: SimpleNamespace, call: Call, client: Client) -> None:
    path = audio_path(call.recording)
    assert audio(scene, "ben", call, "DELETE").status_code == 204
    assert not path.exists()
    recording = Recording.objects.get()
    assert (recording.state, recording.deleted_by) == ("deleted", scene.people["ben"])
    assert audio(scene, "anna", call).status_code == 404
    assert scene.get("anna", f"call-recording/{call.pk}").json()["recording"] == ""
    entry = AuditEntry.objects.get(action="recording.deleted")
    assert (entry.actor, entry.address) == (scene.people["ben"], "127.0.0.1")
    # What was deleted does not come back by another upload.
    assert client.generic("PUT", upload_path(LEG), AUDIO).status_code == 200
    assert not path.exists()
    assert audio(scene, "anna", call).status_code == 404


def test_a_legal_hold_forbids_deletion(scene: SimpleNamespace, call: Call) -> None:
    Recording.objects.update(legal_hold=True)
    response = audio(scene, "staff", call, "DELETE")
    assert (response.status_code, response.json()["code"]) == (409, "legal_hold")
    assert audio_path(call.recording).exists()


def test_reading_is_not_deleting(scene: SimpleNamespace, call: Call, client: Client, key_of: Callable) -> None:
    headers = key_of(scene.people["anna"], scopes=["calls:read"])
    assert client.delete(f"/api/v2/call-recording/{call.pk}/audio", headers=headers).status_code == 403
    assert Recording.objects.get().state == "ready"


@override_settings(PUBLIC_URL="https://portal.example.com")
def test_addresses_are_built_from_the_public_url_not_the_host_header(scene: SimpleNamespace, call: Call) -> None:
    response = scene.get("anna", f"call-recording/{call.pk}", HTTP_HOST="localhost")
    assert response.json()["recording"].startswith("https://portal.example.com/")


def test_who_listens_is_written_down_once_a_listening(scene: SimpleNamespace, call: Call) -> None:
    def listen(who: str, **extra: object) -> int:
        return len(b"".join(audio(scene, who, call, **extra).streaming_content))

    played = AuditEntry.objects.filter(action="recording.played").order_by("pk")
    assert audio(scene, "eve", call).status_code == 404
    assert audio(scene, "anna", call, "HEAD").status_code == 200
    assert audio(scene, "anna", call, headers={"range": "bytes=99999999-"}).status_code == 416
    assert not played.exists()
    assert [listen("anna", headers={"range": part}) for part in ("bytes=0-99", "bytes=100-199")] == [100, 100]
    listen("ben")
    assert [str(entry.actor) for entry in played.all()] == ["anna", "ben"]
    assert played[0].after == {"call_uuid": LEG}
    with mock.patch.object(recordings, "PLAYED_AGAIN_AFTER", timedelta(0)):
        listen("anna")
    assert played.count() == 3
