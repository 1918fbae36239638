"""`/metrics`: how the portal stands and what it was asked, for Prometheus."""

import hmac
import logging
import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from portal.metrics_files import VARIABLE
from telephony.services.measures import Measure, measures
from web.addresses import client_address, forwarded_by_a_stranger, in_networks
from web.errors import problem_response
from web.proofs import KEY_HEADER

logger = logging.getLogger("portal.metrics")


@csrf_exempt
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the operator, and whoever asks from an allowed network; for everybody else there is no such page, or no entry."""
    return _refusal(request) or _answer(request)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme and _is_allowed(request):
        return None
    if not settings.MAINTENANCE_TOKEN:
        raise Http404
    if scheme.lower() != "bearer":
        return _unauthorised(request, "not_authenticated", "The operator's token is wanted.")
    if request.headers.get(KEY_HEADER) is not None:
        return problem_response(request, 400, "ambiguous_credentials", "Give the maintenance token alone.")
    if not hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), settings.MAINTENANCE_TOKEN.encode()):
        return _unauthorised(request, "authentication_failed", "This is not the maintenance token.")
    return None


def _is_allowed(request: HttpRequest) -> bool:
    """Tell whether it comes from a network that needs no token."""
    return in_networks(client_address(request), settings.METRICS_ALLOWED_CIDRS) and not forwarded_by_a_stranger(request)


def _unauthorised(request: HttpRequest, code: str, detail: str) -> HttpResponse:
    return problem_response(request, 401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="maintenance"'})


@require_safe
def _answer(request: HttpRequest) -> HttpResponse:
    """Tell what this server's workers were asked, and how things stand."""
    standing = CollectorRegistry(auto_describe=False)
    standing.register(StandingCollector())
    return HttpResponse(generate_latest(_requests()) + generate_latest(standing), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _requests() -> CollectorRegistry:
    """Return what was counted of requests: by all workers of this server, or by this process where it is alone."""
    if VARIABLE not in os.environ:
        return REGISTRY
    registry = CollectorRegistry(auto_describe=False)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class StandingCollector(Collector):
    """How things stand, from the database: any worker tells the same."""

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges; where the database is away, only that it is."""
        try:
            found: list[Any] = list(measures())
        except (OperationalError, InterfaceError):
            logger.warning("the database is away", exc_info=True)
            found = []
        yield _gauge(Measure("portal_database_up", "Whether the database answers.", (), [((), bool(found))]))
        for measure in found:
            yield _gauge(measure)


def _gauge(measure: Measure) -> GaugeMetricFamily:
    family = GaugeMetricFamily(measure.name, measure.says, labels=measure.labels)
    for labels, value in measure.samples:
        family.add_metric(labels, float(value))
    return family
