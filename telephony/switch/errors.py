"""What goes wrong between the portal and the switch."""


class SwitchError(Exception):
    """Base of every error of this package."""


class CdrError(SwitchError):
    """The bytes are no call record; `reason` is a sentence for staff and quotes nothing of the record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
