"""Issue an API key from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.api.serializers import KeyRequestSerializer
from accounts.models import Role
from accounts.services import issue_key


class Command(BaseCommand):
    help = (
        "Issue an API key for the person of this Auth0 id, who is created when new; prints the key, which is shown this once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("auth0_id", help="the `sub` of the person's tokens")
        parser.add_argument("name", help="what the key is for")
        parser.add_argument("--role", choices=Role.values, help="the person's role; left as it is when not given")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {name: options[name] for name in ("auth0_id", "name", "role") if options[name] is not None}
        body = KeyRequestSerializer(data=wanted)
        if not body.is_valid():
            raise CommandError("; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in body.errors.items()))
        _, key = issue_key(options["auth0_id"], options["name"], options["role"], actor_label="command line")
        self.stdout.write(key)
