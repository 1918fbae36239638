"""The console's pages."""

from django.urls import path

from telephony.views.call_exports import call_export, call_export_progress
from telephony.views.call_links import live_call_links
from telephony.views.call_preferences import columns_choose, filter_forget, filter_save
from telephony.views.calls import call_audio, call_detail, call_list, call_newer, call_peaks
from telephony.views.route import route_page

urlpatterns = [
    path("", call_list, name="call-list"),
    path("calls/newer", call_newer, name="call-newer"),
    path("calls/filters/save", filter_save, name="call-filter-save"),
    path("calls/filters/forget", filter_forget, name="call-filter-forget"),
    path("calls/columns", columns_choose, name="call-columns"),
    path("calls/export.csv", call_export, {"extension": "csv"}, name="call-export-csv"),
    path("calls/export.xlsx", call_export, {"extension": "xlsx"}, name="call-export-xlsx"),
    path("calls/export-progress", call_export_progress, name="call-export-progress"),
    path("calls/<int:call_id>/", call_detail, name="call-detail"),
    path("calls/<int:call_id>/audio", call_audio, name="call-audio"),
    path("calls/<int:call_id>/peaks", call_peaks, name="call-peaks"),
    path("route/", route_page, name="route"),
    path("call-links/live", live_call_links, name="call-link-live"),
]
