"""Let one link of a person at a time wait for their call, so that whoever dials in knows where they get to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0011_registered_cell_phones"),
    ]

    operations = [
        migrations.AlterField(
            model_name="calllink",
            name="call_uuid",
            field=models.UUIDField(
                help_text="The uuid of the source's leg: chosen by us, or of whoever dials in the switch's.", unique=True
            ),
        ),
        migrations.AddConstraint(
            model_name="calllink",
            constraint=models.UniqueConstraint(
                condition=models.Q(mode="dial_in", planned_at=None, ended_at=None),
                fields=("user",),
                name="call_link_one_a_person_awaits_a_call",
            ),
        ),
    ]
