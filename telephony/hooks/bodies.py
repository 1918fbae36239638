"""Read what the switch sends without ever holding more of it than a cap."""

from django.http import HttpRequest

from web.bodies import drain


class BodyTooLargeError(Exception):
    """More was sent than the cap; `head` is what was read of it, `size` the length that was announced."""

    def __init__(self, head: bytes, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.head = head
        self.size = size


def announced_length(request: HttpRequest) -> int | None:
    """Return the Content-Length of the request, None when there is no sane one."""
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def read_capped(request: HttpRequest, most: int, head: int) -> bytes:
    """Return the whole body of at most `most` bytes.

    Raises BodyTooLargeError with the first `head` bytes where more is announced.
    """
    size = announced_length(request) or 0
    if size > most:
        beginning = request.read(head)
        drain(request)
        raise BodyTooLargeError(beginning, size)
    return request.read(most)
