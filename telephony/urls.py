"""The console's pages."""

from django.urls import path

from telephony.views.call_links import live_call_links
from telephony.views.calls import call_audio, call_detail, call_list
from telephony.views.route import route_page

urlpatterns = [
    path("", call_list, name="call-list"),
    path("calls/<int:call_id>/", call_detail, name="call-detail"),
    path("calls/<int:call_id>/audio", call_audio, name="call-audio"),
    path("route/", route_page, name="route"),
    path("call-links/live", live_call_links, name="call-link-live"),
]
