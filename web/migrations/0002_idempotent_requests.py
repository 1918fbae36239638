"""Create the table of requests that came with an Idempotency-Key, and of their answers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0001_cache_table"),
    ]

    operations = [
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(help_text="The person, or the operator: not the proof.", max_length=64)),
                ("target_digest", models.CharField(help_text="Of the method and the address with its query.", max_length=64)),
                ("key_digest", models.CharField(max_length=64)),
                ("body_digest", models.CharField(help_text="Of the body as canonical JSON.", max_length=64)),
                (
                    "state",
                    models.CharField(choices=[("in_flight", "in flight"), ("done", "Done")], default="in_flight", max_length=9),
                ),
                (
                    "attempt",
                    models.PositiveIntegerField(
                        default=1,
                        help_text="Goes up whenever somebody else takes the request over: only its holder writes the answer.",
                    ),
                ),
                ("lease_until", models.DateTimeField(help_text="When whoever works on the answer counts as killed.")),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField(default="", help_text="JSON, without its secrets.")),
                ("created_at", models.DateTimeField(help_text="When the key came first; 24 hours later it is forgotten.")),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="idempotent_request_oldest")],
                "constraints": [
                    models.UniqueConstraint(fields=("caller", "target_digest", "key_digest"), name="idempotent_request_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "in_flight"), ("status", None)),
                            models.Q(("state", "done"), ("status__isnull", False)),
                            _connector="OR",
                        ),
                        name="idempotent_request_done_with_an_answer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lease_until__gte", models.F("created_at"))),
                        name="idempotent_request_lease_after_creation",
                    ),
                ],
            },
        ),
    ]
