"""What workers can be asked to do of telephony; importing a task makes it known."""

from telephony.services.announcing import look_at_call
from telephony.services.measuring import measure_recording
from telephony.services.number_changes import carry_out_change
from telephony.services.number_imports import carry_out_import, check_import
from telephony.services.tallies import count_all

__all__ = ["carry_out_change", "carry_out_import", "check_import", "count_all", "look_at_call", "measure_recording"]
