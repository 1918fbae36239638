"""Bodies that are larger than what is read of them."""

from typing import Protocol

CHUNK_BYTES = 64 * 1024
MOST_DRAINED = 256 * 1024 * 1024


class Readable(Protocol):
    """Something to read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to so many bytes, none at the end."""
        ...


def drain(stream: Readable) -> None:
    """Read what is left and forget it, a piece at a time.

    An answer that comes while the client still sends is lost to many clients: they see a broken pipe instead. What is
    larger than 256 MiB is not worth that.
    """
    drained = 0
    while drained < MOST_DRAINED and (chunk := stream.read(CHUNK_BYTES)):
        drained += len(chunk)
