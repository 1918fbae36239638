"""Waveforms: how loud a recording is along its way, channel by channel, read as a stream."""

import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# A player a thousand pixels wide draws some three hundred bars.
MOST_PEAKS: Final = 1000
# Frames read at once: whatever the length of a recording, no more of it is in memory.
_AT_ONCE: Final = 64 * 1024
_LOUDEST: Final = 1 << 15


class UnreadableAudioError(Exception):
    """The file is no WAV that can be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """The loudest moment of each of equally long stretches, from 0 to 32768, one list a channel; `frames` in all."""

    peaks: tuple[tuple[int, ...], ...]
    frames: int
    sample_rate: int

    @property
    def duration_ms(self) -> int:
        """The length."""
        return self.frames * 1000 // self.sample_rate

    def packed(self) -> bytes:
        """Return the peaks as they are stored: two bytes each, little-endian, one channel after the other."""
        values = array("H", (value for channel in self.peaks for value in channel))
        return _little_endian(values).tobytes()


def unpack(packed: bytes, channels: int) -> list[list[float]]:
    """Return stored peaks as a player takes them: from 0 to 1, one list a channel."""
    values = array("H")
    values.frombytes(packed)
    values = _little_endian(values)
    each = len(values) // channels
    return [[round(value / _LOUDEST, 4) for value in values[start : start + each]] for start in range(0, each * channels, each)]


def measure(path: Path) -> Waveform:
    """Read a WAV from its beginning to its end. Raises UnreadableAudioError, OSError."""
    try:
        with wave.open(str(path), "rb") as audio:
            return _measure(audio)
    except (wave.Error, EOFError) as error:
        raise UnreadableAudioError(str(error) or "The file ends too early.") from None


def _measure(audio: wave.Wave_read) -> Waveform:
    channels, width, rate, announced = audio.getparams()[:4]
    if width not in (1, 2, 3, 4) or not announced or not rate:
        raise UnreadableAudioError(f"The samples have {8 * width} bits, or there are none.")
    stretch = -(-announced // MOST_PEAKS)
    peaks: list[list[int]] = [[] for _ in range(channels)]
    frames = 0
    while frames < announced:
        loudest = [0] * channels
        for wanted in _parts(min(stretch, announced - frames)):
            data = audio.readframes(wanted)
            read = len(data) // (channels * width)
            if read != wanted:
                raise UnreadableAudioError(f"The file has {frames + read} frames of {announced}.")
            frames += read
            samples = _samples(data, width)
            loudest = [max(loudest[place], _loudest(samples[place::channels])) for place in range(channels)]
        for place in range(channels):
            peaks[place].append(loudest[place])
    return Waveform(tuple(map(tuple, peaks)), frames, rate)


def _parts(frames: int) -> list[int]:
    """Return in what parts so many frames are read."""
    whole, rest = divmod(frames, _AT_ONCE)
    return [_AT_ONCE] * whole + ([rest] if rest else [])


def _loudest(samples: "array[int]") -> int:
    highest, lowest = max(samples), min(samples)
    return max(highest, -lowest)


def _samples(data: bytes, width: int) -> "array[int]":
    """Return samples as signed numbers of 16 bits; of wider ones the upper 16, of narrower ones that much louder."""
    if width == 1:
        # The only ones that are not signed.
        return array("h", [(value - 128) << 8 for value in data])
    if width > 2:
        upper = bytearray(2 * len(data) // width)
        upper[0::2], upper[1::2] = data[width - 2 :: width], data[width - 1 :: width]
        data = bytes(upper)
    return _little_endian(array("h", data))


def _little_endian(values: "array[int]") -> "array[int]":
    """Swap the bytes on a machine that has them the other way round."""
    if sys.byteorder == "big":
        values.byteswap()
    return values
