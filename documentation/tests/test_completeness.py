"""What programs can meet stands in the documentation: every code of an error, every cause of an end, every variable."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from documentation.pages import ROOT
from telephony.switch import causes

_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
# Raised with their code first, and told with it.
_BY_CODE = {"PoolEmptyError", "RecordingRefusedError", "RecordingConflictError"}


def codes() -> Iterator[str]:
    """Yield every code that a problem document of ours can have: what stands right after a status, or comes with its error."""
    for package in ("web", "accounts", "telephony", "portal"):
        for path in (ROOT / package).rglob("*.py"):
            if "tests" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                arguments = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
                values = [each.value if isinstance(each, ast.Constant) else None for each in arguments]
                for status, code in pairwise(values):
                    if isinstance(status, int) and 400 <= status < 600 and isinstance(code, str) and _CODE.fullmatch(code):
                        yield code
                name = getattr(getattr(node, "func", None), "id", "")
                if name in _BY_CODE and values and isinstance(values[0], str):
                    yield values[0]


def test_every_code_of_an_error_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "errors.md").read_text()))
    assert "number_pool_empty" in set(codes())
    assert set(codes()) - explained == set(), "say in docs/errors.md what these mean"


def test_every_hangup_cause_is_explained_as_the_console_says_it() -> None:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (.+) \| `([a-z_]+)` \|$", (ROOT / "docs" / "hangup-causes.md").read_text(), re.MULTILINE
    )
    known = {cause: (outcome.label, outcome.slug) for cause, outcome in causes._UNANSWERED.items()}
    assert {cause: (label, slug) for cause, label, slug in rows} == known


def test_every_variable_that_is_named_exists() -> None:
    there = set(re.findall(r"^#? ?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for page in ("getting-started", "phones", "authentication", "errors", "hangup-causes", "console"):
        text = (ROOT / "docs" / f"{page}.md").read_text()
        named = set(re.findall(r"`((?:AUTH0|FREESWITCH|DIALING|CALL|EXTENSION|EMERGENCY|MAINTENANCE|TRUSTED)_[A-Z_]+)`", text))
        assert named - there - set(causes._UNANSWERED) == set(), page
