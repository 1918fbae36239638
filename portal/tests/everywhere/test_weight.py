"""How much a browser loads for a page the first time, compressed as it is sent: at most 250 KB."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from demo.auth0 import Auth0StandIn
from portal.tests.console_pages import VIEWERS, addresses
from portal.tests.permission_scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

MOST = 250 * 1000
COMPRESSED = re.compile(r"\.(css|js|svg)$")


@pytest.fixture
def scene(auth0: Auth0StandIn, settings: Any, tmp_path: Path) -> Scene:
    settings.RECORDINGS_ROOT = tmp_path
    return Scene(auth0).build()


def weight_of(file: str) -> int:
    """Return what a static file weighs as whitenoise sends it."""
    path = finders.find(file)
    assert path, f"{file} is not there"
    content = Path(path).read_bytes()
    return len(gzip.compress(content, 9)) if COMPRESSED.search(file) else len(content)


def test_no_page_is_heavy(scene: Scene) -> None:
    heaviest = {}
    for who in VIEWERS:
        client = scene.clients[VIEWERS[who].name]
        for address in addresses(scene, VIEWERS[who]):
            response = client.get(address, headers={"accept-encoding": "gzip"})
            assert response["Content-Encoding"] == "gzip", address
            html = gzip.decompress(response.content).decode()
            files = set(re.findall(r'(?:src|href)="/static/([^"#?]+)', html))
            assert {"console/console.css", "vendor/tabler-core/tabler.min.css"} <= files
            # Each script once: of two of the same the second would do everything again.
            scripts = re.findall(r'<script src="([^"]+)"', html)
            assert sorted(set(scripts)) == sorted(scripts), address
            heaviest[address] = len(response.content) + sum(map(weight_of, files))
    assert len(heaviest) > 20, "of these every page is one"
    assert {address: weight for address, weight in heaviest.items() if weight > MOST} == {}
