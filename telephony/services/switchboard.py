"""The way to the switch: its event socket, where the settings say it is."""

import contextlib
from collections.abc import Iterator

from django.conf import settings

from telephony.switch.errors import SwitchError, SwitchUnreachableError
from telephony.switch.esl import EventSocket

CONNECT_SECONDS = 3.0


class SwitchAwayError(SwitchError):
    """The switch cannot be reached; the message says why."""


@contextlib.contextmanager
def reach() -> Iterator[EventSocket]:
    """Open a connection to the switch and close it afterwards. Raises SwitchAwayError where there is no way to it."""
    if settings.FREESWITCH_ESL is None:
        raise SwitchAwayError("FREESWITCH_ESL_URL is not set.")
    try:
        socket = EventSocket.connect(settings.FREESWITCH_ESL, timeout=CONNECT_SECONDS)
    except SwitchUnreachableError as error:
        raise SwitchAwayError(str(error)) from error
    with socket:
        yield socket
