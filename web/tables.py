"""What tables share."""

from typing import Final

from django.utils.safestring import SafeString, mark_safe

# The head of a column of buttons: nothing to see, something to hear.
ACTION: Final[SafeString] = mark_safe('<span class="visually-hidden">Action</span>')
