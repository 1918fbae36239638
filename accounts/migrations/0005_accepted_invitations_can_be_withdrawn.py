"""Let an accepted invitation be withdrawn: that is how somebody stops working as staff."""

from typing import Any

from django.db import migrations


def forget_acceptance(apps: Any, schema_editor: Any) -> None:
    """On the way back, where the constraint allows but one of the two."""
    withdrawn = apps.get_model("accounts", "Invitation").objects.exclude(withdrawn_at=None)
    withdrawn.update(accepted_at=None, accepted_by=None)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_second_factor"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="invitation", name="invitation_accepted_or_withdrawn"),
        migrations.RunPython(migrations.RunPython.noop, forget_acceptance),
    ]
