"""Note when the switch was given a call link's plan, so that it is given to nobody else."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0009_waveforms_of_recordings"),
    ]

    operations = [
        migrations.AddField(
            model_name="calllink",
            name="planned_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the switch was given the link's plan: it is never given out a second time.",
                null=True,
            ),
        ),
    ]
