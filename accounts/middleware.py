"""Who sends a request of the console, and as what."""

from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.sessions import seated


class SessionRoleMiddleware(AuthenticationMiddleware):
    """Django's own, whose `request.user` is no more than the session lets the person be."""

    def process_request(self, request: HttpRequest) -> None:
        """Name the person, as soon as somebody asks."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: seated(get_user(request), request.session))  # type: ignore[assignment]
