"""`call-recording/{id}/peaks`, and the console's own: the waveform of a call that one may listen to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from telephony.models import Assignment, Call, Recording
from telephony.services.measuring import measure_recording
from telephony.services.recordings import delete_audio, publish
from telephony.tests.captures import DATA, posts_of

pytestmark = pytest.mark.django_db(transaction=True)

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
AUDIO = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()


@pytest.fixture
def call(settings: Any, tmp_path: Path, post_cdr: Any, anna: User) -> Call:
    settings.RECORDINGS_ROOT = tmp_path
    for post in posts_of("local-answered"):
        post_cdr(post)
    publish(LEG, [AUDIO], len(AUDIO))
    measure_recording(Recording.objects.get().pk)
    return Call.objects.get()


@pytest.fixture
def anna(make_person: Callable[..., User], hold: Callable[..., Assignment]) -> User:
    anna = make_person("anna")
    hold(anna, "1006", "17036879449")
    return anna


def path(call: Call) -> str:
    return f"/api/v2/call-recording/{call.pk}/peaks"


def test_the_waveform_of_both_voices(client: Client, call: Call, anna: User, key_of: Any) -> None:
    answer = client.get(path(call), headers=key_of(anna))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["channels"], len(body["peaks"])) == (2, 2)
    assert 5 < body["duration"] < 6
    assert len(body["peaks"][0]) == len(body["peaks"][1]) > 500
    assert all(0 <= peak <= 1 for channel in body["peaks"] for peak in channel)
    assert len(answer.content) < 20_000


def test_nobody_sees_how_loud_a_stranger_talks(client: Client, call: Call, make_person: Any, key_of: Any) -> None:
    stranger, staff = make_person("ben"), make_person("sam", Role.STAFF)
    assert client.get(path(call)).status_code == 401
    assert client.get(path(call), headers=key_of(stranger)).status_code == 404
    assert client.get(path(call), headers=key_of(staff)).status_code == 200
    client.force_login(stranger)
    assert client.get(f"/calls/{call.pk}/peaks").status_code == 404


def test_a_recording_that_is_not_measured_yet(client: Client, call: Call, anna: User, key_of: Any) -> None:
    Recording.objects.update(peaks=None)
    answer = client.get(path(call), headers=key_of(anna))
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (404, "not_measured_yet", "5")
    client.force_login(anna)
    assert client.get(f"/calls/{call.pk}/peaks").status_code == 204


def test_a_deleted_recording_has_none(client: Client, call: Call, anna: User, key_of: Any) -> None:
    delete_audio(Recording.objects.get(), actor=anna)
    answer = client.get(path(call), headers=key_of(anna))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    client.force_login(anna)
    assert client.get(f"/calls/{call.pk}/peaks").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_verbs(client: Client, call: Call, anna: User, key_of: Any, method: str) -> None:
    assert client.generic(method, path(call), headers=key_of(anna)).status_code == 405


def test_unknown_parameters_and_ids(client: Client, call: Call, anna: User, key_of: Any) -> None:
    headers = key_of(anna)
    assert client.get(f"{path(call)}?width=5", headers=headers).status_code == 400
    assert client.get("/api/v2/call-recording/999999/peaks", headers=headers).status_code == 404
    assert client.get("/api/v2/call-recording/x/peaks", headers=headers).status_code == 404


def test_the_console_has_the_same(client: Client, call: Call, anna: User) -> None:
    assert client.get(f"/calls/{call.pk}/peaks").status_code == 302
    client.force_login(anna)
    assert len(client.get(f"/calls/{call.pk}/peaks").json()["peaks"]) == 2
