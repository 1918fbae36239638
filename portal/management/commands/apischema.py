"""Write the API's schema into its file, or tell how the file differs from what the code says."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.api_document import FILE
from web.schema.document import IncompleteError, as_text, drift, generate


class Command(BaseCommand):
    help = "Write docs/openapi.json anew from the code; with --check only tell whether it is what the code says."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail, and print the difference, where the file is out of date"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._check() if options["check"] else FILE.write_text(as_text(generate()))
        except IncompleteError as missing:
            raise CommandError(
                f"The API's schema is incomplete (CONTRIBUTING.md says how to describe an endpoint):\n{missing}"
            ) from None

    def _check(self) -> None:
        lines = drift(FILE)
        if lines:
            self.stdout.write("\n".join(lines))
            raise CommandError(f"{FILE.name} is not what the code says. Look at the difference, then: make schema")
