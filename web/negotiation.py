"""JSON under two names: `application/json` and the service's own media type."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any, Final, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.parsers import MultiPartParser as BaseMultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.renderers import JSONRenderer as BaseJSONRenderer
from rest_framework.request import Request

from web.bodies import drain

MEDIA_MAGIC = "application/mediamagic.rest.v1+json"
LONGEST_INTEGER: Final = sys.get_int_max_str_digits()
# Files of 16 MB, and what stands around them.
MOST_UPLOADED: Final = 17 * 1024 * 1024


class JSONRenderer(BaseJSONRenderer):
    """The default."""

    charset = None


class MediaMagicRenderer(JSONRenderer):
    """The same JSON under the service's own media type."""

    media_type = MEDIA_MAGIC
    format = "mediamagic"


class FileRenderer(BaseRenderer):
    """What is sent as a file of some media type: `Accept` may name it. The file itself is streamed, and never rendered."""

    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return nothing: beside the file there is only what has no body."""
        return b""


class CsvRenderer(FileRenderer):
    """Lines of text."""

    media_type = "text/csv"
    format = "csv"


class ContentNegotiation(DefaultContentNegotiation):
    """Choose by Accept alone: there is no `?format=`."""

    def get_accept_list(self, request: Request) -> list[str]:
        """Return the media types of Accept without their parameters: `;q=` and `;charset=` do not matter to JSON."""
        header = request.META.get("HTTP_ACCEPT", "*/*")
        return [token.partition(";")[0].strip() for token in header.split(",") if token.strip()] or ["*/*"]


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _read(stream: IO[bytes]) -> bytes:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(most + 1)
    if len(body) > most:
        drain(stream)
        raise RequestDataTooBig
    return body


class JSONParser(BaseParser):
    """Strict JSON: UTF-8, no NaN, no surrogates, no NUL, of bounded depth."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return what the body says. Raises ParseError for anything that is not strict JSON."""
        try:
            value = json.loads(_read(stream).decode(), parse_constant=_refuse_constant)
            # A NUL or half a surrogate pair cannot be stored; refused here, no view has to think of it.
            text = json.dumps(value, ensure_ascii=False)
            text.encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except json.JSONDecodeError as error:
            raise ParseError(f"The body is no JSON: {str(error)[:200]}.") from None
        except UnicodeError:
            raise ParseError("The body is no JSON: it holds what is no text in UTF-8.") from None
        except ValueError:
            raise ParseError(
                f"The body is no JSON: NaN, Infinity and numbers of more than {LONGEST_INTEGER} digits are none."
            ) from None
        if "\\u0000" in text:
            raise ParseError("The body holds a NUL character.")
        return value


class MediaMagicParser(JSONParser):
    """The same JSON under the service's own media type."""

    media_type = MEDIA_MAGIC


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as a form brought it."""

    name: str
    content: bytes


class MultiPartParser(BaseMultiPartParser):
    """A form with files, as a plain object: each member once, a text or a `SentFile`."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return what the form says. Raises ParseError for what is none, RequestDataTooBig."""
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_UPLOADED:
            drain(stream)
            raise RequestDataTooBig
        form = super().parse(stream, media_type, parser_context)
        members: dict[str, str | SentFile] = {}
        for name, values in chain(form.data.lists(), form.files.lists()):
            if len(values) > 1 or name in members:
                raise ParseError(f"The member {name[:100]!r} is given more than once.")
            members[name] = _sent(values[0])
        return members


def _sent(value: Any) -> str | SentFile:
    if not isinstance(value, str):
        with value:
            return SentFile(value.name or "", value.read())
    if "\0" in value:
        raise ParseError("The body holds a NUL character.")
    return value
