"""What staff set about with many numbers: imports of files, and one change to many."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0022_count_the_calls_there_are"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NumberChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "being checked"),
                            ("asked", "waits for a yes"),
                            ("working", "under way"),
                            ("done", "Done"),
                        ],
                        max_length=8,
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("position", models.PositiveIntegerField(default=0)),
                ("expires_at", models.DateTimeField(help_text="When it is forgotten.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("release", "Take back"),
                            ("disable", "Disable"),
                            ("enable", "Enable"),
                            ("provider", "Set provider"),
                            ("country", "Set country"),
                        ],
                        max_length=8,
                    ),
                ),
                ("value", models.CharField(blank=True, default="", help_text="The provider, or the country.", max_length=100)),
                ("number_ids", models.JSONField(default=list)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0, help_text="How many were so already.")),
                ("refused", models.PositiveIntegerField(default=0)),
                ("refusals", models.JSONField(default=list, help_text="Which were refused, and why; the first of them.")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["expires_at"], name="number_change_over")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["checking", "asked", "working", "done"])),
                        name="number_change_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("position__lte", models.F("total"))), name="number_change_within_its_total"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ("release", "disable", "enable", "provider", "country"))),
                        name="number_change_action_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "being checked"),
                            ("asked", "waits for a yes"),
                            ("working", "under way"),
                            ("done", "Done"),
                        ],
                        max_length=8,
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("position", models.PositiveIntegerField(default=0)),
                ("expires_at", models.DateTimeField(help_text="When it is forgotten.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("file_name", models.CharField(max_length=255)),
                ("content", models.BinaryField(help_text="The file as it came; emptied once it is in.")),
                ("provider", models.CharField(blank=True, default="", max_length=100)),
                ("column", models.CharField(default="number", max_length=100)),
                (
                    "attempt",
                    models.PositiveIntegerField(
                        default=0, help_text="Goes up whenever somebody begins to check it: only he writes down what he finds."
                    ),
                ),
                ("added", models.PositiveIntegerField(default=0)),
                ("known", models.PositiveIntegerField(default=0, help_text="In the pool already, or given more than once.")),
                (
                    "kept_elsewhere",
                    models.PositiveIntegerField(default=0, help_text="Of those in the pool, how many are another provider's."),
                ),
                ("wrong", models.PositiveIntegerField(default=0)),
                ("new_providers", models.JSONField(default=list)),
                ("samples", models.JSONField(default=list, help_text="How some of the lines are read.")),
                ("wrong_lines", models.JSONField(default=list)),
                ("passed_over", models.JSONField(default=list)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["expires_at"], name="number_import_over")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["checking", "asked", "working", "done"])),
                        name="number_import_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("position__lte", models.F("total"))), name="number_import_within_its_total"
                    ),
                ],
            },
        ),
    ]
