"""How numbers and lengths are written on pages."""

from django import template

from telephony.fields import format_number
from telephony.switch.causes import outcome_of

register = template.Library()


@register.filter
def phone(digits: str) -> str:
    """Write E.164 digits as people do; an extension, or a caller's odd text, stays as it is."""
    return format_number(digits)


@register.filter
def talk_time(seconds: int) -> str:
    """Write seconds as 0:04, 12:30 or 1:02:03."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def cause_label(cause: str) -> str:
    """Write a leg's hangup cause in the words of people; a normal end is "hung up"."""
    return "Hung up" if cause == "NORMAL_CLEARING" else outcome_of(cause, talked=False).label
