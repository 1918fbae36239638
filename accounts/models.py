"""Who may come in: people, their API keys, invitations, and the log of what they did."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

import accounts.factors  # noqa: F401 - Django looks for models here
from web.request_context import current_address, current_request_id


class Change(NamedTuple):
    """A named value before and after an action, as text; "" where there was none."""

    name: str
    before: str
    after: str


class Role(models.TextChoices):
    """What a person may do, from least to most."""

    USER = "user"
    STAFF = "staff"
    ADMIN = "admin"


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


def api_key_digest(key: str) -> str:
    """Return the peppered HMAC-SHA256 of an API key, as hex: all that is ever stored of it."""
    return hmac.new(settings.API_KEY_PEPPER.encode(), key.encode(), hashlib.sha256).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Sets of API keys."""

    def usable(self, at: datetime | None = None) -> Self:
        """Return the keys that open something at this moment."""
        at = at or timezone.now()
        return self.filter(revoked_at=None, user__is_active=True).filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def visible_to(self, user: User) -> Self:
        """Return the keys that this person may see and revoke: staff everybody's, others their own."""
        return self if user.is_staff else self.filter(user=user)

    def for_listing(self) -> Self:
        """Load with each key whose it is."""
        return self.select_related("user")


class ApiKeyManager(models.Manager["ApiKey"]):
    """Makes API keys."""

    def issue(self, user: User, name: str, **fields: Any) -> "tuple[ApiKey, str]":
        """Create a key; return its row and the key itself, which cannot be had again."""
        key = str(uuid.uuid4())
        return self.create(user=user, name=name, prefix=key[:8], digest=api_key_digest(key), **fields), key


class ApiKey(models.Model):
    """A long-lived proof for a program; the key itself is not kept, only its peppered digest."""

    user = models.ForeignKey(User, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, editable=False, help_text="The key's first eight characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, blank=True, help_text="Empty: all that its owner may do.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyManager.from_queryset(ApiKeyQuerySet)()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "API key"
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="api_key_has_a_name"),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_at__gte=F("created_at")), name="api_key_revoked_after_creation"
            ),
        )
        indexes = (
            models.Index(fields=("user", "-created_at"), name="api_key_of_user"),
            models.Index(fields=("-created_at", "-id"), name="api_key_newest"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """Whether it opens something, in a word, or why it does not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active" if self.user.is_active else "deactivated"

    def revoke(self) -> bool:
        """Refuse this key from the next request on; tell whether it was not revoked before."""
        now = timezone.now()
        # Of two that revoke it at once, one did.
        if not ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now):
            return False
        self.revoked_at = now
        return True


class SignInManager(models.Manager["SignIn"]):
    """Begins sign-ins at Auth0, and ends each once."""

    LIFETIME = timedelta(minutes=10)

    def begin(self) -> "tuple[SignIn, str]":
        """Note that somebody goes to Auth0; return the row and the state by which he is known when he comes back."""
        now = timezone.now()
        self.filter(expires_at__lte=now).delete()
        state = secrets.token_urlsafe(32)
        row = self.create(
            state_digest=_state_digest(state),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            expires_at=now + self.LIFETIME,
        )
        return row, state

    def take(self, state: str) -> "SignIn | None":
        """Return the sign-in of this state and forget it: of several who bring the same state, one gets it."""
        found = self.filter(state_digest=_state_digest(state), expires_at__gt=timezone.now()).first()
        # The deletion decides, not what was read before it.
        if found is None or not self.filter(pk=found.pk).delete()[0]:
            return None
        return found


def _state_digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()


class SignIn(models.Model):
    """Somebody on his way to Auth0 and back: what only this portal and Auth0 may know of it; gone when he is back."""

    # The state opens what comes back: like a key it is not kept itself.
    state_digest = models.CharField(max_length=64, unique=True, editable=False)
    nonce = models.CharField(max_length=64, editable=False)
    code_verifier = models.CharField(max_length=128, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = SignInManager()

    class Meta:
        verbose_name = "sign-in under way"
        verbose_name_plural = "sign-ins under way"

    def __str__(self) -> str:
        return f"sign-in begun {self.created_at:%Y-%m-%d %H:%M:%S}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Sets of invitations."""

    def standing(self) -> Self:
        """Return those that let somebody in: sent or accepted, and not withdrawn."""
        return self.filter(withdrawn_at=None)

    def to(self, email: str) -> Self:
        """Return those to an address. Addresses that only look or fold like it are none of it."""
        return self.filter(email=email.lower()) if email.isascii() else self.none()


class Invitation(models.Model):
    """Leave for a person of this e-mail address to work as staff; withdrawing it also ends what was accepted."""

    email = models.EmailField(help_text="Kept in lower case.")
    role = models.CharField(max_length=8, choices=Role, default=Role.STAFF)
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="invitations_sent")
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="invitations_accepted")
    created_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                Lower("email"), condition=Q(accepted_at=None, withdrawn_at=None), name="invitation_open_once_per_email"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None) | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    @property
    def state(self) -> str:
        """What became of it, in a word."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "open" if self.accepted_at is None else "accepted"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Sets of entries; what is written down stays as it is."""

    def update(self, **values: Any) -> NoReturn:
        """Refuse: the log is only ever added to."""
        raise TypeError("the audit log is append-only")

    def delete(self) -> NoReturn:
        """Refuse: the log is only ever added to."""
        raise TypeError("the audit log is append-only")


class AuditEntryManager(models.Manager["AuditEntry"]):
    """Writes the log."""

    def record(
        self,
        action: str,
        target: models.Model | None = None,
        *,
        actor: User | None = None,
        actor_label: str = "",
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> "AuditEntry":
        """Write down who did what to what, and what changed; secrets are never passed in.

        From where, and with which request, is known from the request that is being answered, if any.
        """
        return self.create(
            action=action,
            actor=actor,
            actor_label=actor_label or (str(actor) if actor else ""),
            target_type=target._meta.label_lower if target else "",
            target_id=str(target.pk) if target else "",
            target_label=str(target)[:255] if target else "",
            address=current_address(),
            request_id=current_request_id(),
            before=before or {},
            after=after or {},
        )


class AuditEntry(models.Model):
    """One line of the log of what people and programs did; written once, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="audit_entries")
    actor_label = models.CharField(max_length=255, blank=True, default="")
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64, blank=True, default="")
    target_id = models.CharField(max_length=64, blank=True, default="")
    target_label = models.CharField(max_length=255, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = AuditEntryManager.from_queryset(AuditEntryQuerySet)()

    class Meta:
        ordering = ("-at", "-id")
        verbose_name_plural = "audit entries"
        indexes = (
            models.Index(fields=("-at", "-id"), name="audit_newest"),
            models.Index(fields=("actor", "-at"), name="audit_of_actor"),
            models.Index(fields=("target_type", "target_id", "-at"), name="audit_of_target"),
        )
        constraints = (models.CheckConstraint(condition=~Q(action=""), name="audit_action_never_blank"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the entry, once."""
        if not self._state.adding:
            raise TypeError("the audit log is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: the log is only ever added to."""
        raise TypeError("the audit log is append-only")

    @property
    def changes(self) -> Sequence[Change]:
        """What the entry says was before and after, by name; what did not change was not before."""
        names = {**self.before, **self.after}
        pairs = ((name, _plain(self.before.get(name)), _plain(self.after.get(name))) for name in names)
        return [Change(name, "" if before == after else before, after) for name, before, after in pairs]


def _plain(value: Any) -> str:
    """Return a value of an entry as text."""
    return "" if value is None else str(value)
