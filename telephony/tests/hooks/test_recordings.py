"""`/freeswitch/recordings/…`: a signed address, a whole file, published at once or never."""

import io
import wave
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from telephony.models import Call, Recording
from telephony.services.recordings import audio_path, upload_path
from telephony.tests.captures import DATA, posts_of

pytestmark = pytest.mark.django_db

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
AUDIO = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()


@pytest.fixture(autouse=True)
def recordings_root(settings: object, tmp_path: Path) -> Iterator[Path]:
    settings.RECORDINGS_ROOT = tmp_path
    yield tmp_path
    assert not list(tmp_path.glob(".incoming/*")), "an upload left its parts behind"


def put(client: Client, body: bytes = AUDIO, path: str | None = None, method: str = "PUT", **extra: object) -> HttpResponse:
    return client.generic(method, path or upload_path(LEG), body, content_type="audio/x-wav", **extra)


def published() -> list[Path]:
    return list(settings.RECORDINGS_ROOT.rglob("*.wav"))


def made_wav(seconds: float = 1, channels: int = 2, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(channels)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(b"\1\2" * channels * int(seconds * rate))
    return file.getvalue()


def test_a_real_recording_after_its_record(client: Client, post_cdr: object) -> None:
    for post in posts_of("local-answered"):
        post_cdr(post)
    assert put(client).status_code == 201
    recording = Recording.objects.get()
    assert recording.call == Call.objects.get()
    assert (recording.channels, recording.sample_rate, recording.size_bytes) == (2, 8000, len(AUDIO))
    assert 5000 < recording.duration_ms < 6000
    assert audio_path(recording).read_bytes() == AUDIO


def test_a_real_recording_before_its_record(client: Client, post_cdr: object) -> None:
    assert put(client).status_code == 201
    assert Recording.objects.get().call is None
    for post in posts_of("local-answered"):
        post_cdr(post)
    assert Recording.objects.get().call == Call.objects.get()


def test_the_same_again_is_accepted_and_kept_once(client: Client) -> None:
    put(client)
    again = put(client)
    assert (again.status_code, again.json()) == (200, {"result": "duplicate"})
    assert len(published()) == Recording.objects.count() == 1


def test_another_recording_of_the_same_leg_never_replaces_the_first(client: Client) -> None:
    put(client)
    other = put(client, made_wav())
    assert (other.status_code, other.json()["code"]) == (409, "recording_exists")
    assert [path.read_bytes() for path in published()] == [AUDIO]


def test_the_server_names_the_file(client: Client) -> None:
    put(client)
    assert LEG not in str(published()[0])


@pytest.mark.parametrize("seconds", [-1, -86400])
def test_an_expired_address(client: Client, seconds: int) -> None:
    response = put(client, path=upload_path(LEG, timezone.now() + timedelta(seconds=seconds)))
    assert (response.status_code, response.json()["code"]) == (403, "invalid_signature")
    assert not published()


def test_an_address_signed_for_another_leg_or_time(client: Client) -> None:
    _, _, folder, leg, expires, signature = upload_path(LEG).split("/")
    assert folder == "recordings"
    for path in (
        f"/freeswitch/recordings/other-leg/{expires}/{signature}",
        f"/freeswitch/recordings/{leg}/{int(expires) + 1}/{signature}",
        f"/freeswitch/recordings/{leg}/{expires}/{'0' * 64}.wav",
    ):
        assert put(client, path=path).status_code == 403
    for path in ("/freeswitch/recordings/../../etc/passwd", f"/freeswitch/recordings/..%2f..%2fx/{expires}/{signature}"):
        assert put(client, path=path).status_code == 404
    assert not Recording.objects.exists()
    assert not published()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_other_verbs(client: Client, method: str) -> None:
    response = put(client, method=method)
    assert (response.status_code, response["Allow"]) == (405, "PUT")
    assert not published()


CUT = len(AUDIO) // 2
BAD_AUDIO = {
    "half": (AUDIO[:CUT], "recording_incomplete"),
    "one byte short": (AUDIO[:-1], "recording_incomplete"),
    "header alone": (AUDIO[:44], "recording_incomplete"),
    "a few bytes": (b"RIFF", "recording_not_wav"),
    "text": (b"hello, this is no audio at all, only a text", "recording_not_wav"),
    "html": (b"<html>" * 100, "recording_not_wav"),
    "riff of another kind": (b"RIFF\x04\0\0\0AVI ", "recording_not_wav"),
    "no chunks": (b"RIFF\x04\0\0\0WAVE", "recording_not_wav"),
    "no frames": (made_wav(0), "recording_incomplete"),
    "six channels": (made_wav(channels=6), "recording_incomplete"),
}


@pytest.mark.parametrize("name", BAD_AUDIO)
def test_what_is_cut_or_no_audio_is_never_published(client: Client, name: str) -> None:
    body, code = BAD_AUDIO[name]
    response = put(client, body)
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert not Recording.objects.exists()
    assert not published()
    # What was refused does not stand in the way of the whole file.
    assert put(client).status_code == 201


def test_a_body_shorter_than_announced(client: Client) -> None:
    response = put(client, CONTENT_LENGTH=str(len(AUDIO)), **{"wsgi.input": io.BytesIO(AUDIO[:CUT])})
    assert (response.status_code, response.json()["code"]) == (422, "recording_incomplete")
    assert not published()


@pytest.mark.parametrize(("length", "status"), [("", 411), ("0", 411), ("-1", 411), ("x", 411), ("9" * 15, 413)])
def test_a_length_that_cannot_be(client: Client, length: str, status: int) -> None:
    assert put(client, CONTENT_LENGTH=length).status_code == status
    assert not published()
