"""The console's pages."""

from django.urls import path

from telephony.views.calls import call_audio, call_list

urlpatterns = [
    path("", call_list, name="call-list"),
    path("calls/<int:call_id>/audio", call_audio, name="call-audio"),
]
