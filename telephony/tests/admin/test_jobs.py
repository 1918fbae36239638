"""The jobs of the workers in Django's admin: admins look, and have what was set aside tried again."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from web.models import Job

pytestmark = pytest.mark.django_db

BACKEND = "accounts.backends.RoleBackend"


@pytest.fixture
def jobs() -> list[Job]:
    now = timezone.now()
    return [
        Job.objects.create(task="recording.measure", run_at=now, state=state, attempt=8, last_error="<b>broken</b>")
        for state in ("waiting", "set_aside")
    ]


def act(client: Client, jobs: list[Job]) -> int:
    form = {"action": "try_selected_again", "_selected_action": [job.pk for job in jobs]}
    return client.post("/admin/web/job/", form).status_code


def test_an_admin_has_jobs_tried_again(client: Client, make_person: Callable[..., User], jobs: list[Job]) -> None:
    ada = make_person("ada", Role.ADMIN)
    client.force_login(ada, backend=BACKEND)
    page = client.get("/admin/web/job/").content.decode()
    assert "&lt;b&gt;broken" in page
    assert "<b>broken" not in page
    assert act(client, jobs) == 302
    states = set(Job.objects.values_list("state", flat=True))
    assert states == {"waiting"}
    assert Job.objects.get(pk=jobs[1].pk).attempt == 0
    entry = AuditEntry.objects.get(action="jobs.tried_again")
    assert (entry.actor, entry.after) == (ada, {"jobs": 1})
    # Nothing was set aside any more.
    assert act(client, jobs) == 302
    assert AuditEntry.objects.filter(action="jobs.tried_again").count() == 1


def test_nobody_makes_changes_or_deletes_a_job(client: Client, make_person: Callable[..., User], jobs: list[Job]) -> None:
    client.force_login(make_person("ada", Role.ADMIN), backend=BACKEND)
    assert client.get("/admin/web/job/add/").status_code == 403
    change = f"/admin/web/job/{jobs[0].pk}/change/"
    assert client.get(change).status_code == 200
    assert client.post(change, {"task": "other"}).status_code == 403
    assert client.post(f"/admin/web/job/{jobs[0].pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [Role.USER, Role.STAFF])
def test_others_see_none(client: Client, make_person: Callable[..., User], jobs: list[Job], role: str) -> None:
    client.force_login(make_person("sam", role), backend=BACKEND)
    assert client.get("/admin/web/job/").status_code in (302, 403)
    act(client, jobs)
    assert Job.objects.get(pk=jobs[1].pk).state == "set_aside"
