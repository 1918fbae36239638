"""Count calls ahead: by quarter hour and day, and by extension and day; and note where that is out of date."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0020_leg_payer"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaleTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name_plural": "stale tallies",
                "ordering": ("-starts_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="CallTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("span", models.PositiveSmallIntegerField(choices=[(15, "a quarter of an hour"), (1440, "a day")])),
                ("starts_at", models.DateTimeField(help_text="When the span begins.")),
                ("direction", models.CharField(choices=[("inbound", "Inbound"), ("outbound", "Outbound")], max_length=8)),
                ("local", models.BooleanField()),
                ("answered", models.BooleanField()),
                ("hangup_cause", models.CharField(blank=True, max_length=64)),
                ("calls", models.PositiveIntegerField()),
                ("talk_seconds", models.PositiveBigIntegerField()),
            ],
            options={
                "verbose_name_plural": "call tallies",
                "ordering": ("span", "starts_at", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("span", "starts_at", "direction", "local", "answered", "hangup_cause"), name="call_tally_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("span__in", (15, 1440))), name="call_tally_span_known"),
                    models.CheckConstraint(condition=models.Q(("calls__gt", 0)), name="call_tally_of_some"),
                    models.CheckConstraint(
                        condition=models.Q(("answered", True), ("talk_seconds", 0), _connector="OR"),
                        name="call_tally_answered_means_talked",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExtensionTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(help_text="Midnight, UTC.")),
                ("calls", models.PositiveIntegerField()),
                ("answered", models.PositiveIntegerField()),
                ("talk_seconds", models.PositiveBigIntegerField()),
                (
                    "extension",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tallies", to="telephony.extension"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "extension tallies",
                "ordering": ("starts_at", "extension_id"),
                "constraints": [
                    models.UniqueConstraint(fields=("starts_at", "extension"), name="extension_tally_once"),
                    models.CheckConstraint(
                        condition=models.Q(("calls__gt", 0), ("answered__lte", models.F("calls"))),
                        name="extension_tally_of_some",
                    ),
                ],
            },
        ),
    ]
