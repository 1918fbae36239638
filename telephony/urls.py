"""The console's pages."""

from django.urls import path

from telephony.views import extensions
from telephony.views.bans import ban_lift, ban_list
from telephony.views.call_exports import call_export, call_export_progress
from telephony.views.call_links import live_call_links
from telephony.views.call_preferences import columns_choose, filter_forget, filter_save
from telephony.views.calls import call_audio, call_detail, call_list, call_newer, call_peaks
from telephony.views.live import live_hang_up, live_now, live_page
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
    path("live/", live_page, name="live"),
    path("live/now", live_now, name="live-now"),
    path("live/calls/<uuid:call_uuid>/hang-up", live_hang_up, name="live-hang-up"),
    path("route/", route_page, name="route"),
    path("call-links/live", live_call_links, name="call-link-live"),
    path("bans/", ban_list, name="ban-list"),
    path("bans/<int:ban_id>/lift", ban_lift, name="ban-lift"),
    path("extensions/", extensions.extension_list, name="extension-list"),
    path("extensions/<int:extension_id>/", extensions.extension_detail, name="extension-detail"),
    path("extensions/<int:extension_id>/close", extensions.extension_close, name="extension-close"),
    path("extensions/<int:extension_id>/open", extensions.extension_open, name="extension-open"),
    path("extensions/<int:extension_id>/phones", extensions.extension_phones, name="extension-phones"),
    path("extensions/<int:extension_id>/release", extensions.extension_release, name="extension-release"),
    path("extensions/<int:extension_id>/repeat", extensions.extension_repeat, name="extension-repeat"),
    path("extensions/<int:extension_id>/revocations", extensions.extension_revocations, name="extension-revocations"),
    path("extensions/<int:extension_id>/sip-password", extensions.extension_password, name="extension-password"),
]
