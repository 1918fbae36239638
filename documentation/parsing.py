"""What a page is made of: sections by heading, and in each the passages that can answer something."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

# No HTML of the source is let through, and no link but http, https, mailto and relative ones.
MARKDOWN: Final = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
DEEPEST_SECTION: Final = 3

_NOT_IN_ANCHORS: Final = re.compile(r"[^\w\- ]")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[\w`*\[(])")


class Kind(StrEnum):
    """What a passage is: sentences are read in their paragraph, rows in their table."""

    SENTENCE = "sentence"
    STEPS = "steps"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Passage:
    """The least that can answer a question, as Markdown; `block` counts the blocks of its section."""

    kind: Kind
    block: int
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, down to the next. `trail` are the headings above it and its own, as plain text.

    `anchor` is "" at the head of a page. `blocks` are its parts as Markdown.
    """

    slug: str
    anchor: str
    trail: tuple[str, ...]
    blocks: tuple[str, ...]
    passages: tuple[Passage, ...]

    @property
    def reference(self) -> str:
        """The section's name: `page#anchor`."""
        return f"{self.slug}#{self.anchor}" if self.anchor else self.slug

    @property
    def heading(self) -> str:
        """Its own heading."""
        return self.trail[-1]


class Anchors:
    """Hands out the anchors of a page, as code forges do: a second heading of the same words is numbered."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def of(self, heading: str) -> str:
        """Return the anchor of a heading's plain text."""
        anchor = _NOT_IN_ANCHORS.sub("", heading.strip().lower()).replace(" ", "-")
        count = self._used.get(anchor, 0)
        self._used[anchor] = count + 1
        return f"{anchor}-{count}" if count else anchor


def plain(node: SyntaxTreeNode) -> str:
    """Return the text of a node without its marks."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if not node.children:
        return node.content
    return "".join(plain(child) for child in node.children)


def sections_of(slug: str, text: str) -> Iterator[Section]:
    """Split a page's Markdown into its sections."""
    lines, anchors = text.splitlines(), Anchors()
    trail: list[str] = []
    anchor, nodes = "", list[SyntaxTreeNode]()
    for node in SyntaxTreeNode(MARKDOWN.parse(text)).children:
        level = int(node.tag[1]) if node.type == "heading" else 0
        if not 0 < level <= DEEPEST_SECTION:
            nodes.append(node)
            continue
        if trail and nodes:
            yield _section(slug, anchor, trail, nodes, lines)
        heading = plain(node)
        named = anchors.of(heading)
        anchor, nodes = named if level > 1 else "", []
        trail = [*trail[: level - 1], heading]
    if trail and nodes:
        yield _section(slug, anchor, trail, nodes, lines)


def _section(slug: str, anchor: str, trail: Sequence[str], nodes: Sequence[SyntaxTreeNode], lines: Sequence[str]) -> Section:
    passages = tuple(passage for block, node in enumerate(nodes) for passage in _passages(block, node, lines))
    return Section(slug, anchor, tuple(trail), tuple(_source(node, lines) for node in nodes), passages)


def _source(node: SyntaxTreeNode, lines: Sequence[str]) -> str:
    """Return the Markdown of a node, as it stands in the page."""
    begin, end = node.map or (0, 0)
    return "\n".join(lines[begin:end]).rstrip()


def _passages(block: int, node: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Passage]:
    """Yield the passages of a block."""
    if node.type == "paragraph":
        yield from (Passage(Kind.SENTENCE, block, sentence) for sentence in sentences(node.children[0].content))
    elif node.type == "table":
        yield from (Passage(Kind.ROW, block, row) for row in _rows(node))
    elif node.type == "ordered_list":
        yield Passage(Kind.STEPS, block, _source(node, lines))
    elif node.type == "bullet_list":
        yield from (Passage(Kind.ITEM, block, _source(item, lines)) for item in node.children)
    elif node.type in ("fence", "code_block"):
        yield Passage(Kind.CODE, block, _source(node, lines))
    else:
        yield Passage(Kind.SENTENCE, block, _source(node, lines))


def sentences(text: str) -> list[str]:
    """Split the Markdown of a paragraph into sentences; none ends inside of code, a link or brackets."""
    text, found, begin = " ".join(text.split()), [], 0
    for end in _SENTENCE_END.finditer(text):
        before = text[begin : end.start()]
        if before.count("`") % 2 == 0 and before.count("(") == before.count(")") and before.count("[") == before.count("]"):
            found.append(before)
            begin = end.end()
    return [*found, text[begin:]]


def _rows(table: SyntaxTreeNode) -> Iterator[str]:
    """Yield each row of a table's body as a sentence: the first cell, then the others, named where they are several."""
    head, *bodies = table.children
    names = [_cell(cell) for cell in head.children[0].children]
    for row in (row for body in bodies for row in body.children):
        first, *rest = [_cell(cell) for cell in row.children]
        if len(rest) > 1:
            rest = [f"{name}: {cell}" if name else cell for name, cell in zip(names[1:], rest, strict=True) if cell]
        yield f"{first}: {'; '.join(rest)}"


def _cell(cell: SyntaxTreeNode) -> str:
    return cell.children[0].content.strip() if cell.children else ""
