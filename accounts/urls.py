"""Signing in and out of the console."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts.views.audit import audit_list

urlpatterns = [
    path("audit/", audit_list, name="audit-list"),
    path("login", LoginView.as_view(template_name="accounts/login.html", redirect_authenticated_user=True), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
]
