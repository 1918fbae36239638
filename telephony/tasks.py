"""What workers can be asked to do of telephony; importing a task makes it known."""

from telephony.services.measuring import measure_recording
from telephony.services.tallies import count_all

__all__ = ["count_all", "measure_recording"]
