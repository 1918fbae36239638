"""What was taken from extensions, and the proof that every switch has let go of them."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0014_gateway_asked_whether_it_is_there"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Revocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("closed", "closed"),
                            ("password_changed", "password changed"),
                            ("released", "released"),
                            ("holder_deactivated", "holder deactivated"),
                            ("domain_deactivated", "domain out of use"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "extension",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="revocations", to="telephony.extension"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="RevocationErrand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_socket", models.CharField(max_length=262)),
                (
                    "state",
                    models.CharField(choices=[("pending", "Pending"), ("done", "Done")], default="pending", max_length=8),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lease_until", models.DateTimeField(null=True)),
                ("steps", models.JSONField(default=list)),
                ("problem", models.CharField(blank=True, default="", max_length=300)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "revocation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="errands", to="telephony.revocation"
                    ),
                ),
            ],
            options={
                "ordering": ("event_socket",),
            },
        ),
        migrations.AddIndex(
            model_name="revocation",
            index=models.Index(fields=["extension", "-created_at", "-id"], name="revocation_of_extension"),
        ),
        migrations.AddConstraint(
            model_name="revocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reason__in", ["closed", "password_changed", "released", "holder_deactivated", "domain_deactivated"])
                ),
                name="revocation_reason_known",
            ),
        ),
        migrations.AddIndex(
            model_name="revocationerrand",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["next_at"], name="errand_to_do"),
        ),
        migrations.AddConstraint(
            model_name="revocationerrand",
            constraint=models.UniqueConstraint(fields=("revocation", "event_socket"), name="errand_once_per_switch"),
        ),
        migrations.AddConstraint(
            model_name="revocationerrand",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at", None), ("state", "pending")),
                    models.Q(("done_at__isnull", False), ("state", "done")),
                    _connector="OR",
                ),
                name="errand_done_at_a_time",
            ),
        ),
    ]
