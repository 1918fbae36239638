"""Everything below `/api/v2/`."""

from django.urls import include, path, re_path

from web.parameters import NotFoundView

urlpatterns = [
    path("", include("telephony.api.urls")),
    path("", include("accounts.api.urls")),
    # Last: whatever is no address of ours.
    re_path("", NotFoundView.as_view()),
]
