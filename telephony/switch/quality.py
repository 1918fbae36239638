"""What measured sound means, in the words of people.

Source: ITU-T G.107 and P.800 for the mean opinion score, G.114 and Y.1541 for what jitter and loss do to speech.
"""

from typing import NamedTuple


class Verdict(NamedTuple):
    """How a call sounded: `grade` for programs (good, fair, poor, unknown), `label` and `why` for people."""

    grade: str
    label: str
    why: str


UNMEASURED = Verdict(
    "unknown", "Not measured", "The switch measured no sound: nobody talked, or the sound did not pass through it."
)
# At least this mean opinion score (1 to 5).
_GOOD_MOS, _FAIR_MOS = 4.0, 3.5
# More than this: milliseconds of jitter, percent of packets lost.
_MUCH_JITTER, _MUCH_LOSS = 30.0, 1.0
_HEAVY_LOSS = 5.0


def verdict(mos: float | None, jitter_ms: float | None, packet_loss: float | None) -> Verdict:
    """Return how a call with these worst values sounded, and what is to blame; None is what was not measured."""
    if mos is None and packet_loss is None:
        return UNMEASURED
    blame = _blame(jitter_ms, packet_loss)
    if (mos is not None and mos < _FAIR_MOS) or (packet_loss or 0) > _HEAVY_LOSS:
        return Verdict("poor", "Hard to understand", blame or "The score is low, though few packets were lost.")
    if (mos is not None and mos < _GOOD_MOS) or blame:
        return Verdict("fair", "Understandable, with flaws", blame or "The score is a little low.")
    return Verdict("good", "Clear", "Both sides could hear each other well.")


def _blame(jitter_ms: float | None, packet_loss: float | None) -> str:
    found = []
    if packet_loss is not None and packet_loss > _MUCH_LOSS:
        found.append(f"{packet_loss:g} % of the packets were lost: words were cut")
    if jitter_ms is not None and jitter_ms > _MUCH_JITTER:
        found.append(f"packets came up to {jitter_ms:.0f} ms early or late: the voice may have stuttered")
    sentence = "; ".join(found)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""
