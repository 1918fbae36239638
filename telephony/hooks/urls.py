"""What the switch calls, below `/freeswitch/`."""

from django.urls import path, re_path

from telephony.hooks.cdr import cdr
from telephony.hooks.recordings import recording
from telephony.hooks.xml import xml

urlpatterns = [
    path("cdr", cdr, name="hook-cdr"),
    path("xml", xml, name="hook-xml"),
    re_path(
        r"^recordings/(?P<leg_uuid>[0-9A-Za-z][0-9A-Za-z._-]{0,63})/(?P<expires>[0-9]{1,12})/(?P<signature>[0-9a-f]{64})\.wav\Z",
        recording,
        name="hook-recording",
    ),
]
