"""Which pages there are: a fixed table, made once from the files of the project. No address leads to any other file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# What the pages' source says where the portal's own address is meant.
PLACEHOLDER: Final = "https://PORTAL"
INDEX: Final = "index"
DECISIONS: Final = "Decisions"

# The pages by group, in the order in which they are read. Those whose source is elsewhere say where.
_GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Using it", (INDEX, "getting-started", "console", "phones", "hangup-causes", "glossary")),
    ("Programs", ("freeswitch-service", "authentication", "api", "webhooks", "errors")),
    ("Running it", ("switch", "operations", "sign-in", "demo")),
    ("Changing it", ("architecture", "benchmarks", "contributing")),
    (DECISIONS, ("adr/*",)),
)
_ELSEWHERE: Final = {"benchmarks": "bench/README.md", "contributing": "CONTRIBUTING.md"}


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name in addresses, the group it stands in, where its source is, and the source itself."""

    slug: str
    group: str
    source: str
    text: str

    @property
    def path(self) -> str:
        """Its address, without the portal's."""
        return "/docs/" if self.slug == INDEX else f"/docs/{self.slug}"

    @property
    def markdown_path(self) -> str:
        """The address of its Markdown."""
        return f"/docs/{self.slug}.md"

    def source_of(self, link: str) -> str:
        """Return the file of the project that a relative link of this page leads to."""
        return normpath(str(PurePosixPath(self.source).parent / link))


def _pages() -> Iterator[Page]:
    for group, slugs in _GROUPS:
        for slug in (each for name in slugs for each in _expanded(name)):
            source = _ELSEWHERE.get(slug, f"docs/{slug}.md")
            yield Page(slug, group, source, (ROOT / source).read_text(encoding="utf-8"))


def _expanded(name: str) -> list[str]:
    """Return the pages of a name, which may stand for all of a folder."""
    if "*" not in name:
        return [name]
    return sorted(str(path.relative_to(ROOT / "docs").with_suffix("")) for path in (ROOT / "docs").glob(f"{name}.md"))


PAGES: Final = tuple(_pages())
