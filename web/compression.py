"""Pages go out compressed; nothing else does, since files are sent by Range and answers to programs are small."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    """Compress pages for whoever takes that.

    Of a page that shows a text of whoever asks beside a secret, the length could tell whether the two are alike (BREACH). Three
    things are against it: the token against forgery is masked anew in each answer, a secret that is shown once answers a POST
    that had such a token, and Django adds up to a hundred bytes of its own to each page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return a page compressed, everything else as it is."""
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)
