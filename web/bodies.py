"""Bodies that are larger than what is read of them, and those of which nobody says how large they are."""

from typing import Final, Protocol

from django.http import HttpRequest

# The verbs with which one may come.
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
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


def is_of_unknown_length(request: HttpRequest) -> bool:
    """Tell whether a body comes in pieces, without its length: to Django it would be none at all.

    Over HTTP/2 no header says that there is one; a server that ends what is read (PEP 3333's extension) can be asked.
    """
    if "Transfer-Encoding" in request.headers:
        return True
    if request.META.get("CONTENT_LENGTH") or not request.META.get("wsgi.input_terminated"):
        return False
    return bool(request.META["wsgi.input"].read(1))
