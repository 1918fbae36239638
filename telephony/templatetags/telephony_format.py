"""How numbers and lengths are written on pages."""

from datetime import timedelta

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from telephony.fields import format_number
from telephony.switch.causes import outcome_of

register = template.Library()


@register.filter
def phone(digits: str) -> str:
    """Write E.164 digits as people do; an extension, or a caller's odd text, stays as it is."""
    return format_number(digits)


@register.filter
def talk_time(seconds: float) -> str:
    """Write seconds as 0:04, 12:30 or 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def lasting(length: timedelta | None) -> str:
    """Write a length of time as people say it: 40 s, 2 min, 3 h, 2 days."""
    seconds = int(length.total_seconds()) if length else 0
    for unit, name in ((86_400, " days"), (3600, " h"), (60, " min")):
        if seconds >= unit * (2 if name == " days" else 1):
            return f"{seconds // unit}{name}"
    return f"{seconds} s"


@register.filter
def commands(text: str) -> SafeString:
    """Show what stands between backticks as what is typed."""
    parts = (format_html("<code>{}</code>" if place % 2 else "{}", part) for place, part in enumerate(text.split("`")))
    return format_html_join("", "{}", ((part,) for part in parts))


@register.filter
def cause_label(cause: str) -> str:
    """Write a leg's hangup cause in the words of people; a normal end is "hung up"."""
    return "Hung up" if cause == "NORMAL_CLEARING" else outcome_of(cause, talked=False).label
