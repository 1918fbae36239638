"""Answers to questions: what the pages say, word for word, and where; what is not there is not answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Final

from documentation.catalogue import Document, catalogue
from documentation.index import Index
from documentation.parsing import Kind, Passage, Section
from documentation.ranking import Found, asks_how_to, find

MOST_EXCERPTS: Final = 3
# A section that ranks lower than this part of the best one is no excerpt.
WORTH_READING: Final = 0.45
# One that has less than this part of what was searched for is not worth a line.
WORTH_LISTING: Final = 0.3
EXCERPT_CHARACTERS: Final = 900
# A sentence that is shorter than this is given with those that follow.
SHORT_ANSWER: Final = 220


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a section says to a question, as Markdown, and the section."""

    document: Document
    section: Section
    text: str

    @property
    def path(self) -> str:
        """The address of the section's page, without the portal's."""
        return f"{self.document.page.path}{self._mark}"

    @property
    def address(self) -> str:
        """The whole address of its Markdown."""
        return f"{self.document.portal}{self.document.page.markdown_path}{self._mark}"

    @property
    def name(self) -> str:
        """Its page and heading."""
        return " \u203a ".join((self.document.title, *self.section.trail[1:]))

    @property
    def markdown(self) -> str:
        """Its text, with links that can be followed from anywhere."""
        return self.document.with_links(self.text)

    @property
    def html(self) -> str:
        """Its text as HTML."""
        return self.document.part(self.text)

    @property
    def _mark(self) -> str:
        return f"#{self.section.anchor}" if self.section.anchor else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The direct answer to a question, None where the documentation has none, and the sections that say more."""

    question: str
    direct: Excerpt | None
    excerpts: tuple[Excerpt, ...]


@lru_cache(maxsize=2)
def index_of(portal: str) -> Index:
    """Return the index of the pages of the portal at this address, made once in each process."""
    return Index(catalogue(portal).sections)


def answer(question: str, portal: str) -> Answer:
    """Answer a question by the pages of the portal at this address."""
    pages = catalogue(portal)
    found = [each for each in find(index_of(portal), question) if each.is_enough]
    if not found:
        return Answer(question, None, ())
    best = found[0]
    worth = takewhile(lambda each: each.rank >= WORTH_READING * best.rank, found[:MOST_EXCERPTS])
    return Answer(
        question,
        Excerpt(pages.documents[best.section.slug], best.section, direct_answer(question, best)),
        tuple(Excerpt(pages.documents[each.section.slug], each.section, excerpt_of(each)) for each in worth),
    )


def search(words: str, portal: str, *, most: int) -> list[Excerpt]:
    """Return the sections that have some of these words, the best first, each with the passage that tells most."""
    pages = catalogue(portal)
    found = [each for each in find(index_of(portal), words) if each.coverage >= WORTH_LISTING and each.passages]
    return [Excerpt(pages.documents[each.section.slug], each.section, _glimpse(each)) for each in found[:most]]


def _glimpse(found: Found) -> str:
    """Return the most telling passage of a section in words; code only where there is nothing else."""
    in_words = (passage for passage, _ in found.passages if passage.kind != Kind.CODE)
    return _sentence(next(in_words, found.passages[0][0]))


# -- what a section says ---------------------------------------------------------------------------------------------------


def direct_answer(question: str, found: Found) -> str:
    """Return the part of a section that answers: its steps or its command to who asks how to, else its best sentence."""
    section = found.section
    best = found.passages[0][0]
    if asks_how_to(question):
        steps = next((passage for passage in section.passages if passage.kind == Kind.STEPS), None)
        if steps:
            return steps.text
        code = next((passage for passage, _ in found.passages if passage.kind == Kind.CODE), None)
        if code:
            sentence = next((passage for passage, _ in found.passages if passage.kind != Kind.CODE), None)
            said = [_said(section, passage) for passage in section.passages if passage in (code, sentence)]
            return "\n\n".join(part for at, part in enumerate(said) if not any(part in other for other in said[:at]))
    return _said(section, best)


def _said(section: Section, passage: Passage) -> str:
    """Return a passage as it can stand alone: a short sentence with what follows it, and with a list that it announces."""
    if passage.kind != Kind.SENTENCE:
        return _sentence(passage)
    said: list[str] = []
    for follower in section.passages[section.passages.index(passage) :]:
        if follower.block != passage.block or (said and sum(map(len, said)) > SHORT_ANSWER):
            break
        said.append(follower.text)
    text = " ".join(said)
    announced = section.blocks[passage.block + 1 : passage.block + 2] if text.endswith(":") else ()
    return "\n\n".join((text, *announced))


def _sentence(passage: Passage) -> str:
    """Return a passage as a paragraph of its own."""
    return passage.text.removeprefix("- ") if passage.kind == Kind.ITEM else passage.text


def excerpt_of(found: Found) -> str:
    """Return the blocks of a section that say most, in their order, as Markdown of a length that can be read at a glance."""
    section = found.section
    order = list(dict.fromkeys(passage.block for passage, _ in found.passages))
    chosen: list[int] = []
    room = EXCERPT_CHARACTERS
    for block in order:
        size = len(_shortened(found, block))
        if not chosen or size <= room:
            chosen.append(block)
            room -= size
    return "\n\n".join(_shortened(found, block) for block in sorted(chosen)) or section.heading


def _shortened(found: Found, block: int) -> str:
    """Return a block; a long table with the rows alone that have something of the question."""
    text = found.section.blocks[block]
    rows = [passage for passage in found.section.passages if passage.block == block]
    if len(text) <= EXCERPT_CHARACTERS or not rows or rows[0].kind != Kind.ROW:
        return text
    lines = text.splitlines()
    shares = dict(found.passages)
    least = max(shares[row] for row in rows) / 2
    return "\n".join((*lines[:2], *_fitting(lines[2:], rows, shares, least)))


def _fitting(lines: Sequence[str], rows: Sequence[Passage], shares: dict[Passage, float], least: float) -> Iterator[str]:
    yield from (line for line, row in zip(lines, rows, strict=True) if shares[row] >= least)
