"""The console's pages."""

from django.urls import path

from telephony.views import domains, extensions, gateways, people, providers, quarantine, switches
from telephony.views.bans import ban_lift, ban_list
from telephony.views.call_exports import call_export, call_export_progress
from telephony.views.call_links import live_call_links
from telephony.views.call_preferences import columns_choose, filter_forget, filter_save
from telephony.views.calls import call_audio, call_detail, call_list, call_newer, call_peaks
from telephony.views.dashboard import dashboard, dashboard_now
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
    path("dashboard/", dashboard, name="dashboard"),
    path("dashboard/now", dashboard_now, name="dashboard-now"),
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
    path("people/", people.person_list, name="person-list"),
    path("people/<int:user_id>/", people.person_detail, name="person-detail"),
    path("people/<int:user_id>/activate", people.person_activate, name="person-activate"),
    path("people/<int:user_id>/deactivate", people.person_deactivate, name="person-deactivate"),
    path("people/<int:user_id>/edit", people.person_edit, name="person-edit"),
    path("domains/", domains.domain_list, name="domain-list"),
    path("domains/new", domains.domain_create, name="domain-create"),
    path("domains/<int:domain_id>/", domains.domain_detail, name="domain-detail"),
    path("domains/<int:domain_id>/activate", domains.domain_activate, name="domain-activate"),
    path("domains/<int:domain_id>/deactivate", domains.domain_deactivate, name="domain-deactivate"),
    path("domains/<int:domain_id>/delete", domains.domain_delete, name="domain-delete"),
    path("domains/<int:domain_id>/edit", domains.domain_edit, name="domain-edit"),
    path("providers/", providers.provider_list, name="provider-list"),
    path("providers/new", providers.provider_create, name="provider-create"),
    path("providers/<int:provider_id>/", providers.provider_edit, name="provider-edit"),
    path("providers/<int:provider_id>/delete", providers.provider_delete, name="provider-delete"),
    path("gateways/", gateways.gateway_list, name="gateway-list"),
    path("gateways/new", gateways.gateway_create, name="gateway-create"),
    path("gateways/<int:gateway_id>/", gateways.gateway_detail, name="gateway-detail"),
    path("gateways/<int:gateway_id>/delete", gateways.gateway_delete, name="gateway-delete"),
    path("gateways/<int:gateway_id>/edit", gateways.gateway_edit, name="gateway-edit"),
    path("gateways/<int:gateway_id>/load", gateways.gateway_load, name="gateway-load"),
    path("switches/", switches.switch_list, name="switch-list"),
    path("switches/<int:switch_id>/", switches.switch_detail, name="switch-detail"),
    path("switches/<int:switch_id>/forget", switches.switch_forget, name="switch-forget"),
    path("quarantine/", quarantine.quarantine_list, name="quarantine-list"),
    path("quarantine/retry", quarantine.quarantine_retry_all, name="quarantine-retry-all"),
    path("quarantine/<int:entry_id>/", quarantine.quarantine_detail, name="quarantine-detail"),
    path("quarantine/<int:entry_id>/discard", quarantine.quarantine_discard, name="quarantine-discard"),
    path("quarantine/<int:entry_id>/retry", quarantine.quarantine_retry, name="quarantine-retry"),
]
