"""Recordings are synthesised: two voices, the same ones each time, in little time."""

import io
import time
import wave
from array import array
from itertools import pairwise

import pytest

from demo.switch.audio import RATE, recording


def channels(file: bytes) -> tuple["array[int]", "array[int]"]:
    with wave.open(io.BytesIO(file)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (2, 2, RATE)
        frames = array("h", reader.readframes(reader.getnframes()))
    return frames[0::2], frames[1::2]


def loudness(channel: "array[int]") -> list[bool]:
    """Tell for each tenth of a second whether somebody speaks."""
    step = RATE // 10
    return [max(map(abs, channel[start : start + step])) > 1000 for start in range(0, len(channel), step)]


def test_two_parties_take_turns() -> None:
    left, right = channels(recording("11111111-2222-4333-8444-555555555551", 60))
    assert len(left) == len(right) == 60 * RATE
    speaks, answers = loudness(left), loudness(right)
    assert sum(speaks) > 100
    assert sum(answers) > 100
    assert not any(a and b for a, b in zip(speaks, answers, strict=True))
    assert max(max(map(abs, channel)) for channel in (left, right)) < 32000
    # There are pauses too, and who was called begins.
    assert sum(speaks) + sum(answers) < 560
    assert answers.index(True) < speaks.index(True)


def test_voices_differ_in_pitch() -> None:
    crossings = []
    for channel in channels(recording("11111111-2222-4333-8444-555555555552", 60)):
        spoken = [sample for sample in channel if abs(sample) > 400]
        crossings.append(sum(a < 0 <= b for a, b in pairwise(spoken)) / len(spoken))
    assert max(crossings) > 1.2 * min(crossings)


def test_the_same_uuid_sounds_the_same_and_another_differs() -> None:
    assert recording("a", 5) == recording("a", 5)
    assert recording("a", 5) != recording("b", 5)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.3, 1.234])
def test_short_ones(seconds: float) -> None:
    left, _ = channels(recording("a", seconds))
    assert len(left) == round(seconds * RATE)


def test_it_takes_little_time() -> None:
    started = time.process_time()
    recording("speed", 10)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("last", range(1, 60, 7))
def test_a_talk_that_ends_in_the_middle_of_a_word(last: int) -> None:
    # A sentence of a few samples: its pitch must not fall through the floor.
    length = round(0.3 * RATE) + last
    with wave.open(io.BytesIO(recording(f"cut {last}", length / RATE))) as audio:
        assert audio.getnframes() == length
