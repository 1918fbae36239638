"""Sound: a phone's stream of RTP, tones and keys in it, and whether a tone is in what was recorded. Source: RFC 3550, RFC 4733."""

import contextlib
import math
import re
import secrets
import socket
import struct
import threading
import time
import wave
from array import array
from collections import deque
from pathlib import Path
from typing import Final

RATE: Final = 8000
FRAME: Final = 160
PCMU, KEYS = 0, 101
KEY_NAMES: Final = "0123456789*#"


def _mu_law(sample: int) -> int:
    """Return a 16-bit sample as a byte of G.711 µ-law."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


def _linear(byte: int) -> int:
    """Return a byte of G.711 µ-law as a 16-bit sample."""
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + 132 << (byte >> 4 & 0x07)) - 132
    return -magnitude if byte & 0x80 else magnitude


_LINEAR: Final = [_linear(byte) for byte in range(256)]


def tone_frame(hertz: int) -> bytes:
    """Return 20 ms of a tone of a multiple of 50 Hz, which can be repeated without a click; silence at 0."""
    return bytes(_mu_law(round(8000 * math.sin(2 * math.pi * hertz * n / RATE))) for n in range(FRAME))


def write_tone(path: Path, hertz: int, seconds: int = 60) -> None:
    """Write a tone to a WAV file."""
    second = array("h", (round(8000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(RATE)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(second.tobytes() * seconds)


def loudness_of(samples: list[int], hertz: int, rate: int = RATE) -> float:
    """Return which part of a sound's power is at this frequency, from 0 to 1 (Goertzel)."""
    power = sum(sample * sample for sample in samples)
    if not power:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * hertz / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    found = before * before + last * last - coefficient * before * last
    return 2 * found / (power * len(samples))


class Stream:
    """One call's sound: sends a tone for as long as it is open, keeps what arrives, presses keys."""

    def __init__(self, hertz: int) -> None:
        self.frame = tone_frame(hertz)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0)
        self.port: int = self.socket.getsockname()[1]
        self.frames: list[bytes] = []
        self._far: tuple[str, int] | None = None
        self._keys: deque[tuple[int, bytes, bool]] = deque()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def received(self) -> int:
        """How many packets of sound have come."""
        return len(self.frames)

    def heard(self, hertz: int, since: int = 0) -> list[int]:
        """Return which packets there were, from a certain one on, that were mostly this tone."""
        sound = enumerate(self.frames[since:], since)
        return [place for place, frame in sound if loudness_of([_LINEAR[byte] for byte in frame], hertz) > 0.5]

    def offer(self, direction: str = "sendrecv", version: int = 1) -> str:
        """Return the session's description."""
        return (
            f"v=0\r\no=- {self.port} {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.port} RTP/AVP {PCMU} {KEYS}\r\na=rtpmap:{PCMU} PCMU/8000\r\n"
            f"a=rtpmap:{KEYS} telephone-event/8000\r\na=fmtp:{KEYS} 0-16\r\na=ptime:20\r\na={direction}\r\n"
        )

    def send_to(self, description: str) -> None:
        """Send from now on to where the other side's description says."""
        address, port = (
            re.search(r"^c=IN IP4 (\S+)", description, re.MULTILINE),
            re.search(r"^m=audio (\d+)", description, re.MULTILINE),
        )
        if address and port:
            self._far = (address[1], int(port[1]))

    def press(self, key: str) -> None:
        """Press a key for 160 ms."""
        number = KEY_NAMES.index(key)
        events = [struct.pack("!BBH", number, 10, FRAME * (n + 1)) for n in range(8)]
        ends = [struct.pack("!BBH", number, 0x80 | 10, FRAME * 8)] * 3
        self._keys.extend((KEYS, payload, n == 0) for n, payload in enumerate([*events, *ends]))

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=5)
        self.socket.close()

    def _run(self) -> None:
        sequence, stamp, source = secrets.randbelow(1000), 0, secrets.randbits(32)
        due, began = time.monotonic(), 0
        while not self._closed.wait(max(0.0, due - time.monotonic())):
            due += FRAME / RATE
            stamp += FRAME
            with contextlib.suppress(BlockingIOError, ConnectionError):
                while packet := self.socket.recv(2048):
                    self.frames.append(packet[12:])
            if self._far is None:
                continue
            kind, payload, marked = self._keys.popleft() if self._keys else (PCMU, self.frame, False)
            # All packets of a key carry the moment when it was pressed.
            began = stamp if kind == PCMU or marked else began
            head = struct.pack("!BBHII", 0x80, kind | (0x80 if marked else 0), sequence & 0xFFFF, began, source)
            sequence += 1
            with contextlib.suppress(BlockingIOError, ConnectionError):
                self.socket.sendto(head + payload, self._far)
