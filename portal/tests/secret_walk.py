"""A walk through the product with secrets that can be told by their text, and a look at everything that it left behind."""

import base64
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pythonjsonlogger.json import JsonFormatter

JSON = "application/json"
# Longer than any word that could stand in an answer by chance.
SHORTEST = 10


@dataclass(frozen=True)
class Answer:
    """What somebody was answered, headers and all; the secrets in `shows` were his to see, this once."""

    request: str
    status: int
    text: str
    shows: frozenset[str]


@dataclass
class Walk:
    """Requests, and what they left: every answer, every log line as it is really written, every column of the database."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    def knows(self, name: str, secret: str) -> str:
        """Take down a secret, which from now on, and from the beginning, must be nowhere."""
        assert len(secret) >= SHORTEST, name
        assert self.secrets.setdefault(name, secret) == secret, name
        return secret

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        client: Client | None = None,
        shows: tuple[str, ...] = (),
        **extra: Any,
    ) -> HttpResponse:
        """Send a request; a 500 is an answer like any other."""
        client = client or Client()
        client.raise_request_exception = False
        if body is not None and not isinstance(body, bytes):
            extra |= {"data": json.dumps(body), "content_type": JSON}
        elif body is not None:
            extra |= {"data": body}
        return self.heard(f"{method} {path}", client.generic(method, path, **extra), shows)

    def submit(
        self, path: str, fields: dict[str, Any], client: Client, shows: tuple[str, ...] = (), **extra: Any
    ) -> HttpResponse:
        """Send a form of a page."""
        client.raise_request_exception = False
        return self.heard(f"POST {path}", client.post(path, fields, **extra), shows)

    def heard(self, request: str, response: HttpResponse, shows: tuple[str, ...] = ()) -> HttpResponse:
        """Take down an answer."""
        body = response.getvalue() if response.streaming else response.content
        head = f"{dict(response.headers)} {response.cookies.output()}"
        # A page that one has to sign in for is asked for again afterwards: who sent the address gets it back.
        if response.status_code == 302 and response["Location"].startswith(("/login", "/admin/login")):
            head = head.replace(response["Location"], "")
        self.answers.append(Answer(request, response.status_code, f"{head}\n{body.decode('latin-1')}", frozenset(shows)))
        return response

    # -- what is left ------------------------------------------------------------------------------------------------------

    def leaks(self) -> Iterator[str]:
        """Yield where a secret is that must be nowhere."""
        lines = self.log.getvalue().splitlines()
        assert lines, "nothing was logged: then nothing was looked at"
        kept = list(database()) + list(cached()) + list(sessions())
        for name, secret in self.secrets.items():
            for form, text in forms_of(secret).items():
                what = f"{name}{form}"
                yield from (
                    f"{what} in the answer {a.status} to {a.request}"
                    for a in self.answers
                    if text in a.text and name not in a.shows
                )
                yield from (f"{what} in the log: {line}" for line in lines if text in line)
                yield from (f"{what} in {place}" for place, value in kept if text in value)


def forms_of(secret: str) -> dict[str, str]:
    """Return how a secret may be written and still be read by anybody."""
    escaped = json.dumps(secret)[1:-1]
    credentials = base64.b64encode(f"{settings.FREESWITCH_HTTP_USER}:{secret}".encode()).decode()
    return {"": secret, " in Basic": credentials} | ({" escaped": escaped} if escaped != secret else {})


def database() -> Iterator[tuple[str, str]]:
    """Yield every value of every table as text; bytes as the characters that they are."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a name from the database itself
            columns = [column[0] for column in cursor.description]
            for values in cursor.fetchall():
                for column, value in zip(columns, values, strict=True):
                    yield f"the column {table}.{column}", as_text(value)


def as_text(value: Any) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)


def cached() -> Iterator[tuple[str, str]]:
    """Yield what the cache holds."""
    for key, value in cache._cache.items():
        yield "the cache", f"{key} {as_text(value)}"


def sessions() -> Iterator[tuple[str, str]]:
    """Yield what sessions hold, read as the portal reads it."""
    for session in Session.objects.all():
        yield "a session", json.dumps(session.get_decoded())


class RealLog:
    """The handler that the settings configure, writing to a walk instead of standard error, from the lowest level on."""

    def __init__(self, walk: Walk) -> None:
        (self.handler,) = (
            handler
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler) and isinstance(handler.formatter, JsonFormatter)
        )
        self.walk = walk

    def __enter__(self) -> None:
        self.stream = self.handler.setStream(self.walk.log)
        self.level = logging.getLogger().level
        logging.getLogger().setLevel(logging.DEBUG)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().setLevel(self.level)
        if self.stream is not None:
            self.handler.setStream(self.stream)
