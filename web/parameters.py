"""The manners of every REST view: counted, known parameters only, no HEAD that acts, nothing written in read-only mode."""

from typing import Any, ClassVar, NoReturn

import django_filters
from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from web import entity_tags, idempotency, read_only, throttling
from web.bodies import WITH_BODY, is_of_unknown_length
from web.errors import Problem
from web.proofs import KEY_HEADER

LONGEST_VALUE = 1000


class ApiView(APIView):
    """A REST view: whatever is wrong with a request's manners is refused before the view itself begins."""

    # Of GET: they say what is to be read, and no other verb reads. OPTIONS asks about such an address.
    query_parameters: ClassVar[frozenset[str]] = frozenset()
    # By which of them a list is narrowed down: the API's schema says so.
    filters: ClassVar[type[django_filters.FilterSet] | None] = None
    # Where somebody else writes the address: what is not known is then no business of ours.
    other_parameters_allowed: ClassVar[bool] = False
    # Where GET acts (assigns, dials), a HEAD must not: it is a 405.
    head_allowed: ClassVar[bool] = True
    # Whether its unsafe methods are a 503 in read-only mode. A GET that acts calls `read_only.refuse()` before it does.
    refuses_when_read_only: ClassVar[bool] = True

    @property
    def allowed_methods(self) -> list[str]:
        """Name the verbs that `Allow` tells."""
        return [method for method in super().allowed_methods if method != "HEAD" or self.head_allowed]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the request, check who sends it, and its manners."""
        throttling.admit(request)
        if request.method == "HEAD" and not self.head_allowed:
            raise MethodNotAllowed("HEAD")
        super().initial(request, *args, **kwargs)
        if not hasattr(self, str(request.method).lower()):
            # A 405, whatever else is wrong with it.
            return
        if request.method in WITH_BODY and is_of_unknown_length(request._request):
            raise Problem(411, "length_required", "A body needs a Content-Length: one that comes in pieces is not read.")
        self._check_parameters(request)
        if self.refuses_when_read_only and request.method not in read_only.SAFE_METHODS:
            read_only.refuse()
        entity_tags.check_unchanged(self, request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Tell by `Allow` what can be done here, and nothing else."""
        return Response(status=204)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Keep shared caches from answers that depend on who asks, and the answer where it may be asked for again."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if not answer.has_header("Cache-Control"):
            patch_cache_control(answer, private=True, no_cache=True)
        if self.authentication_classes:
            # A cache of one's own must not show one person's answer to the next one who signs in.
            patch_vary_headers(answer, ("Authorization", KEY_HEADER))
        if self._is_shown(request, answer):
            entity_tags.tagged(request, answer)
        idempotency.settle(request, answer)
        return answer

    def raise_uncaught_exception(self, exc: Exception) -> NoReturn:
        """Leave to Django what nobody foresaw; a repeat of the request begins anew."""
        idempotency.release(self.request)
        raise exc

    def _is_shown(self, request: Request, answer: Any) -> bool:
        """Tell whether this is something that was looked at, and nothing that was done."""
        shown = self.head_allowed and request.method in ("GET", "HEAD") and answer.status_code == 200
        return shown and isinstance(answer, Response)

    def _check_parameters(self, request: Request) -> None:
        known = self.query_parameters if request.method in ("GET", "HEAD", "OPTIONS") else frozenset()
        for name, values in request.query_params.lists():
            if name not in known:
                if self.other_parameters_allowed:
                    continue
                raise Problem(400, "unknown_parameter", f"There is no parameter {name[:100]!r} here.")
            if len(values) > 1:
                raise Problem(400, "repeated_parameter", f"The parameter {name!r} is given more than once.")
            if len(values[0]) > LONGEST_VALUE or "\0" in values[0]:
                raise Problem(400, "malformed_parameter", f"The value of {name!r} is too long, or holds a NUL.")


class NotFoundView(ApiView):
    """What is at no address of the API: a 404 for whoever asks, counted like everything else."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        throttling.admit(request)
        raise Problem(404, "not_found", "There is nothing at this address.")
