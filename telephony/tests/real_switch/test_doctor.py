"""`manage.py doctor` is all green where everything works, and names the hop that is broken."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from telephony.tests.real_switch.exchange import Exchange
from telephony.tests.real_switch.story import Story


def findings(exchange: Exchange, *options: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the doctor's exit status and what it found."""
    done = exchange.portal.tried("doctor", "--json", *options, **environment)
    return done.returncode, json.loads(done.stdout)


def failed(exchange: Exchange, *options: str, **environment: str) -> set[str]:
    status, found = findings(exchange, *options, **environment)
    assert status == 1
    assert all(finding["advice"] for finding in found if finding["outcome"] == "failed"), "says what to do"
    return {finding["check"] for finding in found if finding["outcome"] == "failed"}


def test_all_green(story: Story) -> None:
    story.carrier(), story.carrier(spare=True)
    status, found = findings(story.exchange, "--call")
    assert [finding for finding in found if finding["outcome"] != "ok"] == []
    assert status == 0
    assert {"event socket", "asks the portal", "dialplan", "records", "recordings"} <= {finding["check"] for finding in found}
    story.no_call()


@pytest.mark.parametrize(
    ("broken", "mended", "named"),
    [
        ("unload mod_hash", "load mod_hash", "modules"),
        ("sofia profile external killgw spare", "sofia profile external rescan", "gateways"),
        ("sofia profile external stop", "sofia profile external start", "profiles"),
        ("unload mod_xml_curl", "load mod_xml_curl", "asks the portal"),
        ("unload mod_json_cdr", "load mod_json_cdr", "records"),
    ],
)
def test_the_broken_hop_is_named(exchange: Exchange, broken: str, mended: str, named: str) -> None:
    with doing(exchange, broken, mended):
        assert named in failed(exchange, "--call", "--patience", "3")


@contextlib.contextmanager
def doing(exchange: Exchange, broken: str, mended: str) -> Iterator[None]:
    exchange.switch.ask(broken)
    try:
        yield
    finally:
        exchange.switch.ask(mended)


def test_what_the_portal_is_told_wrongly(exchange: Exchange) -> None:
    esl = exchange.portal.environment["FREESWITCH_ESL_URL"]
    assert failed(exchange, FREESWITCH_ESL_URL=esl.replace("esl://:", "esl://:not-")) == {"event socket"}
    assert "reaches the portal" in failed(exchange, PUBLIC_URL="http://127.0.0.1:9")


def test_the_portal_is_away(exchange: Exchange) -> None:
    with exchange.portal_away():
        assert {"asks the portal", "reaches the portal"} <= failed(exchange)
