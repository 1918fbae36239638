"""Waveforms: the loudest of each stretch, channel by channel, in whatever form samples come."""

import math
import struct
import wave
from pathlib import Path

import pytest

from telephony.services import waveforms
from telephony.services.waveforms import MOST_PEAKS, UnreadableAudioError, measure, unpack
from telephony.tests.captures import DATA

REAL = DATA / "local-answered" / "3e6bc8f5-181d-4c52-9d6d-46965011989d.wav"


def write(path: Path, samples: list[int], channels: int = 1, width: int = 2, rate: int = 8000) -> Path:
    """Write a WAV; a sample is given as its whole number in that width, signed."""
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(channels)
        audio.setsampwidth(width)
        audio.setframerate(rate)
        if width == 1:
            audio.writeframes(bytes(sample + 128 for sample in samples))
        else:
            audio.writeframes(b"".join(sample.to_bytes(width, "little", signed=True) for sample in samples))
    return path


def test_caller_and_callee_are_measured_each_for_itself(tmp_path: Path) -> None:
    caller, callee = [0] * 4000 + [8192] * 4000, [-16384] * 4000 + [1] * 4000
    frames = [sample for pair in zip(caller, callee, strict=True) for sample in pair]
    waveform = measure(write(tmp_path / "a.wav", frames, channels=2))
    assert (waveform.frames, waveform.sample_rate, waveform.duration_ms) == (8000, 8000, 1000)
    left, right = unpack(waveform.packed(), 2)
    assert len(left) == len(right) == MOST_PEAKS
    assert (left[0], left[-1], right[0], right[-1]) == (0.0, 0.25, 0.5, 0.0)


def test_the_loudest_moment_is_never_passed_over(tmp_path: Path) -> None:
    """One sample among many is seen, also the lowest there is, which has no counterpart above."""
    samples = [0] * 100_001
    samples[77_777] = -32768
    (peaks,) = unpack(measure(write(tmp_path / "a.wav", samples)).packed(), 1)
    assert len(peaks) <= MOST_PEAKS
    assert [place for place, peak in enumerate(peaks) if peak] == [77_777 // math.ceil(100_001 / MOST_PEAKS)]
    assert max(peaks) == 1.0


def test_what_is_read_in_parts_is_what_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [(place * 7919) % 20_000 - 10_000 for place in range(30_000)]
    path = write(tmp_path / "a.wav", samples, channels=2)
    at_once = measure(path)
    monkeypatch.setattr(waveforms, "_AT_ONCE", 4)
    assert measure(path) == at_once


@pytest.mark.parametrize(("width", "half"), [(1, 64), (2, 1 << 14), (3, 1 << 22), (4, 1 << 30)])
def test_samples_of_any_width(tmp_path: Path, width: int, half: int) -> None:
    (peaks,) = unpack(measure(write(tmp_path / "a.wav", [half, -half, 0], width=width)).packed(), 1)
    assert peaks == [0.5, 0.5, 0.0]


def test_a_real_recording() -> None:
    waveform = measure(REAL)
    left, right = unpack(waveform.packed(), 2)
    assert 5000 < waveform.duration_ms < 6000
    assert max(left) > 0.01
    assert max(right) > 0.01


@pytest.mark.parametrize("cut", [10, 44, 60, -2])
def test_a_file_that_is_cut_is_told(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(REAL.read_bytes()[:cut])
    with pytest.raises(UnreadableAudioError):
        measure(path)


def test_what_is_no_pcm_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", [1, 2, 3])
    body = bytearray(path.read_bytes())
    body[20:22] = struct.pack("<H", 6)
    path.write_bytes(body)
    with pytest.raises(UnreadableAudioError):
        measure(path)
