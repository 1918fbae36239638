"""Serve a file with byte ranges (RFC 9110, section 14), which Django's own file response does not know."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from web.entity_tags import is_known

CHUNK_BYTES = 64 * 1024
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class RangeNotSatisfiableError(Exception):
    """The range asked for lies outside of the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte asked for, None where the whole file is to be sent.

    A header that is no single byte range is ignored, as the standard wants. Raises RangeNotSatisfiableError.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise RangeNotSatisfiableError
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise RangeNotSatisfiableError
    return start, end


def file_response(request: HttpRequest, path: Path, *, etag: str, content_type: str, file_name: str) -> HttpResponseBase:
    """Answer GET or HEAD with a file, or the part of it that was asked for: 200, 206, 304 or 416.

    `etag` is the bare tag of these exact bytes. Raises FileNotFoundError.
    """
    size = path.stat().st_size
    quoted = f'"{etag}"'
    response = HttpResponse(status=304) if is_known(quoted, request) else _ranged(request, path, size, quoted)
    if response.status_code in (200, 206):
        response.headers["Content-Type"] = content_type
        response.headers["Content-Disposition"] = f'inline; filename="{file_name}"'
    for name, value in {
        "Accept-Ranges": "bytes",
        "ETag": quoted,
        "Cache-Control": "private, max-age=0, must-revalidate",
    }.items():
        response.headers[name] = value
    patch_vary_headers(response, ("Authorization", "Cookie", "x-mediamagic-key"))
    return response


def _ranged(request: HttpRequest, path: Path, size: int, quoted_etag: str) -> HttpResponseBase:
    header = request.headers.get("Range", "")
    # A range of bytes that have changed since would be glued to the old ones.
    if request.headers.get("If-Range", quoted_etag) != quoted_etag:
        header = ""
    try:
        wanted = parse_range(header, size)
    except RangeNotSatisfiableError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = wanted or (0, size - 1)
    response: HttpResponseBase
    if request.method != "GET":
        # HEAD, or whoever asks for the tag alone: the file is not opened.
        response = HttpResponse()
    elif wanted is None:
        response = FileResponse(path.open("rb"))
    else:
        response = StreamingHttpResponse(_part(path.open("rb"), start, end))
    response.headers["Content-Length"] = str(end - start + 1)
    if wanted is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def _part(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = end - start + 1
        while left and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
