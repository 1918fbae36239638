"""Calls, as a table."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.contrib.auth.models import AbstractBaseUser
from django.utils.safestring import mark_safe

from telephony.models import Call

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

    # What a column needs of a call besides what every row has.
    RELATIONS: ClassVar = {"our_number": "number", "provider": "provider", "switch": "switch"}
    # What is shown to whoever chose nothing.
    SHOWN = ("direction", "caller", "callee", "started_at", "talk", "outcome", "recording")

    def __init__(self, *args: Any, viewer: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def before_render(self, request: Any) -> None:
        """Let the cells know from whose side they are seen."""
        for row in self.data.data:
            row.seen_direction = row.direction_for(self.viewer)
