"""The pages of the documentation, each also as Markdown, and the answers to questions about them; for everybody."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import conditional_page, require_safe

from documentation.answers import answer, search
from documentation.catalogue import Catalogue, Document, catalogue
from documentation.formats import as_markdown, as_object
from documentation.pages import DECISIONS, INDEX
from web.throttling import count_address

LONGEST_QUESTION: Final = 400
MOST_RESULTS: Final = 12
MARKDOWN: Final = "text/markdown"
JSON: Final = "application/json"
# Control characters, what is not seen, and ends of lines of any kind.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@require_safe
@conditional_page
def documentation_index(request: HttpRequest) -> HttpResponse:
    """Show where to begin, or what was searched for."""
    pages = catalogue(settings.PUBLIC_URL)
    words = _asked(request, "q")
    return _searched(request, pages, words) if words else _page(request, pages, pages.documents[INDEX])


@require_safe
@conditional_page
def documentation(request: HttpRequest, page: str) -> HttpResponse:
    """Show a page of the table, as HTML or, where its name ends so, as Markdown; there are no others."""
    pages = catalogue(settings.PUBLIC_URL)
    document = pages.documents.get(page.removesuffix(".md"))
    if document is None:
        raise Http404
    return _markdown(request, document) if page.endswith(".md") else _page(request, pages, document)


def _page(request: HttpRequest, pages: Catalogue, document: Document) -> HttpResponse:
    """Show a page, with the answer to a question above it."""
    question = _asked(request, "ask")
    before, after = pages.neighbours(document.page.slug)
    context = {"document": document, "before": before, "after": after, "question": question}

    def shown() -> HttpResponse:
        found = answer(question, settings.PUBLIC_URL) if question else None
        return _html(request, "documentation/page.html", context | {"answer": found})

    return _counted(request, question, shown)


def _searched(request: HttpRequest, pages: Catalogue, words: str) -> HttpResponse:
    """Show the sections that were searched for, and above them the answer, if it was a question that has one."""

    def shown() -> HttpResponse:
        found = answer(words, settings.PUBLIC_URL)
        results = search(words, settings.PUBLIC_URL, most=MOST_RESULTS)
        return _html(request, "documentation/search.html", {"words": words, "answer": found, "results": results})

    return _counted(request, words, shown)


def _markdown(request: HttpRequest, document: Document) -> HttpResponse:
    """Answer with a page's Markdown, or with the answer to a question as Markdown or JSON."""
    question = _asked(request, "ask")
    if not question:
        return _text(document.markdown)

    def answered() -> HttpResponse:
        found = answer(question, settings.PUBLIC_URL)
        if request.get_preferred_type([MARKDOWN, JSON]) == JSON:
            response = _cached(JsonResponse(as_object(found)))
        else:
            response = _text(as_markdown(found, document.portal))
        patch_vary_headers(response, ["Accept"])
        return response

    return _counted(request, question, answered)


def _asked(request: HttpRequest, name: str) -> str:
    """Return what was asked for: one line, without what cannot be seen."""
    text = request.GET.get(name, "")
    return " ".join("".join(" " if unicodedata.category(each) in _UNSEEN else each for each in text).split())


# -- limits ----------------------------------------------------------------------------------------------------------------


def _counted(request: HttpRequest, question: str, respond: Callable[[], HttpResponse]) -> HttpResponse:
    """Respond, unless a question is too long or one too many; without a question nothing is counted."""
    if not question:
        return respond()
    if len(question) > LONGEST_QUESTION:
        return _refused(request, 400, f"A question has at most {LONGEST_QUESTION} characters.")
    rate = count_address(request, "documentation")
    if rate.is_exceeded:
        response = _refused(request, 429, f"These are too many questions: ask again in {rate.reset} s.")
        response.headers["Retry-After"] = str(rate.reset)
        return response
    return respond()


def _refused(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    if request.path.endswith(".md"):
        return _text(f"{sentence}\n", status)
    return _html(request, "documentation/refused.html", {"sentence": sentence}, status)


# -- answers ---------------------------------------------------------------------------------------------------------------


def _html(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Render a page; who is signed in gets one of their own, which is kept by nobody."""
    common = {
        "groups": catalogue(settings.PUBLIC_URL).groups,
        "folded": DECISIONS,
        "longest_question": LONGEST_QUESTION,
    }
    response = render(request, template, common | dict(context), status=status)
    return response if request.user.is_authenticated else _cached(response)


def _text(text: str, status: int = 200) -> HttpResponse:
    return _cached(HttpResponse(text, status=status, content_type=f"{MARKDOWN}; charset=utf-8"))


def _cached(response: HttpResponse) -> HttpResponse:
    """Let what is the same for everybody be kept, and asked for each time whether it still is."""
    patch_cache_control(response, public=True, no_cache=True)
    return response
