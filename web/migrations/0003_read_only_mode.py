"""Create the row that says whether the portal only reads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0002_idempotent_requests")]
    operations = [
        migrations.CreateModel(
            name="ReadOnlyMode",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("is_on", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="read_only_mode_once")],
            },
        ),
    ]
