"""`Idempotency-Key`: a POST that is sent again acts once, and is answered as it was the first time."""

import functools
import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from web.errors import CONTENT_TYPE, Problem
from web.models import IdempotentRequest
from web.negotiation import SentFile

logger = logging.getLogger("portal.idempotency")

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = timedelta(hours=24)
# No view works for so long: whoever holds a request beyond was killed.
LEASE = timedelta(seconds=60)
KEPT_HEADERS = ("Cache-Control", "Location")
SWEPT_AT_ONCE = 100
ATTEMPTS = 5
OPERATOR: Final = "operator"
_KEY = re.compile(r"[ -~]{1,255}")
_ATTRIBUTE = "idempotency"
_MARK = "acts_once"

V = TypeVar("V")
P = ParamSpec("P")
Handler = Callable[Concatenate[V, Request, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The key with which a request came that a view works on.

    `taken_over` says that an earlier try with it began and never ended: it may have acted, or not.
    """

    key: str
    taken_over: bool
    secret_members: tuple[str, ...]
    held: QuerySet[IdempotentRequest]


def idempotency_of(request: Request) -> Idempotency | None:
    """Return the key that a request came with, also to be had as `request.idempotency`; None where it came without."""
    return getattr(request, _ATTRIBUTE, None)


def idempotent(*secret_members: str) -> Callable[[Handler[V, P]], Handler[V, P]]:
    """Let a view's `post` act once for each Idempotency-Key of a caller; the view is an `ApiView`.

    Members of the answer that are named here are not kept: where it is sent again they are null.
    """

    def decorate(post: Handler[V, P]) -> Handler[V, P]:
        @functools.wraps(post)
        def once(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            key = request.headers.get(HEADER)
            if key is None:
                return post(view, request, *args, **kwargs)
            row, taken_over = _claim(request, key)
            if row.state == IdempotentRequest.State.DONE:
                return _replay(row)
            held = IdempotentRequest.objects.filter(pk=row.pk, attempt=row.attempt)
            setattr(request, _ATTRIBUTE, Idempotency(key, taken_over, secret_members, held))
            return post(view, request, *args, **kwargs)

        setattr(once, _MARK, secret_members)
        return once

    return decorate


def is_idempotent(handler: Callable[..., Any]) -> bool:
    """Tell whether a view's handler takes an Idempotency-Key."""
    return hasattr(handler, _MARK)


def secret_members_of(handler: Callable[..., Any]) -> tuple[str, ...]:
    """Return the members that a handler's answer shows once, and that are null where it is sent again."""
    members: tuple[str, ...] = getattr(handler, _MARK, ())
    return members


# -- the claim -------------------------------------------------------------------------------------------------------------


def _claim(request: Request, key: str) -> tuple[IdempotentRequest, bool]:
    """Return the request's row, either done or held by nobody but us, and whether somebody held it before.

    Raises Problem where the key is malformed, came with another body, or is being worked on.
    """
    if not _KEY.fullmatch(key):
        raise Problem(400, "malformed_idempotency_key", f"{HEADER} is 1 to 255 printable ASCII characters.")
    body_digest = _digest(json.dumps(request.data, sort_keys=True, separators=(",", ":"), default=_file_as_json))
    names = {
        "caller": _caller_of(request),
        "target_digest": _digest(f"{request.method} {request.get_full_path()}"),
        "key_digest": _digest(key),
    }
    for _ in range(ATTEMPTS):
        claimed = _try_to_claim(names, body_digest)
        if claimed is not None:
            return claimed
    raise _in_progress()


def _try_to_claim(names: Mapping[str, str], body_digest: str) -> tuple[IdempotentRequest, bool] | None:
    """Do so once; return None where somebody else was faster."""
    now = timezone.now()
    fresh = {"body_digest": body_digest, "created_at": now, "lease_until": now + LEASE}
    try:
        # The unique constraint decides among those who come at once; the row is committed before the view begins.
        row, is_new = IdempotentRequest.objects.get_or_create(**names, defaults=fresh)
    except IntegrityError:
        # The other one's row was forgotten before it could be read.
        return None
    if is_new:
        sweep(SWEPT_AT_ONCE)
        return row, False
    if row.created_at <= now - KEPT_FOR and row.lease_until <= now:
        return (row, False) if _take(row, fresh) else None
    _check(row, body_digest, now)
    if row.state == IdempotentRequest.State.DONE:
        return row, False
    return (row, True) if _take(row, {"lease_until": now + LEASE}) else None


def _check(row: IdempotentRequest, body_digest: str, now: datetime) -> None:
    if row.body_digest != body_digest:
        raise Problem(422, "idempotency_key_reused", f"This {HEADER} came with another body before.")
    if row.state == IdempotentRequest.State.IN_FLIGHT and row.lease_until > now:
        raise _in_progress()


def _in_progress() -> Problem:
    detail = f"The first request with this {HEADER} is not answered yet."
    return Problem(409, "idempotency_in_progress", detail, {"Retry-After": "1"})


def _take(row: IdempotentRequest, values: Mapping[str, Any]) -> bool:
    """Hold a row that nobody holds any more, as it was read; tell whether nobody else was faster."""
    changes = {"state": IdempotentRequest.State.IN_FLIGHT, "status": None, "headers": {}, "body": "", **values}
    unchanged = IdempotentRequest.objects.filter(pk=row.pk, attempt=row.attempt, state=row.state)
    if not unchanged.update(attempt=F("attempt") + 1, **changes):
        return False
    row.attempt += 1
    row.state = IdempotentRequest.State.IN_FLIGHT
    return True


def _caller_of(request: Request) -> str:
    """Name the person, whichever proof they gave, or the operator."""
    if request.user.pk is not None:
        return f"user:{request.user.pk}"
    if not request.user.is_authenticated:
        raise NotAuthenticated
    return OPERATOR


def _file_as_json(file: SentFile) -> list[str]:
    """Return what makes a file the same file."""
    return [file.name, hashlib.sha256(file.content).hexdigest()]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# -- the answer ------------------------------------------------------------------------------------------------------------


def _replay(row: IdempotentRequest) -> HttpResponseBase:
    headers = {**row.headers, REPLAYED: "true"}
    status = row.status or 200
    if status >= 400:
        return HttpResponse(row.body, status=status, content_type=CONTENT_TYPE, headers=headers)
    return Response(json.loads(row.body) if row.body else None, status=status, headers=headers)


def settle(request: Request, response: HttpResponseBase) -> None:
    """Keep the answer to a request that came with a key, unless it says to try again."""
    held = idempotency_of(request)
    if held is None:
        return
    if response.status_code >= 500 or response.status_code in (401, 429):
        release(request)
        return
    answer = {
        "state": IdempotentRequest.State.DONE,
        "status": response.status_code,
        "headers": {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
        "body": _body_of(response, held.secret_members),
    }
    try:
        held.held.update(**answer)
    except (OperationalError, InterfaceError):
        # What was done was done, and its answer says so. The request counts as cut off: a repeat is told that it is one.
        logger.exception("the answer could not be kept")


def release(request: Request) -> None:
    """Forget a request that came to nothing: the next one with its key is the first."""
    held = idempotency_of(request)
    if held is None:
        return
    try:
        held.held.delete()
    except (OperationalError, InterfaceError):
        logger.exception("the request could not be forgotten; it is free again after its lease")


def _body_of(response: HttpResponseBase, secret_members: tuple[str, ...]) -> str:
    if not isinstance(response, Response):
        return response.content.decode() if isinstance(response, HttpResponse) else ""
    data = response.data
    if isinstance(data, Mapping):
        data = {name: None if name in secret_members else value for name, value in data.items()}
    return "" if data is None else json.dumps(data, cls=JSONEncoder, ensure_ascii=False)


# -- what is over ----------------------------------------------------------------------------------------------------------


def sweep(most: int) -> int:
    """Delete at most so many requests whose day is over; return how many."""
    with transaction.atomic():
        now = timezone.now()
        over = IdempotentRequest.objects.filter(created_at__lte=now - KEPT_FOR, lease_until__lte=now)
        # Two that sweep at once pass each other by.
        oldest = over.select_for_update(skip_locked=True).order_by("created_at").values_list("pk", flat=True)[:most]
        return IdempotentRequest.objects.filter(pk__in=list(oldest)).delete()[0]
