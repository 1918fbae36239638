"""Markdown as HTML in the console's look: headings with anchors, code with colours, links to where they lead here.

What comes out needs no further cleaning: the parser lets no HTML through and refuses `javascript:` and its like, and what is
added here is escaped.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markdown_it.utils import OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from documentation.parsing import DEEPEST_SECTION, MARKDOWN, Anchors, plain

# Where a link of a page leads: an address, or None where it leads to no page.
Resolve = Callable[[str], str | None]

_COLOURS: Final = HtmlFormatter(nowrap=True)
# What an indented block, which cannot say so, is written in: by how it begins.
_GUESSES: Final = (
    (re.compile(r"\$ "), "console"),
    (re.compile(r"(curl|make|export|python|PORTAL_|DATABASE_URL=|[A-Z0-9_]+=|\.venv/|manage\.py|[0-9*]+ [0-9*]+ )"), "bash"),
    (re.compile(r"[\[{]"), "json"),
    (re.compile(r"(from|import|with) "), "python"),
    (re.compile(r"exports\."), "javascript"),
    (re.compile(r"<"), "xml"),
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page, for its table of contents."""

    level: int
    anchor: str
    text: str


def render(text: str, resolve: Resolve, *, anchors: bool = True) -> SafeString:
    """Return a page's Markdown, or a part of it, as HTML; a part has no anchors, which the page has already."""
    tokens = MARKDOWN.parse(text)
    if anchors:
        _anchor(tokens)
    _lead(tokens, resolve)
    return mark_safe(_Renderer().render(tokens, MARKDOWN.options, {}))  # noqa: S308 - see the module


def headings_of(text: str) -> tuple[Heading, ...]:
    """Return the headings of a page below its title."""
    anchors, found = Anchors(), []
    for node in SyntaxTreeNode(MARKDOWN.parse(text)).children:
        if node.type == "heading" and int(node.tag[1]) <= DEEPEST_SECTION:
            heading = Heading(int(node.tag[1]), anchors.of(plain(node)), plain(node))
            found += [heading] if heading.level > 1 else []
    return tuple(found)


def _anchor(tokens: Sequence[Token]) -> None:
    """Give each heading below the title an id."""
    anchors = Anchors()
    for token, content in pairwise(tokens):
        if token.type == "heading_open" and int(token.tag[1]) <= DEEPEST_SECTION:
            anchor = anchors.of(plain(SyntaxTreeNode([content])))
            if token.tag != "h1":
                token.attrSet("id", anchor)


def _lead(tokens: Sequence[Token], resolve: Resolve) -> None:
    """Let each link lead to where its target is here; one that leads to no page becomes plain text."""
    for inline in (token for token in tokens if token.children):
        kept: list[Token] = []
        open_links: list[bool] = []
        for token in inline.children or ():
            if token.type == "link_open":
                target = resolve(str(token.attrGet("href")))
                open_links.append(target is not None)
                token.attrSet("href", target or "")
            is_link = token.type in ("link_open", "link_close")
            if not is_link or open_links[-1]:
                kept.append(token)
            if token.type == "link_close":
                open_links.pop()
        inline.children = kept


class _Renderer(RendererHTML):
    """The library's renderer, with what the console shows otherwise."""

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
        """End a heading with a link to itself."""
        opening = tokens[index - 2]
        anchor = opening.attrGet("id")
        link = format_html('<a class="doc-anchor" href="#{}" aria-label="Link to this section">#</a>', anchor) if anchor else ""
        return f"{link}</{opening.tag}>\n"

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
        """Let a wide table be scrolled by itself."""
        return '<div class="doc-table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
        """End it."""
        return "</table></div>\n"

    def fence(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
        """Show code in colours."""
        return _code(tokens[index].content, tokens[index].info.strip())

    def code_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Mapping[str, Any]) -> str:
        """The same for an indented block, which does not say what it is written in."""
        content = tokens[index].content
        return _code(content, next((language for pattern, language in _GUESSES if pattern.match(content)), "text"))


def _code(text: str, language: str) -> str:
    try:
        coloured = highlight(text, get_lexer_by_name(language or "text"), _COLOURS)
    except ClassNotFound:
        coloured = escape(text)
    return f'<div class="doc-code" data-copyable><pre tabindex="0"><code class="highlight">{coloured}</code></pre></div>\n'
