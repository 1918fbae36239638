"""Markdown as the console shows it: nothing in it can do anything."""

import pytest

from documentation.parsing import Kind, sections_of, sentences
from documentation.rendering import headings_of, render

HOSTILE = """
# <img src=x onerror=alert(1)>

<script>alert(1)</script>

[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,<script>) [d](vbscript:x) <javascript:alert(1)>

![x](javascript:alert(1)) `<b>` <a href="x" onclick="y">z</a> [e](https://example.com/"onmouseover="alert(1))

| <i>a</i> | b |
| --- | --- |
| <u>c</u> | [d](javascript:1) |

```"><script>
</code></pre><script>alert(1)</script>
```

    <svg onload=alert(1)>
"""


def test_no_html_of_the_source_comes_through() -> None:
    html = str(render(HOSTILE, lambda target: target))
    for tag in (
        "<script",
        "<img src=x",
        "<svg",
        "<b>",
        "<i>",
        "<u>",
        '<a href="x"',
        'href="javascript',
        'href="data',
        'href="vb',
    ):
        assert tag not in html.lower()
    assert "style=" not in html
    assert " onmouseover=" not in html.replace("&quot;", "")


def test_a_link_that_leads_to_no_page_is_text() -> None:
    html = str(render("[gone](elsewhere.md) and [here](here.md)", {"here.md": "/docs/here"}.get))
    assert html == '<p>gone and <a href="/docs/here">here</a></p>\n'


def test_headings_have_anchors_as_code_forges_make_them() -> None:
    text = "# T\n\n## `GET`, `POST tokens`, and {id}\n\na\n\n## Twice\n\nb\n\n## Twice\n\nc\n"
    anchors = [heading.anchor for heading in headings_of(text)]
    assert anchors == ["get-post-tokens-and-id", "twice", "twice-1"]
    html = str(render(text, lambda target: None))
    assert all(f'id="{anchor}"' in html and f'href="#{anchor}"' in html for anchor in anchors)
    assert [section.anchor for section in sections_of("page", text)] == anchors
    assert "id=" not in str(render(text, lambda target: None, anchors=False))


@pytest.mark.parametrize(
    ("source", "coloured"),
    [
        ("    curl 'https://x' -H \"a: $KEY\"\n", '<span class="nv">$KEY</span>'),
        ('    {"a": 1}\n', '<span class="nt">&quot;a&quot;</span>'),
        ("```python\nimport x\n```\n", '<span class="kn">import</span>'),
        ("```xml\n<a b='c'/>\n```\n", '<span class="nt">&lt;a</span>'),
        ("    anything at all <b>\n", "anything at all &lt;b&gt;"),
        ("```nonsense\n<b>\n```\n", "&lt;b&gt;"),
    ],
)
def test_code_is_coloured_by_classes(source: str, coloured: str) -> None:
    html = str(render(source, lambda target: None)).replace("&#34;", "&quot;").replace('"a"', "&quot;a&quot;")
    assert coloured in html
    assert "style=" not in html


def test_sentences_end_where_they_end() -> None:
    text = "One is `a. b`. Two is (in brackets. Yes) fine. [Three. Four](x.md) is a link. Done"
    assert sentences(text) == ["One is `a. b`.", "Two is (in brackets. Yes) fine.", "[Three. Four](x.md) is a link.", "Done"]


def test_a_section_is_split_into_what_can_answer() -> None:
    text = "# P\n\n## S\n\nA. B.\n\n1. x\n2. y\n\n- i\n- j\n\n| a | b | c |\n| - | - | - |\n| 1 | 2 | |\n\n    code\n\n> q\n"
    (section,) = sections_of("p", text)
    assert [(passage.kind, passage.block, passage.text) for passage in section.passages] == [
        (Kind.SENTENCE, 0, "A."), (Kind.SENTENCE, 0, "B."), (Kind.STEPS, 1, "1. x\n2. y"), (Kind.ITEM, 2, "- i"),
        (Kind.ITEM, 2, "- j"), (Kind.ROW, 3, "1: b: 2"), (Kind.CODE, 4, "    code"), (Kind.SENTENCE, 5, "> q"),
    ]  # fmt: skip
    assert section.reference == "p#s"
