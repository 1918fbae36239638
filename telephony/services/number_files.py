"""Read numbers from a file as people have them: CSV of any dialect, or one number a line."""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TextIO

from telephony.services.inventory import Fate, Offer, Skipped

DELIMITERS: Final = ",;\t"
# A line of fewer digits than this is no number that lacks a header, but a header.
FEWEST_DIGITS = 5
LONGEST_LINE = 10_000
LONGEST_PROVIDER = 100
# What spreadsheets write around a number so that it stays text: '2762087784, "2762087784", ="2762087784".
_WRAPPED: Final = re.compile("=?\"(?P<quoted>[^\"]*)\"|['\u2019](?P<marked>[^'\u2019]*)['\u2019]?")
# What some of them write above the header.
_DIALECT: Final = re.compile(r"sep=.", re.IGNORECASE)


class NumberFileError(Exception):
    """The file cannot be read at all; the message says why."""


class _RowError(Exception):
    """A line is no row; the message says why, in words that go on after it."""


class _Columns(NamedTuple):
    """Where in a row what stands; None where the file does not have it."""

    width: int
    number: int
    provider: int | None
    country: int | None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its end; `mistake` says why it cannot be read."""

    at: int
    text: str
    mistake: str = ""


class NumberFile:
    """The numbers of a file, read line by line, however long it is.

    `column` is the name of the column of numbers; a row that names no provider is of `provider`. A row stands on one line:
    a quote that nobody closed must not swallow the rows after it. Raises NumberFileError where the first line makes no
    sense of the file.
    """

    def __init__(self, text: TextIO, *, column: str = "number", provider: str = "") -> None:
        self._lines = _lines(text)
        self._provider = provider
        self._delimiter = ""
        self._columns: _Columns | None = None
        self._first: list[_Line] = []
        first = next((line for line in self._lines if line.mistake or not _is_empty(line.text)), None)
        if first is None:
            raise NumberFileError("It is empty.")
        self._read_header(first, column)

    def __iter__(self) -> Iterator[Offer | Skipped]:
        """Yield what each row offers, or why it is none."""
        for line in itertools.chain(self._first, self._lines):
            try:
                offer = self._offer(line)
            except _RowError as error:
                yield Skipped(Offer(line.text, self._provider, line=line.at), Fate.WRONG, str(error))
                continue
            if offer is not None:
                mistake = _mistake(offer)
                yield Skipped(offer, Fate.WRONG, mistake) if mistake else offer

    def _read_header(self, line: _Line, column: str) -> None:
        """Find out from the first line what the rows hold: it names the columns, or is the first of the numbers."""
        if line.mistake:
            raise NumberFileError(f"Its first line {line.mistake}.")
        if line.text.startswith("PK\x03\x04"):
            raise NumberFileError("It is a spreadsheet: save it as CSV.")
        self._delimiter, names = _header(line.text, column.casefold())
        if names:
            self._columns = _columns(names, column.casefold())
        elif any(mark in line.text for mark in DELIMITERS) or sum(c.isdecimal() for c in line.text) < FEWEST_DIGITS:
            raise NumberFileError(f"It has no column {column!r}; its first line is {line.text[:100]!a}.")
        else:
            self._first = [line]
        if not self._provider and (self._columns is None or self._columns.provider is None):
            raise NumberFileError("It has no column 'provider', so say whose numbers they are.")

    def _offer(self, line: _Line) -> Offer | None:
        """Return what a line offers, None where nothing stands on it. Raises _RowError."""
        if line.mistake:
            raise _RowError(line.mistake)
        if self._columns is None:
            return None if _is_empty(line.text) else Offer(_unwrapped(line.text), self._provider, line=line.at)
        cells = _cells(line.text, self._delimiter)
        if not any(cells):
            return None
        cells += [""] * (self._columns.width - len(cells))
        if any(cells[self._columns.width :]):
            raise _RowError(f"has {len(cells)} cells where the first line names {self._columns.width}")
        provider, country = (
            "" if place is None else cells[place] for place in (self._columns.provider, self._columns.country)
        )  # fmt: skip
        return Offer(cells[self._columns.number], provider or self._provider, country.upper(), line.at)


def text_of(stream: io.BufferedReader) -> io.TextIOWrapper:
    """Return the text of a file in UTF-16 with its mark, or in UTF-8 with what is none escaped, as `NumberFile` wants it."""
    is_utf16 = stream.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8-sig", "surrogateescape")
    return io.TextIOWrapper(stream, encoding=encoding, errors=errors)


def harmless(cell: str) -> str:
    """Return what no spreadsheet takes for a formula and no terminal for a command."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _lines(text: TextIO) -> Iterator[_Line]:
    """Yield the lines, those that are not in UTF-8 as what Windows wrote before."""
    at = 0
    while line := text.readline(LONGEST_LINE):
        at += 1
        if len(line) < LONGEST_LINE or line.endswith("\n"):
            yield _decoded(at, line.rstrip("\n"))
        else:
            yield _Line(at, "", f"is longer than {LONGEST_LINE:,} characters")
            while line and not line.endswith("\n"):
                line = text.readline(LONGEST_LINE)


def _decoded(at: int, text: str) -> _Line:
    """Return a line whose bytes the decoder escaped where they are not UTF-8."""
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return _Line(at, text)
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return _Line(at, raw.decode("cp1252"))
    except UnicodeDecodeError:
        return _Line(at, raw.decode("ascii", "backslashreplace"), "is neither UTF-8 nor Latin-1")


def _is_empty(text: str) -> bool:
    return not text.strip() or _DIALECT.fullmatch(text) is not None


def _header(line: str, column: str) -> tuple[str, list[str]]:
    """Return the delimiter at which the line names the column, and all names; nothing where it does at none."""
    for delimiter in DELIMITERS:
        try:
            names = [name.casefold() for name in _cells(line, delimiter)]
        except _RowError:
            continue
        if column in names:
            return delimiter, names
    return "", []


def _columns(names: list[str], column: str) -> _Columns:
    for name in (column, "provider", "country"):
        if names.count(name) > 1:
            raise NumberFileError(f"Its first line names the column {name!r} more than once.")
    places = {name: place for place, name in enumerate(names)}
    return _Columns(len(names), places[column], places.get("provider"), places.get("country"))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        row = next(csv.reader((line,), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise _RowError(f"is no row: {error}") from None
    return [_unwrapped(cell) for cell in row]


def _unwrapped(cell: str) -> str:
    cell = cell.strip()
    wrapped = _WRAPPED.fullmatch(cell)
    return (wrapped["quoted"] or wrapped["marked"] or "").strip() if wrapped else cell


def _mistake(offer: Offer) -> str:
    """Return what is wrong with a row besides its number, "" where nothing is."""
    if not offer.text:
        return "has no number"
    if not offer.provider:
        return "names no provider"
    if len(offer.provider) > LONGEST_PROVIDER or not offer.provider.isprintable():
        return f"names a provider of more than {LONGEST_PROVIDER} characters, or of some that cannot be printed"
    if offer.country and not re.fullmatch("[A-Z]{2}", offer.country):
        return f"has the country {offer.country[:20]!r}, which is no two-letter code"
    return ""
