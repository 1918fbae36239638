"""Sign an address to which a recording can be uploaded."""

import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from telephony.services.recordings import upload_path


class Command(BaseCommand):
    help = "Print the signed address to which the recording of a leg can be PUT, by a switch or by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("leg_uuid", help="the uuid of the leg that recorded")
        parser.add_argument("--hours", type=int, default=24, help="how long the address is good (1 to 720, 24 by default)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", options["leg_uuid"]):
            raise CommandError("That is no leg's uuid.")
        if not 1 <= options["hours"] <= 720:
            raise CommandError("--hours must be from 1 to 720.")
        expires_at = timezone.now() + timedelta(hours=options["hours"])
        self.stdout.write(f"{settings.PUBLIC_URL}{upload_path(options['leg_uuid'], expires_at)}")
