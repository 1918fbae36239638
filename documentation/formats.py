"""An answer as programs read it: Markdown or an object for JSON."""

import re
from typing import Any, Final

from documentation.answers import Answer, Excerpt
from documentation.pages import INDEX

NOT_DOCUMENTED: Final = "This is not in the documentation."

# What means something inside a line of Markdown, or in the HTML that it is turned into.
_MARKS: Final = re.compile(r"([\\`*_\[\]<>()#&|~!$])")


def as_markdown(found: Answer, portal: str) -> str:
    """Return an answer as Markdown; the question in it is text, whatever it holds."""
    title = "# " + _MARKS.sub(r"\\\1", found.question)
    if found.direct is None:
        return f"{title}\n\n{NOT_DOCUMENTED} What is: {portal}/docs/{INDEX}.md\n"
    parts = [title, found.direct.markdown, f"Source: {_link(found.direct)}", "## Excerpts"]
    for excerpt in found.excerpts:
        parts += [f"### {_link(excerpt)}", "\n".join(f"> {line}".rstrip() for line in excerpt.markdown.splitlines())]
    return "\n\n".join(parts) + "\n"


def as_object(found: Answer) -> dict[str, Any]:
    """Return an answer for JSON: its texts are Markdown."""
    return {
        "question": found.question,
        "found": found.direct is not None,
        "answer": found.direct.markdown if found.direct else None,
        "source": _source(found.direct) if found.direct else None,
        "excerpts": [_source(excerpt) | {"text": excerpt.markdown} for excerpt in found.excerpts],
    }


def _link(excerpt: Excerpt) -> str:
    return f"[{excerpt.name}]({excerpt.address})"


def _source(excerpt: Excerpt) -> dict[str, str]:
    return {"page": excerpt.document.title, "heading": excerpt.section.heading, "url": excerpt.address}
