"""Calls, as a table."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.utils.safestring import mark_safe

from web.tables import Cell, ListTable

DIRECTION = mark_safe('<span class="visually-hidden">Direction</span>')


class CallTable(ListTable):
    """Calls as a person browses them; each cell's look is its template's."""

    direction = Cell(template_name="telephony/partials/call_direction.html", verbose_name=DIRECTION)
    caller = Cell(template_name="telephony/partials/call_caller.html", verbose_name="From")
    callee = Cell(template_name="telephony/partials/call_callee.html", verbose_name="To")
    started_at = Cell(template_name="telephony/partials/call_started.html", verbose_name="Started")
    talk = Cell(template_name="telephony/partials/call_talk.html", verbose_name="Talk")
    duration = Cell("{% load telephony_format %}{{ record.duration_seconds|talk_time }}", verbose_name="Whole")
    outcome = Cell(template_name="telephony/partials/call_outcome.html", verbose_name="Outcome")
    cause = Cell("<code>{{ record.hangup_cause }}</code>", verbose_name="Cause")
    our_number = Cell("{% load telephony_format %}{{ record.number.number|default:''|phone }}", verbose_name="Our number")
    provider = Cell("{{ record.provider.name }}", verbose_name="Provider")
    domain = Cell("{{ record.domain_name }}", verbose_name="Domain")
    switch = Cell("{{ record.switch.name }}", verbose_name="Switch")
    recording = Cell(template_name="telephony/partials/call_recording.html", verbose_name="Recording")

    class Meta:
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
