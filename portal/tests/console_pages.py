"""Every page that people look at, out of the table of permissions: what holds everywhere is tried on each of them."""

from collections.abc import Iterator
from typing import Final

from portal.tests.permission_rules import IDENTITIES, Identity, Row
from portal.tests.permission_scene import Scene
from portal.tests.permission_table import AREAS

# A page that is everybody's is looked at by the first of these that is let in, and by those before whom it is another one.
VIEWERS: Final = {
    identity.who: identity
    for identity in IDENTITIES
    if identity.kind == "session" and identity.who in ("anna", "sam", "ada", "root")
}
_ABOVE: Final = {"ada": "admin", "root": "superuser"}


def rows_for(identity: Identity) -> list[Row]:
    """Return the lines of the pages that somebody is shown: an admin's and a superuser's are those that staff do not get."""
    rows = [row for area in ("the console", "whoever reads") for row in AREAS[area]]
    return [row for row in rows if _shows(row, identity)]


def _shows(row: Row, identity: Identity) -> bool:
    door = row.doors.get("GET")
    if door is None or door.refuses(identity) is not None or door.status != 200:
        return False
    return identity.who not in _ABOVE or door.least == _ABOVE[identity.who]


def addresses(scene: Scene, identity: Identity) -> Iterator[str]:
    """Yield the address of every page, parts of pages and files left out, that somebody is shown."""
    for row in rows_for(identity):
        path = with_query(scene, row)
        answer = scene.clients[identity.name].get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        # A file is closed at its end.
        content = answer.getvalue()
        if answer["Content-Type"].startswith("text/html") and b"<html" in content:
            yield path


def with_query(scene: Scene, row: Row) -> str:
    """Return the address of a line, with what is asked for in it."""
    query = "&".join(f"{name}={value}" for name, value in row.doors["GET"].query.items()).replace(" ", "%20")
    return scene.path_of(row) + (f"?{query}" if query else "")
