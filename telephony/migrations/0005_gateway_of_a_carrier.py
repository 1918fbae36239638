"""Give gateways what the switch needs to reach a carrier and to know its calls: all of it may stay empty."""

import django.core.validators
import telephony.models.switches
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0004_the_longest_rested_by_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="gateway",
            name="encrypted_password",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="gateway",
            name="networks",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Addresses and networks from which the carrier sends calls, with commas between; others are refused.",
                max_length=500,
                validators=[telephony.models.switches.validate_networks],
            ),
        ),
        migrations.AddField(
            model_name="gateway",
            name="proxy",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The carrier's host, with a port and ;transport=tcp or tls where need be. Without it, the name is the host.",
                max_length=255,
                validators=[
                    django.core.validators.RegexValidator(
                        "\\A[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?(?:;transport=(?:udp|tcp|tls))?\\Z",
                        "Give a host, as in sip.example.net:5060;transport=udp.",
                    )
                ],
            ),
        ),
        migrations.AddField(
            model_name="gateway",
            name="register",
            field=models.BooleanField(default=False, help_text="Whether the carrier wants the switch to register."),
        ),
        migrations.AddField(
            model_name="gateway",
            name="username",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the switch proves itself with to the carrier.",
                max_length=64,
                validators=[
                    django.core.validators.RegexValidator("\\A[A-Za-z0-9._+@-]{1,64}\\Z", "Use letters, digits and . _ + @ -")
                ],
            ),
        ),
    ]
