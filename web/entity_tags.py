"""`ETag`, `If-None-Match`, `If-Match`: what has not changed is not sent again, and what has is not overwritten unseen.

A tag is a hash of the very bytes and of their media type: a strong one, as If-Match wants it. It costs no column and no query
beside the answer's own, and cannot forget a field.
"""

import hashlib
import re
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from web.errors import Problem

UNSAFE: Final = frozenset({"PUT", "PATCH", "DELETE"})
_TAGS: Final = re.compile(r'\s*(\*|(W/)?"[!#-~\x80-\xff]*"(\s*,\s*(W/)?"[!#-~\x80-\xff]*")*)\s*')
# Of the whole answer, a 304 repeats what a cache could need anew (RFC 9110, section 15.4.5).
_KEPT: Final = ("Cache-Control", "Content-Location", "ETag", "Link", "Vary", "X-Page-Size")


def tag_of(content: bytes, media_type: str) -> str:
    """Return the tag of these bytes, quoted."""
    return f'"{hashlib.sha256(media_type.encode() + bytes(1) + content).hexdigest()[:32]}"'


def is_known(tag: str, request: HttpRequest | Request) -> bool:
    """Tell whether the client has what has this tag already."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or tag in {each.removeprefix("W/") for each in given}


def tagged(request: Request, response: Response) -> None:
    """Have a GET's answer carry its tag once it is written, and be a 304 where the client has it."""

    def settle(written: Response) -> HttpResponse | None:
        tag = written.headers["ETag"] = tag_of(written.content, written.headers["Content-Type"])
        if not is_known(tag, request):
            return None
        return HttpResponse(status=304, headers={name: written.headers[name] for name in _KEPT if name in written.headers})

    response.add_post_render_callback(settle)


def tagged_file(request: Request, content: bytes, name: str, media_type: str) -> HttpResponse:
    """Return a file with its tag, or a 304 where the client has it."""
    tag = tag_of(content, media_type)
    if is_known(tag, request):
        return HttpResponse(status=304, headers={"ETag": tag})
    headers = {"ETag": tag, "Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=media_type, headers=headers)


def check_unchanged(view: Any, request: Request, *args: Any, **kwargs: Any) -> None:
    """Refuse what is to be changed under If-Match where it is no more what the client saw: Problem 412.

    What cannot be shown without acting has no tag, so none is its own; `*` wants no more than that it is there. It is looked at
    before anything is locked: of two that change it within the same few milliseconds both may come through.
    """
    given = request.headers.get("If-Match")
    if given is None or request.method not in UNSAFE:
        return
    if not _TAGS.fullmatch(given):
        raise Problem(400, "malformed_if_match", 'If-Match is * or a list of tags such as "0f343b0931126a20f133d67c2b018a3b".')
    if given.strip() == "*":
        return
    if _current_tag(view, request, *args, **kwargs) not in parse_etags(given):
        raise Problem(412, "precondition_failed", "It is not what If-Match says: look at it again. Nothing was done.")


def _current_tag(view: Any, request: Request, *args: Any, **kwargs: Any) -> str | None:
    """Return the tag that a GET would have at this moment, None where there is none to be had."""
    if not (hasattr(view, "get") and view.head_allowed):
        return None
    shown = view.get(request, *args, **kwargs)
    if not isinstance(shown, Response):
        tag: str | None = shown.headers.get("ETag")
        return tag
    renderer, media_type = request.accepted_renderer, request.accepted_media_type
    content = renderer.render(shown.data, media_type, {"view": view, "request": request, "response": shown})
    return tag_of(shown.make_bytes(content), renderer.media_type)
