"""Networks that fail to prove themselves, and those that are not listened to."""

import django.db.models.deletion
import telephony.models.bans
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0015_revocations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FailedRegistration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=43, unique=True)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("span_began_at", models.DateTimeField()),
                ("in_span", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("last_user", models.CharField(blank=True, default="", max_length=64)),
                ("last_agent", models.CharField(blank=True, default="", max_length=100)),
            ],
            options={
                "ordering": ("-last_at", "-id"),
                "indexes": [models.Index(fields=["-last_at", "-id"], name="failed_latest")],
            },
        ),
        migrations.CreateModel(
            name="BannedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=43, unique=True, validators=[telephony.models.bans.validate_network])),
                ("since", models.DateTimeField(auto_now_add=True)),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0, help_text="How often it had failed to prove itself when it was banned."
                    ),
                ),
                (
                    "last_user",
                    models.CharField(
                        blank=True, default="", help_text="Whom it claimed to be, or called, at last.", max_length=64
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "banned_by",
                    models.ForeignKey(
                        help_text="Empty where the portal did.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-since", "-id"),
                "indexes": [
                    models.Index(fields=["-since", "-id"], name="ban_newest"),
                    models.Index(fields=["until"], name="ban_by_end"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("network", ""), _negated=True), name="ban_network_never_blank")
                ],
            },
        ),
    ]
