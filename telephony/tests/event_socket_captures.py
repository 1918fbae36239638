"""What a real switch said on its event socket, and ways for a network to cut it."""

import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from telephony.tests.captures import DATA

Cut = Callable[[bytes], Iterator[bytes]]

CONVERSATIONS = sorted(path.stem for path in (DATA / "event-socket").glob("*.txt") if path.stem != "status")


class Turn(NamedTuple):
    """What one side said, exactly, before it was the other's turn."""

    by_client: bool
    data: bytes


def turns_of(conversation: str) -> list[Turn]:
    """Take a recorded conversation apart; the marks of whoever recorded it are no part of it."""
    data = (DATA / "event-socket" / f"{conversation}.txt").read_bytes()
    turns: list[Turn] = []
    position = 0
    while position < len(data):
        rest = data[position:]
        if rest.strip() in (b"", b"<<closed by switch>>"):
            break
        if rest.startswith(b"\n>>> "):
            end = rest.index(b"\n\n") + 2
            turns.append(Turn(by_client=True, data=rest[len("\n>>> ") : end]))
        else:
            head = rest.index(b"\n\n") + 2
            length = re.search(rb"(?m)^Content-Length: ([0-9]+)$", rest[:head])
            end = head + (int(length[1]) if length else 0)
            before = turns.pop().data if turns and not turns[-1].by_client else b""
            turns.append(Turn(by_client=False, data=before + rest[:end]))
        position += end
    return turns


def said_by_the_switch(conversation: str) -> bytes:
    return b"".join(turn.data for turn in turns_of(conversation) if not turn.by_client)


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def byte_by_byte(data: bytes) -> Iterator[bytes]:
    for position in range(len(data)):
        yield data[position : position + 1]


def at_random(seed: int) -> Cut:
    def cut(data: bytes) -> Iterator[bytes]:
        chance = random.Random(seed)
        while data:
            size = chance.choice((1, 2, 3, 7, 60, 500, 5000, 70_000))
            yield data[:size]
            data = data[size:]

    return cut
