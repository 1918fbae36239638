"""Permissions by role, beside those that Django keeps in groups."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Model

from accounts.models import User
from accounts.roles import ROLE_PERMISSIONS


class RoleBackend(ModelBackend):
    """Sign-in by password, and the permissions of the person's role; a deactivated person has none."""

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return every permission of a person."""
        own = super().get_all_permissions(user_obj, obj)
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return own
        return own | ROLE_PERMISSIONS[user_obj.role]
