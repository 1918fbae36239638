"""Let an extension have limits of its own on what it calls outside; NULL leaves each to the settings."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0024_numbers_found_by_country_and_part"),
    ]

    operations = [
        migrations.AddField(
            model_name="extension",
            name="call_minutes_a_day",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100000)],
                verbose_name="minutes a day",
            ),
        ),
        migrations.AddField(
            model_name="extension",
            name="call_minutes_longest",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)],
                verbose_name="longest call, in minutes",
            ),
        ),
        migrations.AddField(
            model_name="extension",
            name="calls_an_hour",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)],
                verbose_name="calls an hour",
            ),
        ),
        migrations.AddField(
            model_name="extension",
            name="calls_at_once",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)],
                verbose_name="calls at once",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("calls_at_once", None), ("calls_at_once__range", (1, 1000)), _connector="OR"),
                    models.Q(("calls_an_hour", None), ("calls_an_hour__range", (1, 10000)), _connector="OR"),
                    models.Q(("call_minutes_a_day", None), ("call_minutes_a_day__range", (1, 100000)), _connector="OR"),
                    models.Q(("call_minutes_longest", None), ("call_minutes_longest__range", (1, 1440)), _connector="OR"),
                ),
                name="extension_limits_within_reason",
            ),
        ),
    ]
