"""How the portal speaks to Auth0: briefly, over few bytes, and nowhere else than where it was sent."""

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
import urllib3

TIMEOUT_SECONDS = 3.0
MOST_BYTES = 256 * 1024
CHUNK_BYTES = 16 * 1024


class ProviderUnavailableError(Exception):
    """Auth0 is away, or what answered in its place is not Auth0."""


class Answer(NamedTuple):
    """A status below 500, and the JSON object that came with it."""

    status: int
    document: Mapping[str, Any]


def ask(url: str, form: Mapping[str, str] | None = None) -> Answer:
    """Fetch a document, or post a form. Raises ProviderUnavailableError, whose text holds nothing of the form.

    A redirect is not followed: a form with the client's secret, or the question which keys are Auth0's, goes to the
    address that the operator set and to no other.
    """
    method = "GET" if form is None else "POST"
    # What comes compressed may unfold to anything.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        with requests.request(
            method, url, data=form, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as response:
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.is_redirect:
                raise ProviderUnavailableError(f"it answered {response.status_code}")
            return Answer(response.status_code, _document(_body(response.raw)))
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        # Not the error's own text: it may show the address with all that is in it.
        raise ProviderUnavailableError(type(error).__name__) from None


def _body(stream: urllib3.BaseHTTPResponse) -> bytes:
    """Return the whole body, which has to be small and to come soon, however slowly its parts drip."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    body = bytearray()
    while chunk := stream.read1(CHUNK_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProviderUnavailableError("its answer is too long")
        if time.monotonic() > deadline:
            raise ProviderUnavailableError("its answer takes too long")
    return bytes(body)


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderUnavailableError("its answer is no JSON") from None
    if not isinstance(document, dict):
        raise ProviderUnavailableError("its answer is no JSON object")
    return document
