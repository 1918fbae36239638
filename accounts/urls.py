"""Signing in and out of the console, and who may; one's keys; the audit log."""

from django.urls import path

from accounts.backends import CALLBACK_PATH
from accounts.views import auth0, invitations, second_factor
from accounts.views.audit import audit_list
from accounts.views.keys import key_create, key_list, key_revoke
from accounts.views.sign_in import SignInView, admin_sign_in, sign_out
from web.read_only import served_when_read_only

urlpatterns = [
    path("audit/", audit_list, name="audit-list"),
    path("keys/", key_list, name="key-list"),
    path("keys/new", key_create, name="key-create"),
    path("keys/<int:key_id>/revoke", key_revoke, name="key-revoke"),
    path("login", served_when_read_only(SignInView.as_view()), name="login"),
    path("login/auth0/", auth0.begin, name="sign-in-auth0"),
    path(CALLBACK_PATH.removeprefix("/"), auth0.complete, name="sign-in-auth0-complete"),
    path("login/code", second_factor.sign_in_code, name="sign-in-code"),
    path("logout", sign_out, name="logout"),
    # Before Django's own, whose form knows neither the lockout page nor the second factor.
    path("admin/login/", admin_sign_in),
    path("admin/logout/", sign_out),
    path("account/second-factor", second_factor.second_factor, name="second-factor"),
    path("account/second-factor/start", second_factor.start, name="second-factor-start"),
    path("account/second-factor/confirm", second_factor.confirm, name="second-factor-confirm"),
    path("account/second-factor/codes", second_factor.renew_codes, name="second-factor-codes"),
    path("account/second-factor/remove", second_factor.remove, name="second-factor-remove"),
    path("invitations/", invitations.invitation_list, name="invitation-list"),
    path("invitations/<int:invitation_id>/withdraw", invitations.invitation_withdraw, name="invitation-withdraw"),
]
