"""Which webhooks a request of the API may see, and which it may change."""

from typing import Any, Final

from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.permissions import HasScope, IsActiveUser, person_of
from web.parameters import ApiView
from web.read_only import SAFE_METHODS
from webhooks.models import Subscription

READ: Final = (IsActiveUser, HasScope("calls:read"))
# What a webhook is told is what `calls:read` opens: without that a key cannot have it told.
WRITE: Final = (*READ, HasScope("calls:write"))


class WebhookView(ApiView):
    """For everybody, of their own; by keys of the scope `calls:read`, and to change something `calls:write` besides."""

    def get_permissions(self) -> list[Any]:
        """Want what the method needs; that there is none is told to whoever may do something here."""
        method = str(self.request.method)
        acts = method not in SAFE_METHODS and hasattr(self, method.lower())
        return [each() for each in (WRITE if acts or not hasattr(self, "get") else READ)]


def find(request: Request, subscription_id: int, *, own: bool = False) -> Subscription:
    """Return a webhook that may be seen; with `own` one of the person's own.

    Raises Http404; PermissionDenied where a narrowed key would change what concerns others than its owner.
    """
    person = person_of(request)
    visible = Subscription.objects.visible_to(person).for_listing()
    subscription = (visible.of(person) if own else visible).filter(pk=subscription_id).first()
    if subscription is None:
        raise Http404
    concerns_others = subscription.user_id != person.pk or subscription.scope == Subscription.Scope.ALL
    if concerns_others and request.method not in SAFE_METHODS:
        _check_key(request)
    return subscription


def check_scope(request: Request, scope: str | None) -> None:
    """Raise PermissionDenied where somebody may not be told of everybody's."""
    if scope != Subscription.Scope.ALL:
        return
    if not person_of(request).is_staff:
        raise PermissionDenied("Only staff are told of everybody's calls.")
    _check_key(request)


def _check_key(request: Request) -> None:
    key = request.auth
    if isinstance(key, ApiKey) and key.scopes and "admin" not in key.scopes:
        raise PermissionDenied("This key lacks the scope admin.")
