"""What workers can be asked to do of telephony; importing a task makes it known."""

from telephony.services.measuring import measure_recording

__all__ = ["measure_recording"]
