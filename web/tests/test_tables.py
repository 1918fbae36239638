"""How the cells of a table are drawn."""

from types import SimpleNamespace

import pytest
from django.template import RequestContext, Template, TemplateDoesNotExist
from django.test import RequestFactory

from web.tables import Cell, ListTable

HOSTILE = "<script>alert(1)</script>"


class Shown(ListTable):
    """A table of everything that a cell can be."""

    name = Cell("{{ record.name }}", verbose_name="Name")
    kept = Cell("{% firstof record.name as left %}{{ page }}", verbose_name="Kept")
    left = Cell("{{ left|default:'nothing' }}", verbose_name="Left")
    icon = Cell(template_name="partials/icon.html", verbose_name="Icon")


class Missing(ListTable):
    """A table with a cell whose template there is not."""

    name = Cell(template_name="partials/no_such.html")


def drawn(table: ListTable, **context: str) -> str:
    request = RequestFactory().get("/")
    template = Template("{% load django_tables2 %}{% render_table table %}|{{ record }}")
    return template.render(RequestContext(request, {"table": table, "request": request} | context))


def test_a_cell_knows_its_row_and_its_page_and_leaves_nothing_behind() -> None:
    rows = [SimpleNamespace(name="Ada"), SimpleNamespace(name="")]
    text = drawn(Shown(rows), page="the page", name="phone")
    assert text.count('<td class="col-kept" data-label="Kept">the page</td>') == 2
    assert text.count('<td class="col-left" data-label="Left">nothing</td>') == 2
    assert text.count("<svg") == 2
    assert '<td class="col-name" data-label="Name">Ada</td>' in text
    assert '<td class="col-name" data-label="Name"></td>' in text
    assert text.endswith("|")


def test_what_others_wrote_is_text() -> None:
    text = drawn(Shown([SimpleNamespace(name=HOSTILE)]), page=HOSTILE)
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") == 2


def test_it_is_not_sorted_by_its_reader() -> None:
    assert "<a " not in drawn(Shown([SimpleNamespace(name="Ada")]))


def test_a_template_that_there_is_not() -> None:
    with pytest.raises(TemplateDoesNotExist, match="no_such"):
        drawn(Missing([SimpleNamespace(name="Ada")]))
