"""Which webhooks a request of the API may see, and which it may change."""

from typing import Any, Final

from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.permissions import HasScope, IsActiveUser, person_of
from web.parameters import ApiView
from web.read_only import SAFE_METHODS
from webhooks.models import Subscription, SubscriptionQuerySet

READ: Final = (IsActiveUser, HasScope("calls:read"))
# What a webhook is told is what `calls:read` opens: without that a key cannot have it told.
WRITE: Final = (*READ, HasScope("calls:write"))


class WebhookView(ApiView):
    """For everybody, of their own; by keys of the scope `calls:read`, and to change something `calls:write` besides."""

    def get_permissions(self) -> list[Any]:
        """Want what the method needs."""
        return [each() for each in (READ if self.request.method in SAFE_METHODS else WRITE)]


def reaches_everybody(request: Request) -> bool:
    """Tell whether a request's proof opens what is for staff: a narrowed key needs the scope for it."""
    key = request.auth
    return not isinstance(key, ApiKey) or not key.scopes or "admin" in key.scopes


def visible(request: Request) -> SubscriptionQuerySet:
    """Return the webhooks that a request may see: what one of everybody's calls is told, a narrowed key may not read."""
    person = person_of(request)
    if reaches_everybody(request):
        return Subscription.objects.visible_to(person).for_listing()
    return Subscription.objects.of(person).filter(scope=Subscription.Scope.OWN).for_listing()


def find(request: Request, subscription_id: int, *, own: bool = False) -> Subscription:
    """Return a webhook that may be seen; with `own` one of the person's own. Raises Http404."""
    found = visible(request)
    if own:
        found = found.of(person_of(request))
    subscription = found.filter(pk=subscription_id).first()
    if subscription is None:
        raise Http404
    return subscription


def check_scope(request: Request, scope: str | None) -> None:
    """Raise PermissionDenied where somebody may not be told of everybody's."""
    if scope != Subscription.Scope.ALL:
        return
    if not person_of(request).is_staff:
        raise PermissionDenied("Only staff are told of everybody's calls.")
    if not reaches_everybody(request):
        raise PermissionDenied("This key lacks the scope admin.")
