"""Which webhooks the pages show to whom."""

import functools
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache

from accounts.permissions import person_of
from webhooks.models import Subscription

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
EVERYBODY: Final = "everybody"


def signed_in(view: View[P]) -> View[P]:
    """Let in whoever is signed in; no browser keeps the answer."""

    @login_required
    @never_cache
    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(request, *args, **kwargs)

    return guarded


def find(request: HttpRequest, webhook_id: int, *, own: bool = False) -> Subscription:
    """Return a webhook that its reader may see; with `own` one of theirs. Raises Http404."""
    person = person_of(request)
    visible = Subscription.objects.visible_to(person).for_listing()
    return get_object_or_404(visible.of(person) if own else visible, pk=webhook_id)
