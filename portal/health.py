"""Whether the portal is alive, and whether it is ready for requests."""

import logging
import tempfile
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger("portal.health")


class NotReadyError(Exception):
    """A part is not ready; the message is for the operator and holds no secret."""


def check_database() -> None:
    """Ask the database for an answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    """Compare the migrations that are applied with those that this version has."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReadyError(f"{len(missing)} migrations are not applied: run manage.py migrate")


def check_storage() -> None:
    """Write a file where recordings go."""
    settings.RECORDINGS_ROOT.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.RECORDINGS_ROOT):
        return


CHECKS: dict[str, Callable[[], None]] = {"database": check_database, "migrations": check_migrations, "storage": check_storage}


def _outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReadyError as error:
        return str(error)
    except (DatabaseError, OSError) as error:
        logger.warning("not ready", exc_info=True)
        return f"failed: {type(error).__name__}"
    return "ok"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process answers at all; touches nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part is ready, 503 naming the one that is not."""
    outcomes = {name: _outcome(check) for name, check in CHECKS.items()}
    ready = set(outcomes.values()) == {"ok"}
    return JsonResponse({"status": "ok" if ready else "unavailable", "checks": outcomes}, status=200 if ready else 503)
