"""What REST clients call of the phone service, below `/api/v2/`."""

from django.urls import path

from telephony.api.assign_number import AssignNumber, SipPassword
from telephony.api.bans import BanDetail, BanList, FailedRegistrationList
from telephony.api.call_links import CallLinkDetail, CallLinkList, CallLinks
from telephony.api.call_recordings import (
    CallCsv,
    CallRecordingAudio,
    CallRecordingDetail,
    CallRecordingList,
    CallRecordingPeaks,
    CallWorkbook,
)
from telephony.api.cell_phone import CellPhoneDetail
from telephony.api.domains import DomainDetail, DomainList
from telephony.api.extension_holding import ExtensionAssign, ExtensionAssignments, ExtensionRelease
from telephony.api.extensions import (
    ExtensionClose,
    ExtensionDetail,
    ExtensionList,
    ExtensionOpen,
    ExtensionPassword,
    ExtensionRepeat,
    ExtensionRevocations,
)
from telephony.api.forwarding import Forwarding
from telephony.api.gateways import GatewayDetail, GatewayList, GatewayLoad
from telephony.api.live import LiveCallDetail, LiveCalls, LiveGateways, LiveRegistrations, LiveSwitches
from telephony.api.live_recordings import LiveRecordings, RecordingPause
from telephony.api.maintenance import NumberList as MaintenanceNumberList
from telephony.api.maintenance import Status
from telephony.api.me import Me
from telephony.api.number_changes import NumberChangeDetail, NumberChanges
from telephony.api.number_imports import NumberImportConfirm, NumberImportDetail, NumberImports, NumberImportWrongLines
from telephony.api.numbers import NumberAssign, NumberAssignments, NumberDetail, NumberList, NumberRelease
from telephony.api.people import PersonDetail, PersonList
from telephony.api.providers import ProviderDetail, ProviderList
from telephony.api.quarantine import QuarantineDetail, QuarantineList, QuarantineRetries, QuarantineRetry
from telephony.api.route import Route
from telephony.api.search import Search
from telephony.api.statistics import StandingDetail, StatisticsDetail
from telephony.api.switches import SwitchDetail, SwitchList

urlpatterns = [
    path("auth/me", Me.as_view(), name="auth-me"),
    path("assign-number", AssignNumber.as_view(), name="assign-number"),
    path("assign-number/sip-password", SipPassword.as_view(), name="assign-number-sip-password"),
    path("cell-phone", CellPhoneDetail.as_view(), name="cell-phone"),
    path("forwarding", Forwarding.as_view(), name="forwarding"),
    path("bans", BanList.as_view(), name="ban-api-list"),
    path("bans/<int:ban_id>", BanDetail.as_view(), name="ban-api-detail"),
    path("bans/failed-registrations", FailedRegistrationList.as_view(), name="failed-registrations"),
    path("extensions", ExtensionList.as_view(), name="extension-api-list"),
    path("extensions/<int:extension_id>", ExtensionDetail.as_view(), name="extension-api-detail"),
    path("extensions/<int:extension_id>/assign", ExtensionAssign.as_view(), name="extension-api-assign"),
    path("extensions/<int:extension_id>/assignments", ExtensionAssignments.as_view(), name="extension-api-assignments"),
    path("extensions/<int:extension_id>/release", ExtensionRelease.as_view(), name="extension-api-release"),
    path("extensions/<int:extension_id>/close", ExtensionClose.as_view(), name="extension-api-close"),
    path("extensions/<int:extension_id>/open", ExtensionOpen.as_view(), name="extension-api-open"),
    path("extensions/<int:extension_id>/sip-password", ExtensionPassword.as_view(), name="extension-api-password"),
    path("extensions/<int:extension_id>/revocations", ExtensionRevocations.as_view(), name="extension-api-revocations"),
    path("extensions/<int:extension_id>/revocations/repeat", ExtensionRepeat.as_view(), name="extension-api-repeat"),
    path("numbers", NumberList.as_view(), name="number-api-list"),
    path("numbers/changes", NumberChanges.as_view(), name="number-api-changes"),
    path("numbers/changes/<int:change_id>", NumberChangeDetail.as_view(), name="number-api-change"),
    path("numbers/imports", NumberImports.as_view(), name="number-api-imports"),
    path("numbers/imports/<int:import_id>", NumberImportDetail.as_view(), name="number-api-import"),
    path("numbers/imports/<int:import_id>/confirm", NumberImportConfirm.as_view(), name="number-api-import-confirm"),
    path("numbers/imports/<int:import_id>/wrong-lines", NumberImportWrongLines.as_view(), name="number-api-import-wrong"),
    path("numbers/<int:number_id>", NumberDetail.as_view(), name="number-api-detail"),
    path("numbers/<int:number_id>/assign", NumberAssign.as_view(), name="number-api-assign"),
    path("numbers/<int:number_id>/release", NumberRelease.as_view(), name="number-api-release"),
    path("numbers/<int:number_id>/assignments", NumberAssignments.as_view(), name="number-api-assignments"),
    path("maintenance/numbers", MaintenanceNumberList.as_view(), name="maintenance-numbers"),
    path("call-link", CallLinks.as_view(), name="call-link"),
    path("call-link/<int:link_id>", CallLinkDetail.as_view(), name="call-link-detail"),
    path("call-links", CallLinkList.as_view(), name="call-link-api-list"),
    path("live/calls", LiveCalls.as_view(), name="live-calls"),
    path("live/calls/<uuid:call_uuid>", LiveCallDetail.as_view(), name="live-call-detail"),
    path("live/registrations", LiveRegistrations.as_view(), name="live-registrations"),
    path("live/gateways", LiveGateways.as_view(), name="live-gateways"),
    path("live/switches", LiveSwitches.as_view(), name="live-switches"),
    path("maintenance/status", Status.as_view(), name="maintenance-status"),
    path("call-recording", CallRecordingList.as_view(), name="call-recording-list"),
    path("call-recording/export.csv", CallCsv.as_view(), name="call-recording-csv"),
    path("call-recording/export.xlsx", CallWorkbook.as_view(), name="call-recording-xlsx"),
    path("call-recording/live", LiveRecordings.as_view(), name="call-recording-live"),
    path("call-recording/live/<uuid:leg_uuid>/pause", RecordingPause.as_view(), name="call-recording-pause"),
    path("call-recording/<int:call_id>", CallRecordingDetail.as_view(), name="call-recording-detail"),
    path("call-recording/<int:call_id>/audio", CallRecordingAudio.as_view(), name="call-recording-audio"),
    path("call-recording/<int:call_id>/peaks", CallRecordingPeaks.as_view(), name="call-recording-peaks"),
    path("route", Route.as_view(), name="route-explained"),
    path("search", Search.as_view(), name="search-api"),
    path("statistics", StatisticsDetail.as_view(), name="statistics"),
    path("statistics/now", StandingDetail.as_view(), name="statistics-now"),
    path("users", PersonList.as_view(), name="person-api-list"),
    path("users/<int:user_id>", PersonDetail.as_view(), name="person-api-detail"),
    path("domains", DomainList.as_view(), name="domain-api-list"),
    path("domains/<int:domain_id>", DomainDetail.as_view(), name="domain-api-detail"),
    path("providers", ProviderList.as_view(), name="provider-api-list"),
    path("providers/<int:provider_id>", ProviderDetail.as_view(), name="provider-api-detail"),
    path("gateways", GatewayList.as_view(), name="gateway-api-list"),
    path("gateways/<int:gateway_id>", GatewayDetail.as_view(), name="gateway-api-detail"),
    path("gateways/<int:gateway_id>/load", GatewayLoad.as_view(), name="gateway-api-load"),
    path("switches", SwitchList.as_view(), name="switch-api-list"),
    path("switches/<int:switch_id>", SwitchDetail.as_view(), name="switch-api-detail"),
    path("quarantine", QuarantineList.as_view(), name="quarantine-api-list"),
    path("quarantine/retry", QuarantineRetries.as_view(), name="quarantine-api-retries"),
    path("quarantine/<int:entry_id>", QuarantineDetail.as_view(), name="quarantine-api-detail"),
    path("quarantine/<int:entry_id>/retry", QuarantineRetry.as_view(), name="quarantine-api-retry"),
]
