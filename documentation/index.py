"""The index of all sections: SQLite's full-text search (FTS5), in memory, one in each process.

FTS5 finds word forms by their stem (Porter) and says how well each section fits a word (BM25). It is asked word by word, and
for each by all the names that people have for the thing; what comes of all words together is `ranking.py`'s business.
"""

import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from documentation.parsing import Passage, Section
from documentation.thesaurus import STOP_WORDS, SYNONYMS

# How much a word counts in a section's own heading, in those above it, and below it.
WEIGHTS: Final = (6.0, 2.0, 1.0)
# How much another name of what was asked for counts.
OTHER_NAME: Final = 0.7

_TOKENIZER: Final = "porter unicode61 remove_diacritics 2"
# A word, or several that a hyphen and its like make one: number_pool_empty, read-only, don't.
_WORD: Final = re.compile(r"[^\W_]+(?:[_\-./'][^\W_]+)*")
_PART: Final = re.compile(r"[^\W_]+")
_LONGEST_PHRASE: Final = 4
# Marks, where links lead, and the names of hosts: whichever a portal has, the same is found.
_MARKS: Final = re.compile(r"\]\([^)\s]*\)|https?://[^/\s'\"`<>|)]+|[`*\[\]|\\]")
# A name, of whose like an inflection is no other form: Windows is no window.
_NAME: Final = re.compile(r"[A-Z][a-z]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a question asks for, by all the names that we know of it; first the one by which it was asked.

    `is_foreign` tells of what stands nowhere, though a word like it may.
    """

    names: tuple[str, ...]
    is_foreign: bool = False

    @property
    def query(self) -> str:
        """The same for FTS5; a name of several words has to stand as it is."""
        return " OR ".join(f'"{name}"' for name in self.names)


@dataclass(frozen=True, slots=True)
class Hits:
    """Where a term stands. Sections and passages go by their places in the index.

    `weight` is how much the term says: the more, the fewer sections have it. `sections` have it, each with how often, saturated
    and by the section's length. `headings` have it in their own heading, `above` in one above it.
    """

    term: Term
    weight: float
    sections: dict[int, float]
    headings: frozenset[int]
    above: frozenset[int]
    passages: frozenset[int]


class Index:
    """Sections and their passages, to be searched by any thread."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self.sections = sections
        self.passages: list[Passage] = []
        # Where each section's passages are among all of them.
        self.places: list[range] = []
        for section in sections:
            self.places.append(range(len(self.passages), len(self.passages) + len(section.passages)))
            self.passages += section.passages
        self._lock = Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._fill()
        self._names = self._names_by_stems()
        # Every word as it is spelt somewhere, and what counts as one of several parts.
        self._spelt = STOP_WORDS.union(*(_PART.findall(passage.text.lower()) for passage in self.passages))

    def _fill(self) -> None:
        for table, columns in (("section", "heading, above, body"), ("passage", "text"), ("spelling", "word")):
            self._database.execute(f'CREATE VIRTUAL TABLE {table} USING fts5({columns}, tokenize="{_TOKENIZER}")')
        self._database.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(spelling, instance)")
        self._database.executemany(
            "INSERT INTO section (rowid, heading, above, body) VALUES (?, ?, ?, ?)",
            (
                (at, section.heading, " / ".join(section.trail[:-1]), unmarked("\n".join(section.blocks)))
                for at, section in enumerate(self.sections)
            ),
        )
        self._database.executemany(
            "INSERT INTO passage (rowid, text) VALUES (?, ?)",
            ((at, unmarked(passage.text)) for at, passage in enumerate(self.passages)),
        )

    # -- what is asked for -------------------------------------------------------------------------------------------------

    def terms(self, question: str) -> list[Term]:
        """Return what a question asks for: words that say something, and phrases that we know; of two names of a thing, one."""
        words = _WORD.findall(question.replace("\u2019", "'"))
        with self._lock:
            return list({frozenset(term.names): term for term in self._terms(words)}.values())

    def _terms(self, written: list[str]) -> Iterator[Term]:
        words = [word.lower() for word in written]
        stems = [self._stem(word) for word in words]
        at = 0
        while at < len(words):
            length = next((n for n in range(_LONGEST_PHRASE, 0, -1) if tuple(stems[at : at + n]) in self._names), 0)
            if length:
                yield Term(self._names[tuple(stems[at : at + length])])
            elif at and _NAME.fullmatch(written[at]) and words[at] not in self._spelt:
                yield Term((words[at],), is_foreign=True)
            elif words[at] not in STOP_WORDS:
                yield from self._unknown(words[at])
            at += length or 1

    def _unknown(self, word: str) -> Iterator[Term]:
        """Take a word as it is; one of several parts that stands nowhere, by its parts."""
        parts = _PART.findall(word)
        whole = Term((" ".join(parts),))
        if len(parts) == 1 or self._rows("section", whole.query):
            yield whole
        else:
            yield from (Term((part,)) for part in parts if part not in STOP_WORDS)

    def _names_by_stems(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Return all names of a thing by the stems of each of them; what is in several groups has the names of all."""
        names: dict[tuple[str, ...], tuple[str, ...]] = {}
        for group in SYNONYMS:
            for name in group:
                stems = tuple(self._stem(word) for word in _WORD.findall(name))
                spoken = " ".join(_PART.findall(name))
                names[stems] = tuple(dict.fromkeys((spoken, *names.get(stems, ()), *group)))
        return names

    def _stem(self, word: str) -> str:
        """Return what FTS5 makes of a word."""
        self._database.execute("DELETE FROM spelling")
        self._database.execute("INSERT INTO spelling VALUES (?)", (word,))
        return " ".join(stem for (stem,) in self._database.execute("SELECT term FROM stem ORDER BY offset"))

    # -- where it stands ---------------------------------------------------------------------------------------------------

    def hits(self, terms: Sequence[Term]) -> list[Hits]:
        """Return where each term stands."""
        with self._lock:
            return [self._hits(term) for term in terms]

    def _hits(self, term: Term) -> Hits:
        sections: dict[int, float] = {}
        for place, name in enumerate(() if term.is_foreign else term.names):
            for at, often in self._often(name).items():
                sections[at] = max(sections.get(at, 0.0), often * (OTHER_NAME if place else 1.0))
        return Hits(
            term=term,
            weight=math.log(1 + (len(self.sections) - len(sections) + 0.5) / (len(sections) + 0.5)),
            sections=sections,
            headings=self._rows("section", f"heading : ({term.query})") if sections else frozenset(),
            above=self._rows("section", f"above : ({term.query})") if sections else frozenset(),
            passages=self._rows("passage", term.query) if sections else frozenset(),
        )

    def _often(self, name: str) -> dict[int, float]:
        """Return how often a name stands in each section, without regard to how rare it is: that is a matter of all names."""
        scores = self._database.execute(
            "SELECT rowid, -bm25(section, ?, ?, ?) FROM section WHERE section MATCH ?", (*WEIGHTS, f'"{name}"')
        ).fetchall()
        # As FTS5 has it: fts5_aux.c.
        rarity = max(math.log((len(self.sections) - len(scores) + 0.5) / (len(scores) + 0.5)), 1e-6)
        return {at: score / rarity for at, score in scores}

    def _rows(self, table: str, query: str) -> frozenset[int]:
        rows = self._database.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH ?", (query,))  # noqa: S608 - our own names
        return frozenset(at for (at,) in rows)


def unmarked(text: str) -> str:
    """Return Markdown without its marks and without the addresses of its links."""
    return _MARKS.sub(" ", text)


def spoken(text: str) -> str:
    """Return a text's words alone, as a term names them."""
    return " ".join(_PART.findall(text.lower()))
