"""What can be told: a table of event types, and in a sentence when each is."""

from typing import Final

TEST: Final = "webhook.test"
EVENT_TYPES: Final = {
    "call.started": "A call of yours begins.",
    "call.answered": "Its parties begin to talk.",
    "call.completed": "It is over, and its record complete.",
    "recording.ready": "Its recording can be listened to.",
    "recording.failed": "Its recording cannot be used.",
    "number.assigned": "You are given a number.",
    "number.released": "Your number is given back, or taken back.",
    "call_link.changed": "A call link of yours is placed, rings, is talked on, or ends.",
}
