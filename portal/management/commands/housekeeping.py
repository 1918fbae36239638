"""Delete what is over, from time to time: nothing of it is ever read again."""

from collections.abc import Callable
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone
from social_django.models import Association, Code, Nonce, Partial
from tqdm import tqdm

from accounts.models import SignIn
from telephony.services import bans, registrations, undertakings
from telephony.services.live import gateways
from telephony.services.revocations import errands
from telephony.services.tallies import count_a_day
from web import idempotency
from web.cache import DatabaseCache
from webhooks import housekeeping as webhooks
from webhooks.delivering import wake_overdue

# A transaction a batch: whoever wants to write waits for one of them at most.
AT_ONCE = 1000


def _delete_some(over: QuerySet[Any]) -> int:
    some = list(over.values_list("pk", flat=True)[:AT_ONCE])
    over.filter(pk__in=some).delete()
    return len(some)


def sweep_answers() -> int:
    """Delete some answers whose day is over; return how many."""
    return idempotency.sweep(AT_ONCE)


def sweep_sessions() -> int:
    """Delete some sessions that have expired; return how many."""
    return _delete_some(Session.objects.filter(expire_date__lt=timezone.now()))


def sweep_sign_ins() -> int:
    """Delete some sign-ins over the API from which nobody came back; return how many."""
    return _delete_some(SignIn.objects.filter(expires_at__lte=timezone.now()))


def sweep_social_sign_ins() -> int:
    """Delete what sign-ins on the web left behind, by the library's own command; return how many."""

    def left() -> int:
        return sum(model.objects.count() for model in (Association, Code, Nonce, Partial))

    before = left()
    call_command("clearsocial", age=1)
    return max(0, before - left())


def sweep_wrong_passwords() -> int:
    """Delete some wrong passwords that do not count any more; return how many."""
    return _delete_some(AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - settings.AXES_COOLOFF_TIME))


def sweep_cache() -> int:
    """Delete the cache's entries that have expired; a cache outside of the database does so by itself."""
    cache = caches["default"]
    return cache.delete_expired() if isinstance(cache, DatabaseCache) else 0


def sweep_bans() -> int:
    """Delete some bans whose time is over, and let the switches know; return how many."""
    forgotten = bans.forget_expired(AT_ONCE)
    if forgotten:
        bans.publish()
    return forgotten


def sweep_failed_registrations() -> int:
    """Delete some counts of addresses that have not failed for a week; return how many."""
    return registrations.forget(AT_ONCE)


def sweep_gateway_changes() -> int:
    """Delete some entries of gateways that went down or came up three months ago; return how many."""
    return gateways.sweep_changes(timezone.now() - gateways.CHANGES_KEPT, AT_ONCE)


def sweep_undertakings() -> int:
    """Delete some imports of numbers, and changes to many, whose day is over; return how many."""
    return undertakings.forget(AT_ONCE)


def sweep_webhook_deliveries() -> int:
    """Delete some messages to webhooks that were written a month ago, with what came of them; return how many."""
    return webhooks.sweep_deliveries(AT_ONCE)


def sweep_webhook_events() -> int:
    """Delete some events of a month ago of which nothing is left to tell; return how many."""
    return webhooks.sweep_events(AT_ONCE)


# Each is repeated until it finds nothing.
SWEEPS: dict[str, Callable[[], int]] = {
    "answers kept for an Idempotency-Key": sweep_answers,
    "sessions": sweep_sessions,
    "sign-ins over the API": sweep_sign_ins,
    "sign-ins on the web": sweep_social_sign_ins,
    "wrong passwords": sweep_wrong_passwords,
    "bans": sweep_bans,
    "failed registrations": sweep_failed_registrations,
    "changes of gateways": sweep_gateway_changes,
    "imports of numbers and changes to many": sweep_undertakings,
    "deliveries to webhooks": sweep_webhook_deliveries,
    "events told to webhooks": sweep_webhook_events,
    "cache entries": sweep_cache,
}


class Command(BaseCommand):
    help = (
        "Delete sessions, sign-ins, bans, cached values and kept answers whose time is over, tell the switches of revocations "
        "that they missed, and count for the dashboard what changed. For cron, once an hour or a day."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"revocations: {errands.repeat()} told late")
        self.stdout.write(f"tallies: {self._count_calls()} days counted anew")
        self.stdout.write(f"webhooks: {wake_overdue()} sent to late")
        for name, sweep in SWEEPS.items():
            deleted = 0
            # On a terminal only; and only where it takes long enough to be seen.
            with tqdm(desc=name, unit=" rows", disable=None, delay=1, leave=False) as progress:
                while batch := sweep():
                    deleted += batch
                    progress.update(batch)
            self.stdout.write(f"{name}: {deleted} deleted")

    @staticmethod
    def _count_calls() -> int:
        """Count the days anew on which a call changed; return how many."""
        days = 0
        while count_a_day():
            days += 1
        return days
