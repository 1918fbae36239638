"""Who may do what over the API."""

from typing import Any, Final

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.authentication import Operator
from accounts.models import ApiKey, Role, User

# What a key can be narrowed to, and what each opens, in a sentence for whoever makes one.
SCOPES: Final = {
    "calls:read": "See your calls, and listen to their recordings.",
    "calls:write": "Place and hang up call links, and delete recordings.",
    "numbers:write": (
        "Get your number and extension, give them back, set your phone's password, register your cell phone, "
        "forward your calls."
    ),
    "admin": "Make, list and revoke keys; where you work as staff, also what is for staff.",
}


def person_of(request: Request | HttpRequest) -> User:
    """Return who asks. Raises NotAuthenticated where no person does."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class IsActiveUser(BasePermission):
    """A person who has not been deactivated."""

    message = "This is for signed-in people."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether a person asks."""
        return isinstance(request.user, User) and request.user.is_active


class IsStaff(IsActiveUser):
    """A person who works for the service."""

    message = "This is for staff."
    audience = "staff"

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether a member of staff asks."""
        return super().has_permission(request, view) and request.user.is_staff


class IsAdmin(IsActiveUser):
    """A person who says who else works for the service."""

    message = "This is for admins."
    audience = "admins"

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether an admin asks."""
        who = request.user
        return super().has_permission(request, view) and isinstance(who, User) and who.effective_role == Role.ADMIN


class IsOperator(BasePermission):
    """Whoever holds the maintenance token."""

    message = "This is for the operator."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether the operator asks."""
        return isinstance(request.user, Operator)


def HasScope(scope: str) -> type[BasePermission]:  # noqa: N802 - used where a permission class stands
    """Return the permission that a key of narrowed scopes must have named `scope`; other proofs have every scope."""
    if scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}")

    class Scoped(BasePermission):
        message = f"This key lacks the scope {scope}."
        scope_needed = scope

        def has_permission(self, request: Request, view: Any) -> bool:
            """Tell whether the key reaches this far."""
            key = request.auth
            return not isinstance(key, ApiKey) or not key.scopes or scope in key.scopes

    return Scoped
