"""Which sections answer a question, and whether any does.

A section ranks by how often it has each term, by how much of the question its heading has, and by how much one passage of it
has: words that are strewn over a section are no answer. How much one passage has (`coverage`) also tells what is not in the
documentation.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from documentation.index import Hits, Index, spoken
from documentation.parsing import Kind, Passage, Section
from documentation.thesaurus import STOP_WORDS

# Less of the question in any one passage, and nothing is said to be an answer.
ENOUGH: Final = 0.6
# A question of which the index says less than this asks for nothing in particular, but for what a heading or a table names.
PARTICULAR: Final = 2.0
# How much heavier a section is whose heading is the question, and what a heading above it counts of that.
HEADING: Final = 1.5
ABOVE: Final = 0.5
# How much heavier one is that has the kind of passage which the question wants.
FITTING: Final = 2.0
# How much more a section counts that has more of the question in one passage.
POWER: Final = 3
# What a passage adds to its heading tells more than what it repeats of it; and what stands first is what the section is about.
REPEATED: Final = 0.3
FIRST: Final = 0.15
# What is written for fewer readers has to fit better.
PRIOR: Final = {"architecture": 0.5, "adr": 0.5, "benchmarks": 0.5, "contributing": 0.5, "demo": 0.8}

_HOW_TO: Final = re.compile(r"\W*how\s+(do|can|to|should|could|would)\b", re.IGNORECASE)
_STATUS: Final = re.compile(r"^[1-5][0-9]{2} ")
_WHAT_IS: Final = re.compile(r"\W*what('s|\s+is|\s+are|\s+does|\s+do)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A section that has something of a question, and its passages, each with how much it tells, the most telling first.

    `coverage` is how much of the question (0 to 1) one of them has, read under its heading. `is_particular` tells whether the
    question is one that such a section can answer at all.
    """

    section: Section
    rank: float
    coverage: float
    is_particular: bool
    passages: tuple[tuple[Passage, float], ...]

    @property
    def is_enough(self) -> bool:
        """Whether this can be called an answer."""
        return self.is_particular and self.coverage >= ENOUGH


def find(index: Index, question: str) -> list[Found]:
    """Return the sections that have something of a question, the best first."""
    hits = index.hits(index.terms(question))
    wanted = _wanted(question)
    found = [_rank(index, at, hits, wanted) for at in frozenset[int]().union(*(hit.sections for hit in hits))]
    return sorted(found, key=lambda each: -each.rank)


def asks_how_to(question: str) -> bool:
    """Tell whether a question wants to be told what to do."""
    return _HOW_TO.match(question) is not None


def _wanted(question: str) -> Callable[[Passage, Sequence[Hits]], bool]:
    """Return what tells the passages of the kind that a question wants."""
    if asks_how_to(question):
        return _is_instruction
    return _is_definition if _WHAT_IS.match(question) else _is_nothing_special


def _is_nothing_special(passage: Passage, hits: Sequence[Hits]) -> bool:
    return False


def _is_instruction(passage: Passage, hits: Sequence[Hits]) -> bool:
    return passage.kind in (Kind.STEPS, Kind.CODE)


def _is_definition(passage: Passage, hits: Sequence[Hits]) -> bool:
    """Tell whether a passage is the row of a table whose first cell is the name of something that is asked for."""
    if passage.kind != Kind.ROW:
        return False
    # A status stands before the code that it comes with.
    defined = {_STATUS.sub("", spoken(part)) for part in passage.text.partition(": ")[0].split(",")}
    return any(hit.term.names[0] in defined for hit in hits)


def _rank(index: Index, at: int, hits: Sequence[Hits], wanted: Callable[[Passage, Sequence[Hits]], bool]) -> Found:
    section, places, total = index.sections[at], index.places[at], sum(hit.weight for hit in hits)

    def share(has: Callable[[Hits], float]) -> float:
        return sum(hit.weight * has(hit) for hit in hits) / total

    def told_by(place: int) -> float:
        told = share(lambda hit: (place in hit.passages) * (REPEATED if at in hit.headings else 1.0))
        return told + (FIRST if place == places.start else 0.0)

    def covered_by(place: int) -> float:
        return share(lambda hit: place in hit.passages or at in hit.headings)

    coverage = max((covered_by(place) for place in places), default=0.0)
    often = sum(hit.weight * hit.sections.get(at, 0.0) for hit in hits)
    heading = share(lambda hit: 1.0 if at in hit.headings else ABOVE * (at in hit.above)) * _precision(section, at, hits)
    touched = [index.passages[place] for place in places if any(place in hit.passages for hit in hits)]
    fitting = FITTING if any(wanted(passage, hits) for passage in touched) else 1.0
    rank = often * fitting * _prior(section) * (1 + HEADING * heading) * coverage**POWER
    passages = sorted(((index.passages[place], told_by(place)) for place in places), key=lambda each: -each[1])
    is_particular = total >= PARTICULAR or heading > 0 or fitting > 1
    return Found(section, rank, coverage, is_particular, tuple(passages))


def _prior(section: Section) -> float:
    return PRIOR.get(section.slug.partition("/")[0], 1.0)


def _precision(section: Section, at: int, hits: Sequence[Hits]) -> float:
    """Return how much of a section's heading was asked for, at least 0.4: a short heading says it better."""
    words = [word for word in spoken(section.heading).split() if word not in STOP_WORDS]
    return min(1.0, 0.4 + 0.6 * sum(at in hit.headings for hit in hits) / max(1, len(words)))
