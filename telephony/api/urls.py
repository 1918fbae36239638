"""What REST clients call of the phone service, below `/api/v2/`."""

from django.urls import path

from telephony.api.assign_number import AssignNumber, SipPassword
from telephony.api.call_links import CallLinkDetail, CallLinks
from telephony.api.call_recordings import CallRecordingAudio, CallRecordingDetail, CallRecordingList, CallRecordingPeaks
from telephony.api.cell_phone import CellPhoneDetail
from telephony.api.maintenance import NumberList, Status
from telephony.api.me import Me
from telephony.api.route import Route

urlpatterns = [
    path("auth/me", Me.as_view(), name="auth-me"),
    path("assign-number", AssignNumber.as_view(), name="assign-number"),
    path("assign-number/sip-password", SipPassword.as_view(), name="assign-number-sip-password"),
    path("cell-phone", CellPhoneDetail.as_view(), name="cell-phone"),
    path("maintenance/numbers", NumberList.as_view(), name="maintenance-numbers"),
    path("call-link", CallLinks.as_view(), name="call-link"),
    path("call-link/<int:link_id>", CallLinkDetail.as_view(), name="call-link-detail"),
    path("maintenance/status", Status.as_view(), name="maintenance-status"),
    path("call-recording", CallRecordingList.as_view(), name="call-recording-list"),
    path("call-recording/<int:call_id>", CallRecordingDetail.as_view(), name="call-recording-detail"),
    path("call-recording/<int:call_id>/audio", CallRecordingAudio.as_view(), name="call-recording-audio"),
    path("call-recording/<int:call_id>/peaks", CallRecordingPeaks.as_view(), name="call-recording-peaks"),
    path("route", Route.as_view(), name="route-explained"),
]
