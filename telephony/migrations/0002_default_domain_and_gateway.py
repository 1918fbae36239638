"""Create the domain and the gateway that the environment names, so that a new portal can be used at once."""

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create both where they are missing."""
    database = schema_editor.connection.alias
    domain, _ = apps.get_model("telephony", "Domain").objects.using(database).get_or_create(name=settings.SIP_DOMAIN)
    gateways = apps.get_model("telephony", "Gateway").objects.using(database)
    gateways.get_or_create(name=settings.SIP_GATEWAY, defaults={"domain": domain})


class Migration(migrations.Migration):
    """Reversing leaves the rows: calls may hang on them by then."""

    dependencies = [("telephony", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
