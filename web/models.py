"""What all endpoints share and keep: answers to be repeated, whether anything may be written, work that is done later."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q


class IdempotentRequest(models.Model):
    """A POST that came with an Idempotency-Key, and its answer once there is one; of digests, no secret is in it."""

    class State(models.TextChoices):
        """Whether somebody still works on the answer."""

        IN_FLIGHT = "in_flight", "in flight"
        DONE = "done"

    caller = models.CharField(max_length=64, help_text="The person, or the operator: not the proof.")
    target_digest = models.CharField(max_length=64, help_text="Of the method and the address with its query.")
    key_digest = models.CharField(max_length=64)
    body_digest = models.CharField(max_length=64, help_text="Of the body as canonical JSON.")
    state = models.CharField(max_length=9, choices=State, default=State.IN_FLIGHT)
    attempt = models.PositiveIntegerField(
        default=1, help_text="Goes up whenever somebody else takes the request over: only its holder writes the answer."
    )
    lease_until = models.DateTimeField(help_text="When whoever works on the answer counts as killed.")
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="", help_text="JSON, without its secrets.")
    created_at = models.DateTimeField(help_text="When the key came first; 24 hours later it is forgotten.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("caller", "target_digest", "key_digest"), name="idempotent_request_once"),
            models.CheckConstraint(
                condition=Q(state="in_flight", status=None) | Q(state="done", status__isnull=False),
                name="idempotent_request_done_with_an_answer",
            ),
            models.CheckConstraint(
                condition=Q(lease_until__gte=F("created_at")), name="idempotent_request_lease_after_creation"
            ),
        )
        indexes = (models.Index(fields=("created_at",), name="idempotent_request_oldest"),)

    def __str__(self) -> str:
        return f"{self.caller}: {self.state}"


class ReadOnlyMode(models.Model):
    """The one row that says whether the portal only reads; without it, it writes as well."""

    ONLY_ID = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    is_on = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="read_only_mode_once"),)

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class JobQuerySet(models.QuerySet["Job"]):
    """Sets of jobs."""

    def due(self, now: datetime) -> Self:
        """Return what is to be done now: its time has come, and nobody holds it."""
        held_by_nobody = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(held_by_nobody, state=Job.State.WAITING, run_at__lte=now)


class Job(models.Model):
    """A piece of work that is done later, by a worker; its row goes when it is done."""

    class State(models.TextChoices):
        """Whether it is still to be done."""

        WAITING = "waiting"
        SET_ASIDE = "set_aside", "set aside"

    task = models.CharField(max_length=64, help_text="The name of what is to be done.")
    arguments = models.JSONField(default=dict)
    key = models.CharField(
        max_length=100, blank=True, default="", help_text="Of jobs with the same key there is one at a time."
    )  # fmt: skip
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    run_at = models.DateTimeField(help_text="Not before.")
    attempt = models.PositiveIntegerField(
        default=0, help_text="Goes up whenever a worker takes the job: only its last holder says what became of it."
    )
    lease_until = models.DateTimeField(null=True, help_text="When the worker that holds the job counts as killed.")
    last_error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("run_at", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(task=""), name="job_task_never_blank"),
            models.CheckConstraint(condition=Q(state="waiting") | Q(lease_until=None), name="job_set_aside_is_held_by_nobody"),
            models.UniqueConstraint(fields=("key",), condition=~Q(key=""), name="job_of_a_key_once"),
        )
        indexes = (models.Index(fields=("state", "run_at", "id"), name="job_due"),)

    def __str__(self) -> str:
        return f"{self.task} {self.arguments}"
