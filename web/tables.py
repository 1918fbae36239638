"""What every table of the console is: rows that cannot be sorted by its reader, and cells that templates draw."""

import inspect
from functools import cache
from typing import Any, Final

import django_tables2 as tables
from django.template import Engine, Template
from django.utils.safestring import SafeString, mark_safe

# The head of a column of buttons: nothing to see, something to hear.
ACTION: Final[SafeString] = mark_safe('<span class="visually-hidden">Action</span>')


class Cell(tables.Column):
    """A column whose cells a template draws: a short one in place, or one of the `templates` folder by its name.

    It knows what the page around it knows, and the row as `record`. The library's own `TemplateColumn` compiles the short ones
    anew for every cell, and asks the context processors again: nearly half of the time that a page of a list took.
    """

    empty_values = ()

    def __init__(self, source: str = "", *, template_name: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.source, self.template_name = source, template_name

    def render(self, record: Any, table: tables.Table) -> SafeString:
        """Draw the cell of a row; the library gives the table the page's context for as long as it is drawn."""
        template = _named(self.template_name) if self.template_name else _compiled(self.source)
        with table.context.update({"record": record}):
            return template.render(table.context)

    # The library looks for every cell at what `render` takes; it finds it here at once.
    render.__signature__ = inspect.signature(render)  # type: ignore[attr-defined]


def _named(name: str) -> Template:
    template: Template = Engine.get_default().get_template(name)
    return template


@cache
def _compiled(source: str) -> Template:
    return Template(source)


class ListTable(tables.Table):
    """A table in the console's look; its columns are all declared, in their order."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **({"orderable": False, "template_name": "partials/table.html"} | options))
