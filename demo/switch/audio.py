"""The recording of a talk, synthesised: two voices that take turns, the caller's on the left channel.

It is no speech, but it looks like it: sentences of some seconds made of syllables, each a row of pitch periods. The same uuid
always sounds the same. Whole periods are put together rather than samples, so that a minute takes a fraction of a second.
"""

import io
import math
import random
import sys
import wave
from array import array
from collections.abc import Iterator, Sequence
from functools import cache

RATE = 8000
_LEVELS = 16
_LOUDEST = 9000
_NOISE = 6
# How strong the harmonics of a vowel are, the first one first.
_VOWELS = (
    (1.0, 0.7, 0.9, 0.5, 0.2, 0.1),
    (1.0, 0.9, 0.3, 0.1, 0.1, 0.2),
    (1.0, 0.3, 0.1, 0.1, 0.3, 0.2),
    (0.9, 1.0, 0.6, 0.2, 0.1, 0.1),
)


def recording(uuid: str, seconds: float, silences: Sequence[tuple[float, float]] = ()) -> bytes:
    """Return a WAV file, two channels of 16 bits at 8 kHz, of a talk of so many seconds, with nothing from there to there."""
    length = max(0, round(seconds * RATE))
    chance = random.Random(uuid)  # noqa: S311 - a voice, no secret
    channels = [_silence(chance, length), _silence(chance, length)]
    pitches = [chance.uniform(95, 135), chance.uniform(165, 220)]
    chance.shuffle(pitches)
    for speaker, start, end in _turns(chance, length):
        said = _sentence(chance, pitches[speaker], end - start)
        channels[speaker][start:end] = said[: end - start]
    for since, until in silences:
        silent = slice(min(length, round(since * RATE)), min(length, round(until * RATE)))
        for channel in channels:
            channel[silent] = array("h", bytes(2 * len(channel[silent])))
    frames = array("h", bytes(4 * length))
    frames[0::2], frames[1::2] = channels
    if sys.byteorder == "big":
        frames.byteswap()
    return _file(frames)


def _file(frames: "array[int]") -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(frames.tobytes())
    return buffer.getvalue()


def _silence(chance: random.Random, length: int) -> "array[int]":
    block = array("h", (chance.randint(-_NOISE, _NOISE) for _ in range(997)))
    return (block * (length // len(block) + 1))[:length]


def _turns(chance: random.Random, length: int) -> Iterator[tuple[int, int, int]]:
    """Yield who speaks from when to when, in samples; the one who was called begins."""
    position, speaker = int(0.3 * RATE), 1
    while position < length:
        for _ in range(chance.randint(1, 3)):
            end = min(length, position + int(chance.uniform(1, 3) * RATE))
            if end > position:
                yield speaker, position, end
            position = end + int(chance.uniform(0.2, 0.7) * RATE)
        speaker = 1 - speaker


def _sentence(chance: random.Random, pitch: float, length: int) -> "array[int]":
    """Return a sentence: its syllables, its pitch falling towards the end."""
    said = array("h")
    while len(said) < length:
        syllable = int(chance.uniform(0.12, 0.26) * RATE)
        vowel, stress, start = chance.randrange(len(_VOWELS)), chance.uniform(0.55, 1), len(said)
        while len(said) < start + syllable:
            done = (len(said) - start) / syllable
            fall = 1.15 - 0.3 * min(1, len(said) / length) + 0.04 * math.sin(len(said) / 900)
            level = int(_LEVELS * stress * math.sin(math.pi * min(1, done + 0.05)) ** 0.7)
            said.extend(_period(vowel, round(RATE / (pitch * fall)), min(level, _LEVELS - 1)))
        said.extend(array("h", bytes(2 * int(chance.uniform(0.02, 0.06) * RATE))))
    return said


@cache
def _period(vowel: int, length: int, level: int) -> "array[int]":
    scale = _LOUDEST * level / _LEVELS
    return array("h", (int(scale * sample) for sample in _shape(vowel, length)))


@cache
def _shape(vowel: int, length: int) -> tuple[float, ...]:
    weights = _VOWELS[vowel]
    angles = (2 * math.pi * sample / length for sample in range(length))
    samples = [sum(weight * math.sin((k + 1) * angle) for k, weight in enumerate(weights)) for angle in angles]
    highest = max(map(abs, samples))
    return tuple(sample / highest for sample in samples)
