"""Everything below `/api/v2/`."""

from django.urls import include, path

urlpatterns = [
    path("", include("telephony.api.urls")),
    path("", include("accounts.api.urls")),
]
