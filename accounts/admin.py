"""People, keys, invitations and the audit log in Django's admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ApiKey, AuditEntry, Invitation, User
from accounts.services import revoke_key
from web.addresses import client_address
from web.admin import KeptAdmin, ReadOnlyAdmin, CappedPaginator
from web.request_id import current_request_id

admin.site.site_header = admin.site.site_title = "MediaMagic Portal administration"
admin.site.index_title = "Administration"
# Permissions come with the role: groups would be a second place to look for them.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(KeptAdmin, DjangoUserAdmin):
    """People; a password is set, never shown."""

    list_display = ("__str__", "auth0_id", "email", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    search_fields = ("username", "name", "email", "subject")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("issuer", "subject", "last_login", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("username", "name", "email", "role", "is_active")}),
        ("Auth0", {"fields": ("issuer", "subject")}),
        ("Times", {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2")}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let only superusers make people by hand: others come through Auth0."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep superusers out of the reach of everybody else."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save, and write down what changed of who somebody is."""
        watched = ("role", "is_active", "username", "email", "name")
        before = dict(User.objects.filter(pk=obj.pk).values(*watched).first() or {}) if change else {}
        super().save_model(request, obj, form, change)
        after = {name: getattr(obj, name) for name in watched}
        AuditEntry.objects.record(
            "user.changed" if change else "user.created", obj, actor=request.user,
            address=client_address(request), request_id=current_request_id(), before=before, after=after,
        )  # fmt: skip


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
            revoke_key(key, actor=request.user, address=client_address(request), request_id=current_request_id())
        self.message_user(request, "The keys are revoked; they open nothing any more.", messages.SUCCESS)


@admin.register(Invitation)
class InvitationAdmin(KeptAdmin):
    """Who may come to work as staff."""

    list_display = ("email", "role", "invited_by", "created_at", "accepted_at", "withdrawn_at")
    list_filter = ("role",)
    list_select_related = ("invited_by",)
    search_fields = ("email",)
    fields = ("email", "role", "withdrawn_at", "accepted_at", "accepted_by")
    readonly_fields = ("accepted_at", "accepted_by")

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Note who invited."""
        obj.email = obj.email.lower()
        if not change:
            obj.invited_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The log: read only, newest first."""

    list_display = ("at", "actor_label", "action", "target_label", "address")
    list_filter = ("action",)
    search_fields = ("actor_label", "target_label", "target_id")
    paginator = CappedPaginator
    list_select_related = ("actor",)
