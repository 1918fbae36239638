"""People, keys, invitations and the audit log in Django's admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from social_django.models import Association, Nonce, UserSocialAuth

from accounts.actors import actor_of
from accounts.forms import InvitationForm
from accounts.invitations import send_invitation, withdraw_invitation
from accounts.models import ApiKey, AuditEntry, Invitation, User
from accounts.services import revoke_key
from web.admin import KeptAdmin, RecordAdmin

Values = dict[str, Any] | None

admin.site.site_header = admin.site.site_title = "MediaMagic Portal administration"
admin.site.index_title = "Administration"
# Permissions come with the role: groups would be a second place to look for them.
admin.site.unregister(Group)
# Nothing of these is anybody's to look at or to change: a person is who he is by issuer and subject.
admin.site.unregister((Association, Nonce, UserSocialAuth))


def _write_down(request: HttpRequest, action: str, target: Model, before: Values = None, after: Values = None) -> None:
    AuditEntry.objects.record(
        action,
        target,
        actor=actor_of(request),
        before=before,
        after=after,
    )


@admin.register(User)
class UserAdmin(KeptAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    """People; a password is set, never shown."""

    list_display = ("__str__", "auth0_id", "email", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    search_fields = ("username", "name", "email", "subject")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("issuer", "subject", "last_login", "created_at", "updated_at", "password_state")
    fieldsets = (
        (None, {"fields": ("username", "name", "email", "role", "is_active")}),
        ("Auth0", {"fields": ("issuer", "subject")}),
        ("Times", {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2")}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let only superusers make people by hand: others come through Auth0."""
        return actor_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep superusers out of the reach of everybody else."""
        if obj is not None and obj.is_superuser and not actor_of(request).is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Leave to admins the role and the activity: by a name somebody could sign in as another."""
        named = () if actor_of(request).is_superuser else ("username", "name", "email")
        return (*named, *self.readonly_fields)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show superusers whether there is a password, and the way to a new one."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not actor_of(request).is_superuser:
            return fieldsets
        return (*fieldsets, ("Password", {"fields": ("password_state",)}))

    @admin.display(description="Password")
    def password_state(self, user: User) -> SafeString:
        """Tell whether a password is set, and nothing of its hash."""
        state = "Set" if user.has_usable_password() else "None"
        address = reverse("admin:auth_user_password_change", args=(user.pk,))
        return format_html('{}. <a href="{}">Set another</a>', state, address)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's name
        """Let superusers set a password; whoever may set another's can sign in as them."""
        if not actor_of(request).is_superuser:
            raise PermissionDenied
        response = super().user_change_password(request, id, form_url)
        # Django's view saves past `save_model`; only where it has saved does it lead back to the person's page.
        if request.method == "POST" and response.headers.get("Location") == reverse("admin:accounts_user_change", args=(id,)):
            _write_down(request, "user.password_set", User.objects.get(pk=id))
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save, and write down what changed of who somebody is."""
        watched = ("role", "is_active", "username", "email", "name")
        before = dict(User.objects.filter(pk=obj.pk).values(*watched).first() or {}) if change else {}
        super().save_model(request, obj, form, change)
        after = {name: getattr(obj, name) for name in watched}
        _write_down(request, "user.changed" if change else "user.created", obj, before=before, after=after)


@admin.register(ApiKey)
class ApiKeyAdmin(KeptAdmin):
    """API keys: to look at, and to revoke."""

    list_display = ("name", "prefix", "user", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), ("expires_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username", "user__name", "user__subject")
    fields = readonly_fields = ("name", "prefix", "user", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    actions = ("revoke_selected",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Issue none here: a key has to be shown once, and this is not the place."""
        return False

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke keys from the next request on."""
        for key in queryset:
            revoke_key(key, actor=actor_of(request))
        self.message_user(request, "The keys are revoked; they open nothing any more.", messages.SUCCESS)


@admin.register(Invitation)
class InvitationAdmin(KeptAdmin):
    """Who may come to work as staff."""

    form = InvitationForm
    list_display = ("email", "role", "invited_by", "created_at", "accepted_at", "withdrawn_at")
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter), ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("invited_by",)
    search_fields = ("email",)
    actions = ("withdraw_selected",)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> tuple[str, ...]:
        """Show what became of one that was sent."""
        return ("email", "role", "invited_by", "accepted_at", "accepted_by", "withdrawn_at") if obj else ("email", "role")

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Fix what was sent; on the list, the action needs leave to change."""
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Send it."""
        send_invitation(obj, actor=actor_of(request))

    @admin.action(description="Withdraw the selected invitations", permissions=["change"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Withdraw those that stand; who came in by one is staff no longer."""
        withdrawn = sum(withdraw_invitation(invitation, actor=actor_of(request)) for invitation in queryset)
        self.message_user(request, f"{withdrawn} withdrawn; others were withdrawn before.", messages.SUCCESS)


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    """The log: read only, newest first."""

    list_display = ("at", "actor_label", "action", "target_label", "address")
    search_fields = ("actor_label", "action", "target_label", "target_id__exact")
    ordering = ("-at", "-id")
