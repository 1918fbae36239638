"""How figures are written: with separators, in the reader's own way where a script runs."""

from django import template
from django.utils.html import format_html

# Below this every language writes a whole number in the same way.
SMALL = 999.5

register = template.Library()


@register.filter
def figure(value: float | None, digits: int = 0) -> str:
    """Write a figure with so many decimals, a dash for None; console.js writes it as its reader's language does."""
    if value is None:
        return "\u2013"
    if digits == 0 and abs(value) < SMALL:
        return f"{value:.0f}"
    return format_html(
        '<data class="figure" value="{}" data-digits="{}">{}</data>', f"{value:.{digits}f}", digits, f"{value:,.{digits}f}"
    )
