"""Work that is done later, by `manage.py worker`: a job is a row, committed together with what it is about.

A task may be run twice: a worker that is killed says nothing, and one that is only slow is taken for killed. So what a task
does again must change nothing.
"""

import inspect
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, ParamSpec

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from web.models import Job

logger = logging.getLogger("portal.jobs")

FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=1)
KILLED: Final = "Whoever worked on it was killed, or took longer than the lease, each time."

P = ParamSpec("P")


class HopelessJobError(Exception):
    """Trying again cannot help: the job is set aside at once; the message says why."""


@dataclass(frozen=True, slots=True)
class Task(Generic[P]):
    """What a job does, by a name under which every version of the portal knows it.

    `lease` is longer than it ever takes; after `most_attempts` that failed a job is set aside. Its arguments are JSON.
    """

    name: str
    function: Callable[P, None]
    lease: timedelta
    most_attempts: int

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Do it here and now."""
        self.function(*args, **kwargs)

    def enqueue(self, *, key: str = "", run_at: datetime | None = None, **arguments: Any) -> None:
        """Have a worker do it, when the transaction is committed or, where it comes later, at a time.

        Where a job with the same `key` waits already nothing is added. Raises TypeError where these are not its arguments.
        """
        inspect.signature(self.function).bind(**arguments)
        job = Job(task=self.name, arguments=arguments, key=key, run_at=run_at or timezone.now())
        Job.objects.bulk_create([job], ignore_conflicts=bool(key))


_TASKS: Final[dict[str, Task[Any]]] = {}


def task(
    name: str, *, lease: timedelta = timedelta(minutes=5), most_attempts: int = 8
) -> Callable[[Callable[P, None]], Task[P]]:
    """Make a function a task. Where it is not imported anyway, its app's `tasks.py` imports it."""

    def register(function: Callable[P, None]) -> Task[P]:
        if name in _TASKS:
            raise ValueError(f"There is a task {name} already.")
        made = Task(name, function, lease, most_attempts)
        _TASKS[name] = made
        return made

    return register


def load_tasks() -> None:
    """Import the tasks of every app."""
    autodiscover_modules("tasks")


# -- working ---------------------------------------------------------------------------------------------------------------


def work_one() -> bool:
    """Do the job that has waited longest; tell whether there was one. Raises what the database raises."""
    job = _claim(timezone.now())
    if job is None:
        return False
    work = _TASKS.get(job.task)
    if work is not None and job.attempt > work.most_attempts:
        _set_aside(job, job.last_error or KILLED)
        return True
    began = time.monotonic()
    try:
        _do(work, job)
    except HopelessJobError as error:
        _set_aside(job, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a task raises is kept with the job, and told
        _failed(job, work, error)
    else:
        _held(job).delete()
        logger.info("job done", extra=_facts(job) | {"seconds": round(time.monotonic() - began, 3)})
    return True


def _do(work: Task[Any] | None, job: Job) -> None:
    if work is None:
        # Of a newer version perhaps, which is only being rolled out.
        raise LookupError(f"This worker knows no task {job.task}.")
    work.function(**job.arguments)


def _claim(now: datetime) -> Job | None:
    """Take the job that has waited longest, unless others hold all of them. Of workers that ask at once each gets another."""
    due = Job.objects.due(now).order_by("run_at", "id")
    # Looking costs nothing; on SQLite a claim waits for every other writer.
    if not due.exists():
        return None
    with transaction.atomic(durable=True):
        job = due.select_for_update(skip_locked=True).first()
        if job is None:
            return None
        job.attempt += 1
        job.lease_until = now + _lease_of(job)
        job.save(update_fields=["attempt", "lease_until", "updated_at"])
    return job


def _lease_of(job: Job) -> timedelta:
    work = _TASKS.get(job.task)
    return work.lease if work else FIRST_WAIT


def _held(job: Job) -> QuerySet[Job]:
    """Return the job as this worker holds it; nothing where it was taken for killed and another has it by now."""
    return Job.objects.filter(pk=job.pk, attempt=job.attempt, state=Job.State.WAITING)


def _failed(job: Job, work: Task[Any] | None, error: Exception) -> None:
    said = f"{type(error).__name__}: {error}"
    if work is not None and job.attempt >= work.most_attempts:
        _set_aside(job, said)
        return
    now = timezone.now()
    again = now + wait_after(job.attempt)
    logger.warning("job failed, to be tried again", extra=_facts(job) | {"again_at": again.isoformat()}, exc_info=error)
    _held(job).update(run_at=again, lease_until=None, last_error=_cut(said), updated_at=now)


def _set_aside(job: Job, reason: str) -> None:
    logger.error("job set aside: %s", reason, extra=_facts(job))
    now = timezone.now()
    _held(job).update(state=Job.State.SET_ASIDE, lease_until=None, last_error=_cut(reason), updated_at=now)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: longer each time, and never in step with others."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 16))
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 - no secret


def _cut(text: str) -> str:
    return text.replace("\0", "")[:500]


def _facts(job: Job) -> dict[str, Any]:
    return {"job": job.pk, "task": job.task, "attempt": job.attempt}


# -- looking after it ------------------------------------------------------------------------------------------------------


def try_again(jobs: QuerySet[Job]) -> int:
    """Let jobs that were set aside wait again, as if never tried; return how many."""
    now = timezone.now()
    return jobs.filter(state=Job.State.SET_ASIDE).update(
        state=Job.State.WAITING, attempt=0, run_at=now, lease_until=None, updated_at=now
    )


def standing() -> dict[str, Any]:
    """Return how many jobs wait, how many were set aside, and since when the oldest is due."""
    due = Job.objects.filter(state=Job.State.WAITING, run_at__lte=timezone.now()).order_by("run_at", "id")
    counts = dict(Job.objects.order_by().values_list("state").annotate(jobs=Count("*")))
    return dict.fromkeys(Job.State.values, 0) | counts | {"oldest_due": due.values_list("run_at", flat=True).first()}
