"""`schema` and `docs`: what describes the API, for programs and for people; anyone may read it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from django.conf import settings
from django.template.loader import render_to_string
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from web.negotiation import MEDIA_MAGIC
from web.parameters import ApiView
from web.schema.describing import described

# What is served is what was reviewed: a check holds the file to the code, and no worker has to work it out again.
FILE: Final[Path] = settings.BASE_DIR / "docs" / "openapi.json"
KEPT_SECONDS: Final = 300
YAML: Final = "application/yaml"


@cache
def written(media_type: str) -> bytes:
    """Return the document in JSON or, of that media type, in YAML."""
    text = FILE.read_text(encoding="utf-8")
    if media_type != YAML:
        return text.encode()
    return yaml.safe_dump(json.loads(text), allow_unicode=True, sort_keys=False, width=120).encode()


class DocumentRenderer(BaseRenderer):
    """The document as it was written before."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return its bytes, unless nothing is answered."""
        return b"" if data is None else written(self.media_type)


class MediaMagicRenderer(DocumentRenderer):
    """The same under the service's own media type."""

    media_type = MEDIA_MAGIC


class OpenApiRenderer(DocumentRenderer):
    """The same under the media type of OpenAPI."""

    media_type = "application/vnd.oai.openapi+json"


class YamlRenderer(DocumentRenderer):
    """The same in YAML."""

    media_type = YAML


class PageRenderer(BaseRenderer):
    """The page that shows the document; it is the same for everybody."""

    media_type = "text/html"
    format = "html"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        """Return the page, unless nothing is answered."""
        return "" if data is None else render_to_string("api_explorer.html")


class Schema(ApiView):
    """GET the API's schema."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (DocumentRenderer, MediaMagicRenderer, OpenApiRenderer, YamlRenderer)

    @described("getSchema", {"type": "object", "required": ["openapi", "info", "paths"]})
    def get(self, request: Request) -> Response:
        """Describe the API in OpenAPI 3.1.

        `Accept: application/yaml` has it in YAML.
        """
        return Response({}, headers={"Cache-Control": f"public, max-age={KEPT_SECONDS}"})


class Explorer(ApiView):
    """GET the schema as a page from which everything can be tried."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (PageRenderer,)

    @described("getExplorer", {"type": "string"}, media_type="text/html")
    def get(self, request: Request) -> Response:
        """Show the API's schema as a page."""
        return Response({}, headers={"Cache-Control": "public, no-cache"})
