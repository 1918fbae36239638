"""Tables of the console."""

from typing import Any

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
    recording = tables.TemplateColumn(template_name="telephony/partials/call_recording.html", verbose_name="Recording")

    class Meta:
        model = Call
        fields = ()
        sequence = ("direction", "caller", "callee", "started_at", "talk", "outcome", "recording")
        orderable = False
        template_name = "partials/table.html"
        attrs = {"class": "calls"}

    def __init__(self, *args: Any, viewer: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def before_render(self, request: Any) -> None:
        """Let the cells know from whose side they are seen."""
        for row in self.data.data:
            row.seen_direction = row.direction_for(self.viewer)
