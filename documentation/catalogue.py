"""The pages as this portal shows them: with its own address in them, made once in each process."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from django.utils.safestring import SafeString

from documentation.pages import PAGES, PLACEHOLDER, Page
from documentation.parsing import Section, sections_of
from documentation.rendering import Heading, headings_of, render

_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_MARKDOWN_LINK: Final = re.compile(r"(?<=\]\()(?P<target>[^()\s]+)(?=\))")


@dataclass(frozen=True)
class Document:
    """A page with this portal's address in it."""

    page: Page
    text: str
    portal: str

    @cached_property
    def title(self) -> str:
        """What stands at its head."""
        return self.text.partition("\n")[0].lstrip("# ").replace("`", "")

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Its table of contents."""
        return headings_of(self.text)

    @cached_property
    def html(self) -> SafeString:
        """The whole page."""
        return render(self.text, self.resolve)

    @cached_property
    def markdown(self) -> str:
        """The whole page as Markdown; its links lead to the other pages' Markdown."""
        return self.with_links(self.text)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Its parts."""
        return tuple(sections_of(self.page.slug, self.text))

    def part(self, text: str) -> SafeString:
        """Return a part of this page as HTML."""
        return render(text, self.resolve, anchors=False)

    def with_links(self, text: str) -> str:
        """Return a part of this page as Markdown that can be read anywhere: its links are whole addresses."""
        return _MARKDOWN_LINK.sub(lambda link: self._whole(link["target"]), text)

    def resolve(self, target: str) -> str | None:
        """Return where a link of this page leads to, None where that is no page."""
        if _ELSEWHERE.match(target):
            return target
        page, anchor = self._linked(target)
        return f"{page.path}{anchor}" if page else None

    def _whole(self, target: str) -> str:
        page, anchor = (None, "") if _ELSEWHERE.match(target) else self._linked(target)
        return f"{self.portal}{page.markdown_path}{anchor}" if page else target

    def _linked(self, target: str) -> tuple[Page | None, str]:
        """Return the page that a relative link leads to, and the anchor on it with its mark."""
        path, mark, anchor = target.partition("#")
        page = _BY_SOURCE.get(self.page.source_of(path)) if path else self.page
        return page, f"{mark}{anchor}"


@dataclass(frozen=True)
class Catalogue:
    """All documents by their names, in the order in which they are read."""

    documents: dict[str, Document]

    @cached_property
    def groups(self) -> dict[str, list[Document]]:
        """The documents by group."""
        groups: dict[str, list[Document]] = {}
        for document in self.documents.values():
            groups.setdefault(document.page.group, []).append(document)
        return groups

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections there are."""
        return tuple(section for document in self.documents.values() for section in document.sections)

    def neighbours(self, slug: str) -> tuple[Document | None, Document | None]:
        """Return what is read before a page and after it."""
        order = list(self.documents)
        place = order.index(slug)
        before = self.documents[order[place - 1]] if place else None
        after = self.documents[order[place + 1]] if place + 1 < len(order) else None
        return before, after


_BY_SOURCE: Final = {page.source: page for page in PAGES}


@lru_cache(maxsize=2)
def catalogue(portal: str) -> Catalogue:
    """Return the pages as the portal at this address shows them."""
    return Catalogue(
        {page.slug: Document(page, page.text.replace(PLACEHOLDER, portal.rstrip("/")), portal.rstrip("/")) for page in PAGES}
    )
