"""The lines of the API document: they stand on its page with this portal's address, and run as they stand there."""

import html
import http.client
import json
import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings

from accounts.tests.auth0 import bearer, new_stand_in
from demo.switch.exchange import Settings
from demo.switch.portal import Portal as PortalOfSwitch
from demo.switch.simulator import SimulatedSwitch
from portal.tests.running import Portal

pytestmark = pytest.mark.xdist_group("machine")

# As the document has them; only the host is this portal's.
HOST = "https://mediamagic.dev"
LOGIN = f"curl -X GET {HOST}/api/v2/auth/login -H 'content-type: application/mediamagic.rest.v1+json'"
ASSIGN_NUMBER = f"""curl '{HOST}/api/v2/assign-number' --header "Authorization: Bearer $TOKEN\""""
CALL_RECORDING = f"""curl '{HOST}/api/v2/call-recording' --header "Authorization: Bearer $TOKEN\""""
CALL_LINK = f"""curl '{HOST}/api/v2/call-link?source_number=2762087784&destination_number=2403019517' \\
  --header "Authorization: Bearer $TOKEN\""""
LINES = (LOGIN, ASSIGN_NUMBER, CALL_RECORDING, CALL_LINK)

SECONDS_FOR_A_CALL = 60
KIND: dict[str, type] = {"id": int, "provider": int, "extension": int, "bill_duration": int, "didnumber": int}


@dataclass
class Answer:
    """What a line was answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def run(line: str, **variables: str) -> Answer:
    """Send what a line of curl sends, as a shell would read it with these variables."""
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    program, *words = shlex.split(line.replace("\\\n", " "))
    assert program == "curl"
    method, address, headers = "GET", "", {"User-Agent": "curl/8.5.0", "Accept": "*/*"}
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word in ("-H", "--header"):
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "--data-urlencode":
            name, _, value = next(rest).partition("=")
            address += f"?{name}={quote(value)}"
        elif word != "-G":
            address = word + address
    target = urlsplit(address)
    connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=30)
    try:
        connection.request(method, f"{target.path}?{target.query}" if target.query else target.path, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def blocks_of(page: bytes) -> list[str]:
    """Return the blocks of code of a page, as a reader copies them."""
    found = re.findall(r'<code class="highlight">(.*?)</code>', page.decode(), re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", block)).strip() for block in found]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Portal, str]]:
    """A portal with a switch, and the token of a person for whom there is a number."""
    with new_stand_in() as auth0:
        portal = Portal(tmp_path_factory.mktemp("document"), auth0)
        here = PortalOfSwitch(
            f"http://127.0.0.1:{portal.port}", settings.FREESWITCH_HTTP_USER, settings.FREESWITCH_HTTP_PASSWORD
        )
        with SimulatedSwitch(Settings(password="simulated", pace=0.02, talk=2, portal=here)) as switch:
            portal.environment["FREESWITCH_ESL_URL"] = f"esl://:simulated@127.0.0.1:{switch.port}"
            with portal.running():
                body = {"provider": "Acme", "numbers": ["17036879447"]}
                assert portal.ask("maintenance/numbers", bearer(settings.MAINTENANCE_TOKEN), "POST", body)[0] == 200
                yield portal, auth0.mint(person=auth0.settings.people[0])


def test_the_page_has_the_documents_own_lines_with_this_portals_address(scene: tuple[Portal, str]) -> None:
    here = f"http://127.0.0.1:{scene[0].port}"
    page = run(f"curl {here}/docs/freeswitch-service")
    blocks = [block.removeprefix("$ ") for block in blocks_of(page.body)]
    text = run(f"curl {here}/docs/freeswitch-service.md").body.decode()
    for line in LINES:
        assert line.replace(HOST, here) in blocks
        assert line.replace(HOST, here) in text
    assert "export TOKEN=<token>" in blocks
    assert HOST not in text


def test_the_lines_run_as_they_stand_on_the_page(scene: tuple[Portal, str]) -> None:
    portal, token = scene
    here = f"http://127.0.0.1:{portal.port}"
    blocks = [block.removeprefix("$ ") for block in blocks_of(run(f"curl {here}/docs/freeswitch-service").body)]
    login, number, calls, link = (next(block for block in blocks if block == line.replace(HOST, here)) for line in LINES)

    begun = run(login)
    assert begun.status == 200
    assert begun.headers["Content-Type"] == "application/json"
    assert {"login_url", "state", "expires_in"} == set(begun.json())

    assigned = run(number, TOKEN=token)
    assert assigned.status == 200
    assert list(assigned.json()) == ["role", "phone_number", "auth0_id", "extension", "updated_at", "created_at"]
    assert assigned.json()["phone_number"] == "17036879447"

    assert run(calls, TOKEN=token).json() == []
    placed = run(link, TOKEN=token)
    assert placed.status == 202, placed.body
    shown = json.loads(next(block for block in blocks if '"mode": "callback"' in block))
    assert list(placed.json()) == list(shown)
    assert placed.json()["destination_number"] == shown["destination_number"] == "12403019517"

    call = the_call(calls, token)
    shown = json.loads(next(block for block in blocks if block.startswith("[")))[0]
    assert list(call)[: len(shown)] == list(shown)
    assert all(isinstance(call[name], KIND.get(name, str)) for name in shown)
    assert call["call_uuid"] == placed.json()["call_uuid"]


def the_call(line: str, token: str) -> dict[str, Any]:
    """Return the one call of the list, once the switch has reported it."""
    deadline = time.monotonic() + SECONDS_FOR_A_CALL
    while time.monotonic() < deadline:
        if listed := run(line, TOKEN=token).json():
            (call,) = listed
            return dict(call)
        time.sleep(0.2)
    raise AssertionError("the call did not get into the list")


def test_the_page_answers_as_it_says(scene: tuple[Portal, str]) -> None:
    here = f"http://127.0.0.1:{scene[0].port}"
    blocks = blocks_of(run(f"curl {here}/docs/freeswitch-service").body)
    (line,) = [block for block in blocks if "--data-urlencode" in block]
    answered = run(line)
    assert answered.status == 200
    assert answered.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answered.body.startswith(b"# How do I revoke an API key?\n\n1. In the console open *My keys*.")
    assert f"{here}/docs/authentication.md#revoke-an-api-key".encode() in answered.body


@pytest.mark.parametrize("wrong", ["", "x", "Bearer"])
def test_without_a_token_the_lines_are_refused(scene: tuple[Portal, str], wrong: str) -> None:
    here = f"http://127.0.0.1:{scene[0].port}"
    for line in LINES[1:]:
        assert run(line.replace(HOST, here), TOKEN=wrong).status == 401
