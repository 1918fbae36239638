"""Keep at whose charge a leg goes outside, by index: what somebody hands over counts against their minutes, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0019_pauses_of_recordings"),
    ]

    operations = [
        migrations.AddField(
            model_name="leg",
            name="portal_payer_id",
            field=models.BigIntegerField(blank=True, help_text="The person at whose charge the leg goes outside.", null=True),
        ),
        migrations.AddIndex(
            model_name="leg",
            index=models.Index(
                condition=models.Q(("portal_payer_id", None), _negated=True),
                fields=["portal_payer_id", "started_at"],
                name="leg_by_payer",
            ),
        ),
    ]
