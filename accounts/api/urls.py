"""What REST clients and the operator call of people and keys, below `/api/v2/`."""

from django.urls import path

from accounts.api.audit import AuditList
from accounts.api.invitations import InvitationDetail, InvitationList
from accounts.api.maintenance import KeyDetail, KeyList, ReadOnly
from accounts.api.sign_in import Callback, Login, Refresh
from accounts.api.tokens import TokenDetail, TokenList

urlpatterns = [
    path("audit", AuditList.as_view(), name="audit"),
    path("auth/login", Login.as_view(), name="auth-login"),
    path("auth/callback", Callback.as_view(), name="auth-callback"),
    path("auth/refresh", Refresh.as_view(), name="auth-refresh"),
    path("invitations", InvitationList.as_view(), name="invitation-api-list"),
    path("invitations/<int:invitation_id>", InvitationDetail.as_view(), name="invitation-api-detail"),
    path("tokens", TokenList.as_view(), name="tokens"),
    path("tokens/<int:key_id>", TokenDetail.as_view(), name="token"),
    path("maintenance/keys", KeyList.as_view(), name="maintenance-keys"),
    path("maintenance/keys/<int:key_id>", KeyDetail.as_view(), name="maintenance-key"),
    path("maintenance/read-only", ReadOnly.as_view(), name="maintenance-read-only"),
]
