"""Documents for the switch: nothing from outside reaches its preprocessor."""

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from telephony.switch.documents import (
    MOST_BYTES,
    Expression,
    UnsafeTextError,
    element,
    not_found,
    param,
    plain_name,
    section,
    serialise,
    text_of,
)

HOSTILE = [
    "$", "$${domain}", "${system id}", "a$b", "x-pre-process", "X-PRE-PROCESS", "<X-PRE-PROCESS cmd=\"exec\" data=\"id\"/>",
    "&#120;-pre-process", "&lt;X-PRE-PROCESS", "x&#45;PRE-process", "<?", "<include>", "a\nb", "a\rb", "a\tb", "a\x00b", "\ud800",
    "\u2028", "\ufeff", "\x85", "]]>", "</param>", "x" * 4001,
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_what_the_preprocessor_acts_on_is_refused(value: str) -> None:
    with pytest.raises(UnsafeTextError) as raised:
        text_of(value)
    assert value not in str(raised.value)


@pytest.mark.parametrize("value", [None, 5, b"x"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(UnsafeTextError):
        text_of(value)  # type: ignore[arg-type]


@given(st.text())
def test_a_value_comes_out_as_it_went_in_or_not_at_all(value: str) -> None:
    try:
        body = serialise(section("directory", param("name", value)))
    except UnsafeTextError:
        return
    root = fromstring(body)
    assert [found.get("value") for found in root.iter("param")] == [value]
    assert [found.tag for found in root.iter()] == ["document", "section", "param"]
    assert b"$" not in body
    assert b"<?" not in body


@given(st.text())
def test_a_name_is_made_plain(value: str) -> None:
    plain = plain_name(value)
    assert text_of(plain) == plain
    assert not set(plain) & set("$%{}[]()<>&'\"`,;:|=\\/")
    assert len(plain) <= 60


def test_names_stay_readable() -> None:
    assert plain_name("Zoë O'Neill-Smith, Dr. ${system id} %{x}") == "Zoë O Neill-Smith Dr. system id x"
    assert plain_name("X-PRE-PROCESS") == ""


def test_only_constants_of_ours_are_expanded() -> None:
    assert b"${originate_disposition}" in serialise(section("dialplan", param("x", Expression("${originate_disposition}"))))
    with pytest.raises(UnsafeTextError):
        serialise(section("dialplan", param("x", Expression("$${domain}"))))


def test_a_document_is_one_line_without_a_declaration() -> None:
    body = serialise(not_found())
    assert body == (
        b'<document type="freeswitch/xml"><section name="result"><result status="not found" /></section></document>'
    )


def test_a_document_larger_than_the_switch_takes_is_refused() -> None:
    many = [param("x", "y" * 4000) for _ in range(MOST_BYTES // 4000 + 1)]
    with pytest.raises(UnsafeTextError, match="larger"):
        serialise(section("directory", element("params", *many)))
