"""People and their roles."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class Role(models.TextChoices):
    """What a person may do, from least to most."""

    USER = "user"
    STAFF = "staff"
    ADMIN = "admin"


def called(text: str, whose: str = "") -> models.Q:
    """Return what holds of people with this in their name, e-mail address or Auth0 id, or as their user name.

    `whose` leads from another model to the person, such as `user__`.
    """
    parts = {f"{whose}{name}__icontains": text for name in ("name", "email", "subject")}
    return models.Q(**parts, _connector=models.Q.OR) | models.Q(**{f"{whose}username__iexact": text})


class UserManager(BaseUserManager["User"]):
    """Makes people: by a password for the console, or by the subject that Auth0 knows them by."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password none can be used."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Create the person who may do everything, also in `/admin/`."""
        return self.create_user(username, password, **({"role": Role.ADMIN, "is_superuser": True} | fields))

    def by_subject(self, issuer: str, subject: str) -> "User":
        """Return the person whom the issuer knows as `subject`, created on first sight."""
        user, _ = self.get_or_create(
            issuer=issuer, subject=subject, defaults={"username": f"auth0-{uuid.uuid4().hex}", "password": "!"}
        )
        return user

    def called(self, text: str) -> models.QuerySet["User"]:
        """Return those who have this in their name, e-mail address or Auth0 id, or as their user name."""
        return self.filter(called(text))

    def change(self, user: "User", **fields: Any) -> bool:
        """Store what is new of a person, here and in the database; tell whether it was still as `user` shows it.

        Of several that see the same change at once, one does it.
        """
        before = {name: getattr(user, name) for name in fields}
        changed = self.filter(pk=user.pk, **before).update(**fields, updated_at=timezone.now())
        for name, value in fields.items():
            setattr(user, name, value)
        return changed == 1


class User(AbstractBaseUser, PermissionsMixin):
    """A person, keyed by (issuer, subject); never matched by e-mail."""

    username = models.CharField(max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    issuer = models.CharField(max_length=255, blank=True, default="")
    # NULL, not blank, for who never came through Auth0: blanks would collide in the unique constraint.
    subject = models.CharField(  # noqa: DJ001
        "Auth0 id", max_length=255, null=True, blank=True, help_text="The `sub` of the person's tokens."
    )
    name = models.CharField(max_length=255, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    role = models.CharField(max_length=8, choices=Role, default=Role.USER)
    role_named_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the token was made that last named the role."
    )
    is_active = models.BooleanField(default=True, help_text="A deactivated person is refused at the next request.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # No column, so that no save can store it: the most that this person may be in the session that is being answered.
    session_ceiling: Role | None = None

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("username",)
        constraints = (
            models.UniqueConstraint(fields=("issuer", "subject"), name="user_once_per_subject"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(condition=~Q(subject=""), name="user_subject_never_blank"),
        )
        indexes = (models.Index(Lower("email"), name="user_email"),)

    def __str__(self) -> str:
        return self.name or self.email or self.subject or self.username

    @property
    def full_role(self) -> Role:
        """The most that this person may be, which is what programs that act for him are."""
        return Role.ADMIN if self.is_superuser else Role(self.role)

    @property
    def effective_role(self) -> Role:
        """The role in force: the full one, or less in a session that was not let in as more."""
        role = self.full_role
        return role if self.session_ceiling is None else min(role, self.session_ceiling, key=list(Role).index)

    @property
    def is_staff(self) -> bool:
        """Whether this person works for the service: sees every call, and Django's admin."""
        return self.effective_role in (Role.STAFF, Role.ADMIN)

    @property
    def auth0_id(self) -> str:
        """The name under which Auth0 knows this person, "" for one who only has a password."""
        return self.subject or ""

    def get_full_name(self) -> str:
        """Return the name to greet the person by."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the name to greet the person by."""
        return str(self)
