"""Recordings of live legs: when they begin, what they hold, where they go.

Source: `record_session`, `execute_on_answer` and `record_post_process_exec_api` of FreeSWITCH 1.11.1.
"""

import logging
import re
from dataclasses import dataclass, field
from pathlib import Path

from demo.switch import stages
from demo.switch.audio import RATE, recording
from demo.switch.endings import MICROSECONDS
from demo.switch.legs import Leg
from demo.switch.portal import upload

logger = logging.getLogger(__name__)

_HEADER_BYTES, _BYTES_A_SAMPLE = 44, 4
# The part before the first colon is the command, what follows are its arguments.
_UPLOAD = re.compile(r"(?P<background>bgapi:http_put|http_put:) ?(?P<url>\S+) (?P<file>\S+)")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(slots=True)
class Recording:
    """A recording of one leg."""

    leg: Leg
    file: str
    started_at: int
    # When silence was begun, ended, begun …
    masks: list[int] = field(default_factory=list)

    def seconds(self) -> float:
        """Return how much there is of it once the leg has ended; with RECORD_BRIDGE_REQ only of the talk."""
        since = self.started_at
        if expanded(self.leg, "${RECORD_BRIDGE_REQ}") == "true":
            since = self.leg.times.bridged
        return max(0, self.leg.times.hangup - since) / MICROSECONDS if since else 0

    def mask(self, on: bool, at: int) -> None:
        """Write silence from now on, or go on; the same again changes nothing."""
        if on != bool(len(self.masks) % 2):
            self.masks.append(at)

    def silences(self) -> list[tuple[float, float]]:
        """Return from which second of it to which it is silent."""
        since = self.leg.times.hangup - round(self.seconds() * MICROSECONDS)
        marks = [
            max(0, at - since) / MICROSECONDS for at in [*self.masks, self.leg.times.hangup][: len(self.masks) // 2 * 2 + 2]
        ]
        return list(zip(marks[0::2], marks[1::2], strict=False))

    def close(self) -> None:
        """Note on the leg what the recording holds."""
        samples = round(self.seconds() * RATE)
        stages.record(self.leg, samples, _HEADER_BYTES + _BYTES_A_SAMPLE * samples)


def expanded(leg: Leg, text: str) -> str:
    """Put the values of the leg's variables in the place of `${name}`."""
    return _VARIABLE.sub(lambda match: leg.variables.get(match[1], ""), text)


def on_answer(leg: Leg, application: str) -> str | None:
    """Return the argument of an application that the leg executes when it is answered, None where it does not."""
    for name, value in leg.variables.items():
        if name.startswith("execute_on_answer"):
            word, _, argument = value.replace("::", " ", 1).partition(" ")
            if word == application:
                return expanded(leg, argument)
    return None


def upload_of(leg: Leg) -> re.Match[str] | None:
    """Return where a closed recording of the leg goes: `url`, `file`, and whether in the `background`."""
    return _UPLOAD.fullmatch(leg.variables.get("record_post_process_exec_api", ""))


def hand_over(made: Recording, folder: Path | None) -> None:
    """Write the recording where the switch keeps them, and put it where the portal wants it; one that is empty stays here."""
    if not made.seconds():
        return
    file = recording(made.leg.uuid, made.seconds(), made.silences())
    name = Path(made.file).name
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(file)
    wanted = upload_of(made.leg)
    if wanted and not upload(expanded(made.leg, wanted["url"]), file, name):
        logger.warning("The recording of %s was not taken.", made.leg.uuid)
