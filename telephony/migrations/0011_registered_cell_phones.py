"""Know from which cell phone a person dials in to call links."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import telephony.fields


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0010_call_link_plan_given_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CellPhone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", telephony.fields.E164Field(help_text="From here its owner dials in to call links.", max_length=15)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cell_phone",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("user__name", "pk"),
                "constraints": (
                    models.CheckConstraint(condition=models.Q(number__regex="^[1-9][0-9]{6,14}$"), name="cell_phone_is_e164"),
                ),
            },
        ),
    ]
