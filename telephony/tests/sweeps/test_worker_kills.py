"""A worker that is shot loses nothing: another one does its job after the lease."""

import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from telephony.models import Recording
from telephony.services.recordings import publish
from telephony.tests.captures import DATA
from telephony.tests.sweeps.sweeping import run, start
from web.models import Job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("machine")]

LEG = "3e6bc8f5-181d-4c52-9d6d-46965011989d"
AUDIO = (DATA / "local-answered" / f"{LEG}.wav").read_bytes()


def test_a_worker_that_is_killed_loses_nothing(settings: Any, tmp_path: Path) -> None:
    settings.RECORDINGS_ROOT = tmp_path
    publish(LEG, [AUDIO], len(AUDIO))
    child = start("half measured", 1, tmp_path, "worker")
    assert child.communicate(timeout=60)[1] is not None
    assert child.returncode == -signal.SIGKILL
    job = Job.objects.get()
    assert (job.state, job.attempt) == ("waiting", 1)
    assert job.lease_until is not None
    # While it may live nobody else touches the job.
    assert run("worker", "--until-idle")[0] == 0
    assert Recording.objects.get().measured_at is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    child = start("never", 1, tmp_path, "worker", "--until-idle")
    child.communicate(timeout=60)
    assert child.returncode == 0
    assert Recording.objects.get().peaks is not None
    assert not Job.objects.exists()
