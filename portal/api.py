"""Everything below `/api/v2/`."""

from django.urls import include, path, re_path

from portal.api_document import Explorer, Schema
from web.parameters import NotFoundView

urlpatterns = [
    path("", include("telephony.api.urls")),
    path("", include("accounts.api.urls")),
    path("", include("webhooks.api.urls")),
    path("schema", Schema.as_view(), name="schema"),
    path("docs", Explorer.as_view(), name="api-explorer"),
    # Last: whatever is no address of ours.
    re_path("", NotFoundView.as_view()),
]
