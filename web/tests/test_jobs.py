"""Work that is done later: each job is done, by one worker at a time, and what cannot be done is set aside and told."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from web import jobs
from web.jobs import HopelessJobError, Task, standing, task, try_again, wait_after, work_one
from web.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


class Done(list[Any]):
    """What the task was asked to do; it fails as often as it is told to."""

    fails: list[BaseException]


@pytest.fixture
def done() -> Iterator[Done]:
    made = Done()
    made.fails = []
    with mock.patch.dict(jobs._TASKS):
        yield made


@pytest.fixture
def note(done: Done) -> Task[Any]:
    @task("test.note", most_attempts=3)
    def note(what: str) -> None:
        done.append(what)
        if done.fails:
            raise done.fails.pop()

    return note


def later(seconds: float) -> Any:
    return mock.patch("web.jobs.timezone.now", return_value=timezone.now() + timedelta(seconds=seconds))


def test_a_job_is_done_once_and_gone(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    assert work_one()
    assert not work_one()
    assert done == ["a"]
    assert not Job.objects.exists()


def test_a_job_is_there_only_when_its_transaction_is_committed(note: Task[Any], done: Done) -> None:
    with transaction.atomic():
        note.enqueue(what="a")
        transaction.set_rollback(True)
    assert not work_one()
    assert done == []


def test_a_task_can_be_done_at_once(note: Task[Any], done: Done) -> None:
    note("now")
    assert done == ["now"]


def test_wrong_arguments_are_refused_before_they_wait(note: Task[Any]) -> None:
    with pytest.raises(TypeError):
        note.enqueue(whom="a")
    assert not Job.objects.exists()


def test_a_task_has_its_name_for_itself(note: Task[Any]) -> None:
    with pytest.raises(ValueError, match=r"test\.note"):
        task("test.note")(lambda: None)


def test_of_the_same_key_one_waits(note: Task[Any], done: Done) -> None:
    for what in ("a", "b"):
        note.enqueue(key="k", what=what)
    note.enqueue(what="c")
    while work_one():
        pass
    assert done == ["a", "c"]
    note.enqueue(key="k", what="d")
    assert work_one()
    assert done[-1] == "d"


def test_the_longest_due_comes_first_and_nothing_before_its_time(note: Task[Any], done: Done) -> None:
    now = timezone.now()
    note.enqueue(what="tomorrow", run_at=now + timedelta(days=1))
    note.enqueue(what="second", run_at=now - timedelta(seconds=1))
    note.enqueue(what="first", run_at=now - timedelta(seconds=2))
    while work_one():
        pass
    assert done == ["first", "second"]
    assert standing() == {"waiting": 1, "set_aside": 0, "oldest_due": None}


def test_what_fails_is_tried_again_later_and_then_set_aside(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    done.fails = [ValueError("it\0 is broken")] * 3
    assert work_one()
    job = Job.objects.get()
    assert (job.attempt, job.lease_until, job.last_error) == (1, None, "ValueError: it is broken")
    assert job.run_at > timezone.now() + timedelta(seconds=5)
    assert not work_one()
    with later(3600):
        assert work_one()
    with later(2 * 3600):
        assert work_one()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.lease_until) == ("set_aside", 3, None)
    with later(24 * 3600):
        assert not work_one()
    assert len(done) == 3
    assert standing()["set_aside"] == 1


def test_what_was_set_aside_can_be_tried_again(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    done.fails = [HopelessJobError("There is nothing to be done.")]
    assert work_one()
    job = Job.objects.get()
    assert (job.state, job.attempt, job.last_error) == ("set_aside", 1, "There is nothing to be done.")
    assert try_again(Job.objects.all()) == 1
    assert try_again(Job.objects.all()) == 0
    assert work_one()
    assert done == ["a", "a"]
    assert not Job.objects.exists()


def test_a_job_whose_worker_was_killed_is_taken_over_after_its_lease(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    assert jobs._claim(timezone.now()) is not None
    assert not work_one()
    with later(299):
        assert not work_one()
    with later(301):
        assert work_one()
    assert done == ["a"]


def test_what_kills_every_worker_is_set_aside(note: Task[Any], done: Done) -> None:
    note.enqueue(what="poison")
    for attempt in range(3):
        assert jobs._claim(timezone.now() + timedelta(minutes=6 * attempt)) is not None
    with later(3600):
        assert work_one()
    job = Job.objects.get()
    assert done == []
    assert (job.state, job.last_error) == ("set_aside", jobs.KILLED)


def test_who_was_taken_for_killed_decides_nothing_any_more(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    slow = jobs._claim(timezone.now())
    assert slow is not None
    other = jobs._claim(timezone.now() + timedelta(minutes=6))
    assert other is not None
    jobs._failed(slow, note, ValueError("late"))
    jobs._set_aside(slow, "late")
    jobs._held(slow).delete()
    job = Job.objects.get()
    assert (job.state, job.attempt, job.last_error) == ("waiting", 2, "")


def test_a_task_of_another_version_waits_for_a_worker_that_knows_it(done: Done) -> None:
    Job.objects.create(task="from.tomorrow", run_at=timezone.now())
    assert work_one()
    job = Job.objects.get()
    assert (job.state, job.attempt) == ("waiting", 1)
    assert "from.tomorrow" in job.last_error


def test_workers_at_once_share_the_jobs(note: Task[Any], done: Done) -> None:
    """None is done twice, whoever asks at the same time, and nobody waits for another's job."""
    for number in range(40):
        note.enqueue(what=str(number))
    begin = threading.Barrier(4, timeout=10)

    def work() -> None:
        begin.wait()
        try:
            while work_one():
                pass
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        for each in [workers.submit(work) for _ in range(4)]:
            each.result(timeout=60)
    # One that found everything held has gone home early; whatever was left, nobody has it.
    while work_one():
        pass
    assert sorted(done, key=int) == [str(number) for number in range(40)]


def test_waits_grow_and_are_never_in_step() -> None:
    waits = [wait_after(attempt).total_seconds() for attempt in range(1, 30)]
    assert all(7.5 <= wait <= 3600 for wait in waits)
    assert 7.5 <= waits[0] <= 10
    assert all(wait >= 2700 for wait in waits[10:])


@pytest.mark.parametrize("wrong", [{"task": ""}, {"state": "set_aside", "lease_until": timezone.now()}])
def test_the_database_refuses_what_is_no_job(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        Job.objects.create(**({"task": "test", "run_at": timezone.now()} | wrong))


@pytest.mark.parametrize("poll", ["0", "-1", "nan", "x", "4000"])
def test_the_command_never_spins(poll: str) -> None:
    with pytest.raises(CommandError, match="number of seconds"):
        call_command("worker", "--poll", poll)


def test_the_command_works_until_nothing_is_due(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    note.enqueue(what="b")
    told = StringIO()
    call_command("worker", "--until-idle", "--threads", "1", stdout=told)
    assert done == ["a", "b"]
    assert told.getvalue().split() == ["working", "stopped"]


def test_a_job_that_waits_for_somebody_holds_up_no_other(done: Done) -> None:
    """Both are at work at the same time, or neither would ever end."""
    together = threading.Barrier(2, timeout=10)

    @task("test.together")
    def meet(what: str) -> None:
        together.wait()
        done.append(what)

    meet.enqueue(what="a")
    meet.enqueue(what="b")
    call_command("worker", "--until-idle", "--threads", "2", stdout=StringIO())
    assert sorted(done) == ["a", "b"]


def test_what_ends_one_thread_ends_the_worker(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    with mock.patch("web.management.commands.worker.work_one", side_effect=MemoryError), pytest.raises(MemoryError):
        call_command("worker", "--threads", "3", stdout=StringIO())


@pytest.mark.parametrize("threads", ["0", "-1", "x", "65", "1000", "²"])
def test_the_command_takes_a_sane_number_of_threads(threads: str) -> None:
    with pytest.raises(CommandError, match="number from 1 to 64"):
        call_command("worker", "--threads", threads)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_finishes_what_is_at_hand_and_begins_nothing_else(done: Done, number: signal.Signals) -> None:
    @task("test.stop")
    def stop(what: str) -> None:
        os.kill(os.getpid(), number)
        done.append(what)

    stop.enqueue(what="a")
    stop.enqueue(what="b")
    before = signal.getsignal(number)
    call_command("worker", "--threads", "1", stdout=StringIO())
    assert done == ["a"]
    assert Job.objects.get().attempt == 0
    assert signal.getsignal(number) is before


def test_the_command_outlives_an_outage_of_the_database(note: Task[Any], done: Done) -> None:
    note.enqueue(what="a")
    told = StringIO()
    away = [OperationalError("gone"), OperationalError("gone"), True, False]
    with (
        mock.patch("web.management.commands.worker.work_one", side_effect=away),
        mock.patch("web.interruption.Interruption.wait") as wait,
    ):
        call_command("worker", "--until-idle", "--threads", "1", stdout=told)
    assert told.getvalue().count("the database is away (OperationalError)") == 2
    assert [0.5 < call.args[0] <= 2 for call in wait.call_args_list] == [True, True]
