"""Serving files by range."""

from pathlib import Path

import pytest
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from web.ranges import RangeNotSatisfiableError, file_response, parse_range

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(CONTENT)
    return path


def fetch(audio: Path, method: str = "GET", **headers: str) -> HttpResponseBase:
    request = RequestFactory().generic(method, "/", headers=headers)
    return file_response(request, audio, etag="abc", content_type="audio/wav", file_name="a.wav")


def body_of(response: HttpResponseBase) -> bytes:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    # Not close(): that would also end the connection to a database that nobody asked for.
    for closer in response._resource_closers:
        closer()
    return body


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=0-99", (0, 99)),
        ("bytes=90-", (90, 99)),
        ("bytes=90-1000", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_parse_range(header: str, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_outside_of_the_file_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        parse_range(header, 100)


def test_the_whole_file(audio: Path) -> None:
    response = fetch(audio)
    assert (response.status_code, response["Content-Length"], response["Accept-Ranges"]) == (200, str(len(CONTENT)), "bytes")
    assert response["ETag"] == '"abc"'
    assert "Content-Range" not in response
    assert body_of(response) == CONTENT


def test_a_part_of_the_file(audio: Path) -> None:
    response = fetch(audio, range="bytes=1000-150000")
    assert (response.status_code, response["Content-Range"]) == (206, f"bytes 1000-150000/{len(CONTENT)}")
    assert response["Content-Length"] == "149001"
    assert body_of(response) == CONTENT[1000:150001]


def test_not_satisfiable_sends_no_audio(audio: Path) -> None:
    response = fetch(audio, range=f"bytes={len(CONTENT)}-")
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    assert body_of(response) == b""


def test_head_sends_the_length_and_no_audio(audio: Path) -> None:
    response = fetch(audio, "HEAD")
    assert (response.status_code, response["Content-Length"], body_of(response)) == (200, str(len(CONTENT)), b"")
    part = fetch(audio, "HEAD", range="bytes=0-9")
    assert (part.status_code, part["Content-Length"], body_of(part)) == (206, "10", b"")


def test_an_unchanged_file_is_not_sent_again(audio: Path) -> None:
    response = fetch(audio, **{"if-none-match": '"x", W/"abc"'})
    assert (response.status_code, body_of(response), response["ETag"]) == (304, b"", '"abc"')


def test_a_part_of_other_bytes_is_never_sent(audio: Path) -> None:
    changed = fetch(audio, **{"if-range": '"old"', "range": "bytes=0-9"})
    assert (changed.status_code, len(body_of(changed))) == (200, len(CONTENT))
    same = fetch(audio, **{"if-range": '"abc"', "range": "bytes=0-9"})
    assert (same.status_code, len(body_of(same))) == (206, 10)
