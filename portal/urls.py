"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path

from portal.favicon import favicon
from portal.health import healthz, readyz
from portal.metrics import metrics

urlpatterns = [
    path("", include("telephony.urls")),
    path("", include("accounts.urls")),
    path("", include("webhooks.urls")),
    path("api/v2/", include("portal.api")),
    path("docs/", include("documentation.urls")),
    path("freeswitch/", include("telephony.hooks.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon, name="favicon"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "web.errors.bad_request"
handler403 = "web.errors.forbidden"
handler404 = "web.errors.not_found"
handler500 = "web.errors.server_error"
