"""Files of numbers as people have them: encodings, delimiters, headers, damage."""

import io
import itertools

import pytest

from telephony.services.inventory import Offer, Skipped
from telephony.services.number_files import LONGEST_LINE, NumberFile, NumberFileError, text_of


def read(content: bytes | str, **options: str) -> list[tuple[int, str, str] | tuple[int, str]]:
    """Return line, number and provider of each row that is one, line and mistake of each other one."""
    raw = content.encode() if isinstance(content, str) else content
    rows = NumberFile(text_of(io.BufferedReader(io.BytesIO(raw))), **({"provider": "Acme"} | options))
    return [
        (row.line, row.text, row.provider) if isinstance(row, Offer) else (row.offer.line, row.reason) for row in rows
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "number\n2762087784\n",
        "number\r\n2762087784\r\n",
        "number\r2762087784\r",
        "number\n2762087784",
        "Number\n'2762087784\n",
        ' "NUMBER" \n"2762087784"\n',
        '\nnumber\n="2762087784"\n'.removeprefix("\n"),
        "number\n\u20182762087784\n".replace("\u2018", "\u2019"),
        "id,number\n1,2762087784\n",
        "number;id\n2762087784;1\n",
        "id\tnumber\n1\t\t2762087784\n".replace("\t\t", "\t"),
        '"a, b";number\n"x; y";2762087784\n',
        'a,number\n"say ""hi""",2762087784\n',
        "number,\n2762087784,\n",
        "number\n2762087784,,\n",
    ],
)
def test_headers_delimiters_line_ends_and_quotes(content: str) -> None:
    assert read(content) == [(2, "2762087784", "Acme")]


def test_one_number_a_line_needs_no_header() -> None:
    assert read("(276) 208-7784\n\n  '2762087785 \n") == [(1, "(276) 208-7784", "Acme"), (3, "2762087785", "Acme")]


@pytest.mark.parametrize(
    "encoded",
    [
        "number;provider\n2762087784;Télécom\n".encode(),
        "number;provider\n2762087784;Télécom\n".encode("utf-8-sig"),
        "number;provider\n2762087784;Télécom\n".encode("latin-1"),
        "number;provider\n2762087784;Télécom\n".encode("utf-16"),
        "\ufeffnumber;provider\r\n2762087784;Télécom\r\n".encode("utf-16-be"),
    ],
)
def test_encodings(encoded: bytes) -> None:
    assert read(encoded) == [(2, "2762087784", "Télécom")]


def test_what_windows_puts_between_digits() -> None:
    assert read(b"number\n276\xa0208\x967784\n") == [(2, "276\u00a0208\u20137784", "Acme")]


def test_a_line_in_no_encoding_is_refused_alone() -> None:
    assert read(b"number,provider\n2762087784,\x81\n2762087785,B\n") == [
        (2, "is neither UTF-8 nor Latin-1"),
        (3, "2762087785", "B"),
    ]


def test_the_column_of_providers_fills_up_from_the_option() -> None:
    assert read("provider,number\nBeta,1\n,2\n", provider="Acme") == [(2, "1", "Beta"), (3, "2", "Acme")]
    assert read("provider,number\nBeta,1\n,2\n", provider="") == [(2, "1", "Beta"), (3, "names no provider")]


def test_another_name_for_the_column() -> None:
    assert read("Phone Number,number\n2762087784,5\n", column="phone number") == [(2, "2762087784", "Acme")]


def test_a_country_says_how_numbers_are_written() -> None:
    rows = NumberFile(io.StringIO("number,country\n020 7946 0018,gb\n1,USA\n2,\n"), provider="Acme")
    british, wrong, home = rows
    assert isinstance(british, Offer)
    assert isinstance(wrong, Skipped)
    assert (british.country, wrong.reason, home.country) == ("GB", "has the country 'USA', which is no two-letter code", "")


def test_damaged_rows_are_told_each_by_itself() -> None:
    content = (
        'number,provider\n"2762087784,A\n2762087785,B\n2762087786,C,D\n,\n,E\n2762087787\n2762087788,"a"b\n2762087789,"F"\n'
    )
    assert read(content) == [
        (2, "is no row: unexpected end of data"),
        (3, "2762087785", "B"),
        (4, "has 3 cells where the first line names 2"),
        (6, "has no number"),
        (7, "2762087787", "Acme"),
        (8, "is no row: ',' expected after '\"'"),
        (9, "2762087789", "F"),
    ]


@pytest.mark.parametrize("name", ["x" * 101, "a\x07b", "a\u202eb"])
def test_a_provider_of_no_good_name(name: str) -> None:
    assert read(f"number,provider\n2762087784,{name}\n") == [
        (2, "names a provider of more than 100 characters, or of some that cannot be printed")
    ]


def test_a_line_that_does_not_end_is_refused_alone() -> None:
    long = "9" * (3 * LONGEST_LINE)
    assert read(f"number\n{long}\n2762087784\n") == [(2, "is longer than 10,000 characters"), (3, "2762087784", "Acme")]
    assert read(f"number\n{long}") == [(2, "is longer than 10,000 characters")]


def test_the_mark_of_a_spreadsheets_dialect_is_no_row() -> None:
    assert read("sep=;\nnumber;provider\n2762087784;B\n") == [(3, "2762087784", "B")]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "empty"),
        ("\n \n", {}, "empty"),
        ("phone,provider\n2762087784,B\n", {}, "no column 'number'; its first line is 'phone,provider'"),
        ("2762087784,B\n", {}, "no column 'number'"),
        ("phone\n2762087784\n", {}, "no column 'number'"),
        ("number\n2762087784\n", {"column": "did"}, "no column 'did'"),
        ("\x1b[2Jnumbers\n", {}, r"no column 'number'; its first line is '\\x1b\[2Jnumbers'"),
        ("number,number\n1,2\n", {}, "the column 'number' more than once"),
        ("number,provider,Provider\n1,2,3\n", {}, "the column 'provider' more than once"),
        ("number\n2762087784\n", {"provider": ""}, "no column 'provider'"),
        ("2762087784\n", {"provider": ""}, "no column 'provider'"),
        ("PK\x03\x04\x14\x00", {}, "a spreadsheet: save it as CSV"),
        ("9" * 20_000, {}, "Its first line is longer"),
        ("number;provider\n1;2".encode("utf-16-le").decode("latin-1"), {}, "no column 'number'"),
    ],
)
def test_files_that_make_no_sense(content: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(NumberFileError, match=message):
        read(content, **options)


def test_a_file_without_end_is_read_line_by_line() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:
            buffer[:11] = b"2762087784\n"
            return 11

    rows = NumberFile(text_of(io.BufferedReader(Endless())), provider="Acme")
    assert [row.line for row in itertools.islice(rows, 5)] == [1, 2, 3, 4, 5]
