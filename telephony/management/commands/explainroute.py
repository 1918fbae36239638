"""Say where a call would go, and why."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from telephony.fields import format_number
from telephony.services.explaining import Explanation, QuestionError, explain, question_of


class Command(BaseCommand):
    help = (
        "Say where a call would go at this moment, why, and what the switch would be told; nobody is called and nothing is "
        "changed. `--from 1006 12403019517`: what 1006 dials; `--called 17036879447`: what a carrier brings."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dialled", nargs="?", default="", help="the number or extension that is dialled")
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--from", dest="caller", metavar="EXTENSION", help="who dials: 1006, or 1006@DOMAIN")
        who.add_argument("--called", metavar="NUMBER", help="the number that somebody outside calls")
        parser.add_argument("--json", action="store_true", help="print it as the API gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        called, dialled = options["called"], options["dialled"]
        if (called is None) != bool(dialled):
            raise CommandError("Give either --from EXTENSION and what is dialled, or --called NUMBER alone.")
        if called is None and not options["caller"]:
            raise CommandError("--from: Name an extension.")
        try:
            explanation = explain(question_of(options["caller"] or "", dialled or called))
        except QuestionError as error:
            raise CommandError(f"--from: {error}" if error.field == "from" else str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(explanation.as_json(), indent=2))
            return
        self.stdout.write("\n".join(_lines(explanation)))


def _lines(explanation: Explanation) -> list[str]:
    cause = f" ({explanation.hangup_cause})" if explanation.hangup_cause else ""
    lines = [f"{explanation.verdict}{cause}", "", *(f"  - {reason}" for reason in explanation.reasons)]
    if rings := explanation.rings:
        found = "unknown: the switch is away" if rings.phones is None else ", ".join(rings.phones) or "none"
        lines.append(f"  Phones of {rings.extension}: {found}; they ring for {rings.ring_seconds} seconds.")
    if leaves := explanation.leaves:
        limits = leaves.limits
        lines += [
            f"  To {format_number(leaves.number)} through {', then '.join(leaves.gateways)}, "
            f"as {format_number(leaves.caller_id)}.",
            f"  At the charge of {limits.payer}: {limits.at_once} at once, {limits.an_hour} an hour, "
            f"{limits.minutes_a_day} minutes a day, {limits.longest_seconds // 60} minutes each.",
        ]
    if not explanation.is_refused:
        lines.append(f"  The talk is {'' if explanation.is_recorded else 'not '}recorded.")
    return [*lines, "", explanation.xml]
