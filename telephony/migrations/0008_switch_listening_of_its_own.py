"""Write down how each switch listens, where that is not what the settings say for all of them."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0007_calls_found_by_outcome_and_part_of_a_number"),
    ]

    operations = [
        migrations.CreateModel(
            name="SwitchListening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "address",
                    models.GenericIPAddressField(blank=True, help_text="Left blank, the switch finds it out.", null=True),
                ),
                (
                    "public_address",
                    models.GenericIPAddressField(blank=True, help_text="What it calls itself behind a NAT.", null=True),
                ),
                (
                    "internal_port",
                    models.PositiveIntegerField(
                        default=5060,
                        help_text="For phones.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                (
                    "external_port",
                    models.PositiveIntegerField(
                        default=5080,
                        help_text="For carriers.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                (
                    "tls_folder",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The folder on the switch with its certificate; left blank, it takes no TLS.",
                        max_length=255,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A(?:(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)?\\Z", "Give an absolute path."
                            )
                        ],
                    ),
                ),
                (
                    "srtp",
                    models.CharField(
                        choices=[("off", "never"), ("optional", "where the phone can"), ("mandatory", "always")],
                        default="off",
                        max_length=9,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "switch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="listening", to="telephony.switch"
                    ),
                ),
            ],
            options={
                "verbose_name": "way a switch listens",
                "verbose_name_plural": "ways switches listen",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("external_port__range", (1, 65535)),
                            ("internal_port__range", (1, 65535)),
                            models.Q(("internal_port", models.F("external_port")), _negated=True),
                        ),
                        name="switch_listening_ports_apart",
                    )
                ],
            },
        ),
    ]
