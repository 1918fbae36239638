"""Delete what is over, from time to time: nothing of it is ever read again."""

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management.base import BaseCommand
from django.utils import timezone
from tqdm import tqdm

from web import idempotency
from web.cache import DatabaseCache

# A transaction a batch: whoever wants to write waits for one of them at most.
AT_ONCE = 1000


def sweep_sessions() -> int:
    """Delete some of the sessions that have expired; return how many."""
    over = Session.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)[:AT_ONCE]
    return Session.objects.filter(pk__in=list(over)).delete()[0]


def sweep_cache() -> int:
    """Delete the cache's entries that have expired; a cache outside of the database does so by itself."""
    cache = caches["default"]
    return cache.delete_expired() if isinstance(cache, DatabaseCache) else 0


SWEEPS: dict[str, Callable[[], int]] = {
    "answers kept for an Idempotency-Key": lambda: idempotency.sweep(AT_ONCE),
    "sessions": sweep_sessions,
    "cache entries": sweep_cache,
}


class Command(BaseCommand):
    help = "Delete sessions, cached values and kept answers whose time is over. For cron, once an hour or once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, sweep in SWEEPS.items():
            deleted = 0
            # On a terminal only; and only where it takes long enough to be seen.
            with tqdm(desc=name, unit=" rows", disable=None, delay=1, leave=False) as progress:
                while batch := sweep():
                    deleted += batch
                    progress.update(batch)
            self.stdout.write(f"{name}: {deleted} deleted")
