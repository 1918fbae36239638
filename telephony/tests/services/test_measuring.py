"""What the worker does with each recording that comes in."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Role, User
from telephony.models import Recording
from telephony.services.measuring import measure_recording
from telephony.services.recordings import delete_audio, publish
from telephony.services.waveforms import unpack
from telephony.tests.captures import DATA
from web.jobs import HopelessJobError, work_one
from web.models import Job

pytestmark = pytest.mark.django_db(transaction=True)

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
AUDIO = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()


@pytest.fixture(autouse=True)
def recordings_root(settings: Any, tmp_path: Path) -> Path:
    settings.RECORDINGS_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def recording() -> Recording:
    return publish(LEG, [AUDIO], len(AUDIO))[0]


def test_a_published_recording_is_measured_by_the_worker(recording: Recording) -> None:
    assert (recording.peaks, recording.measured_at) == (None, None)
    Recording.objects.update(duration_ms=1)
    assert work_one()
    recording.refresh_from_db()
    assert recording.measured_at is not None
    assert 5000 < recording.duration_ms < 6000
    left, right = unpack(bytes(recording.peaks), recording.channels)
    assert len(left) == len(right) > 500
    assert not Job.objects.exists()


def test_the_same_recording_again_is_not_measured_again(recording: Recording) -> None:
    assert work_one()
    publish(LEG, [AUDIO], len(AUDIO))
    assert not work_one()


def test_what_is_refused_leaves_no_job() -> None:
    with pytest.raises(Exception, match="cut"):
        publish(LEG, [AUDIO[:-1]], len(AUDIO))
    assert not Job.objects.exists()


def test_measuring_twice_changes_nothing(recording: Recording) -> None:
    measure_recording(recording.pk)
    recording.refresh_from_db()
    before = bytes(recording.peaks)
    measure_recording(recording.pk)
    recording.refresh_from_db()
    assert bytes(recording.peaks) == before


def test_audio_that_changed_on_the_disk_is_set_aside_and_told(recording: Recording) -> None:
    body = bytearray(AUDIO)
    body[5000] ^= 1
    recording.path.write_bytes(body)
    assert work_one()
    job = Job.objects.get()
    assert job.state == "set_aside"
    assert "is not the audio that was published" in job.last_error
    recording.refresh_from_db()
    assert (recording.peaks, recording.measured_at) == (None, None)


def test_audio_that_is_away_is_tried_again(recording: Recording) -> None:
    recording.path.rename(recording.path.with_suffix(".away"))
    assert work_one()
    job = Job.objects.get()
    assert (job.state, job.attempt) == ("waiting", 1)
    assert "FileNotFoundError" in job.last_error


def test_deleted_audio_leaves_no_waveform(recording: Recording, make_person: Callable[..., User]) -> None:
    staff = make_person("sam", Role.STAFF)
    measure_recording(recording.pk)
    delete_audio(recording, actor=staff)
    recording.refresh_from_db()
    assert (recording.state, recording.peaks) == ("deleted", None)
    assert work_one()
    recording.refresh_from_db()
    assert recording.peaks is None
    assert not Job.objects.exists()


def test_deleted_while_it_is_measured(
    recording: Recording, make_person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes back of what a person deletes while its file is read."""
    staff = make_person("sam", Role.STAFF)
    read = Path.open

    def delete_first(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path == recording.path:
            delete_audio(recording, actor=staff)
        return read(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", delete_first)
    measure_recording(recording.pk)
    recording.refresh_from_db()
    assert (recording.state, recording.peaks, recording.measured_at) == ("deleted", None, None)


def test_a_recording_that_is_gone_is_nothing_to_do() -> None:
    measure_recording(10**6)


def test_no_wav_that_can_be_measured_is_hopeless(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.services.waveforms.MOST_PEAKS", 0)
    with pytest.raises(ZeroDivisionError):
        measure_recording(recording.pk)
    monkeypatch.undo()
    Recording.objects.update(sha256="0" * 64)
    with pytest.raises(HopelessJobError):
        measure_recording(recording.pk)


# -- processrecordings -----------------------------------------------------------------------------------------------------


def process(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("processrecordings", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_recordings_of_before_are_measured_by_a_command(recording: Recording) -> None:
    assert process() == (0, "1 measured, 0 could not be\n", "")
    recording.refresh_from_db()
    assert recording.peaks is not None
    assert process() == (0, "0 measured, 0 could not be\n", "")
    assert process("--all") == (0, "1 measured, 0 could not be\n", "")


def test_one_that_cannot_be_measured_holds_up_no_other(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.management.commands.processrecordings.AT_ONCE", 1)
    recording.path.unlink()
    other, _ = publish("3e6bc8f5-181d-4c52-9d6d-46965011989e", [AUDIO], len(AUDIO))
    status, out, err = process()
    assert (status, out) == (1, "1 measured, 1 could not be\n")
    assert f"recording {recording.pk}: " in err
    other.refresh_from_db()
    assert other.measured_at is not None
    assert other.measured_at <= timezone.now()


def test_the_command_knows_no_other_option() -> None:
    with pytest.raises(CommandError):
        process("--some")
