"""What the operator calls, below `/api/v2/`."""

from django.urls import path

from accounts.api.maintenance import KeyDetail, KeyList

urlpatterns = [
    path("maintenance/keys", KeyList.as_view(), name="maintenance-keys"),
    path("maintenance/keys/<int:key_id>", KeyDetail.as_view(), name="maintenance-key"),
]
