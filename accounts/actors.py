"""Who stands behind a request of the console or of Django's admin."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def actor_of(request: HttpRequest) -> User:
    """Return the signed-in person. Raises PermissionDenied where nobody is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
