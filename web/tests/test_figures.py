"""How figures are written."""

import pytest

from web.templatetags.figures import figure


@pytest.mark.parametrize(
    ("value", "digits", "machine", "text"),
    [
        (1000, 0, "1000", "1,000"),
        (1234567, 0, "1234567", "1,234,567"),
        (4.375, 1, "4.4", "4.4"),
        (-1234.5, 2, "-1234.50", "-1,234.50"),
    ],
)
def test_a_figure_has_its_value_beside_its_text(value: float, digits: int, machine: str, text: str) -> None:
    assert figure(value, digits) == f'<data class="figure" value="{machine}" data-digits="{digits}">{text}</data>'


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (12.4, "12"), (-7, "-7")])
def test_a_small_one_is_written_alike_everywhere(value: float, text: str) -> None:
    assert figure(value) == text


def test_where_nothing_was_measured() -> None:
    assert figure(None, 1) == "\u2013"
