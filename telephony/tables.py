"""Tables of the console."""

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import AbstractBaseUser
from django.utils.safestring import mark_safe

from telephony.models import BannedAddress, Call, Extension, FailedRegistration

ACTION = mark_safe('<span class="visually-hidden">Action</span>')
DIRECTION = mark_safe('<span class="visually-hidden">Direction</span>')


class CallTable(tables.Table):
    """Calls as a person browses them; each cell's look is its template's."""

    direction = tables.TemplateColumn(template_name="telephony/partials/call_direction.html", verbose_name=DIRECTION)
    caller = tables.TemplateColumn(template_name="telephony/partials/call_caller.html", verbose_name="From")
    callee = tables.TemplateColumn(template_name="telephony/partials/call_callee.html", verbose_name="To")
    started_at = tables.TemplateColumn(template_name="telephony/partials/call_started.html", verbose_name="Started")
    talk = tables.TemplateColumn(template_name="telephony/partials/call_talk.html", verbose_name="Talk")
    outcome = tables.TemplateColumn(template_name="telephony/partials/call_outcome.html", verbose_name="Outcome")
    duration = tables.TemplateColumn("{% load telephony_format %}{{ record.duration_seconds|talk_time }}", verbose_name="Whole")
    our_number = tables.TemplateColumn(
        "{% load telephony_format %}{{ record.number.number|default:''|phone }}", verbose_name="Our number"
    )
    provider = tables.TemplateColumn("{{ record.provider.name }}", verbose_name="Provider")
    domain = tables.TemplateColumn("{{ record.domain_name }}", verbose_name="Domain")
    switch = tables.TemplateColumn("{{ record.switch.name }}", verbose_name="Switch")
    cause = tables.TemplateColumn("<code>{{ record.hangup_cause }}</code>", verbose_name="Cause")
    recording = tables.TemplateColumn(template_name="telephony/partials/call_recording.html", verbose_name="Recording")

    class Meta:
        model = Call
        fields = ()
        sequence = (
            "direction", "caller", "callee", "started_at", "talk", "duration", "outcome", "cause", "our_number", "provider",
            "domain", "switch", "recording",
        )  # fmt: skip
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls"}

    # What is shown to whoever chose nothing.
    SHOWN = ("direction", "caller", "callee", "started_at", "talk", "outcome", "recording")

    def __init__(self, *args: Any, viewer: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def before_render(self, request: Any) -> None:
        """Let the cells know from whose side they are seen."""
        for row in self.data.data:
            row.seen_direction = row.direction_for(self.viewer)


class ExtensionTable(tables.Table):
    """Extensions as staff browse them; each cell's look is its template's."""

    extension = tables.TemplateColumn(template_name="telephony/partials/extension_name.html", verbose_name="Extension")
    holder = tables.TemplateColumn(template_name="telephony/partials/extension_holder.html", verbose_name="Holder")
    did = tables.TemplateColumn(template_name="telephony/partials/extension_did.html", verbose_name="Number")
    phones = tables.TemplateColumn(template_name="telephony/partials/extension_registered.html", verbose_name="Phones")
    state = tables.TemplateColumn(template_name="telephony/partials/extension_state.html", verbose_name="State")

    class Meta:
        model = Extension
        fields = ()
        sequence = ("extension", "holder", "did", "phones", "state")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls extensions"}


class BanTable(tables.Table):
    """Bans as staff browse them."""

    network = tables.TemplateColumn(template_name="telephony/partials/ban_network.html", verbose_name="Address")
    since = tables.TemplateColumn(template_name="telephony/partials/ban_since.html", verbose_name="Since")
    until = tables.TemplateColumn(template_name="telephony/partials/ban_until.html", verbose_name="Until")
    failures = tables.TemplateColumn(template_name="telephony/partials/ban_failures.html", verbose_name="Failed")
    reason = tables.TemplateColumn(template_name="telephony/partials/ban_reason.html", verbose_name="Why")
    action = tables.TemplateColumn(template_name="telephony/partials/ban_lift.html", verbose_name=ACTION)

    class Meta:
        model = BannedAddress
        fields = ()
        sequence = ("network", "since", "until", "failures", "reason", "action")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls bans"}


class FailedRegistrationTable(tables.Table):
    """Who fails to prove himself, the last one first."""

    network = tables.TemplateColumn('<span class="party-number">{{ record.address }}</span>', verbose_name="Address")
    total = tables.TemplateColumn("{{ record.total }}", verbose_name="Failed")
    last = tables.TemplateColumn(template_name="telephony/partials/failed_last.html", verbose_name="Last tried")
    last_at = tables.TemplateColumn(template_name="telephony/partials/failed_at.html", verbose_name="When")

    class Meta:
        model = FailedRegistration
        fields = ()
        sequence = ("network", "total", "last", "last_at")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls failures"}
