"""The stories on a real FreeSWITCH. FREESWITCH names its program or the folder that it was installed to."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = "telephony.tests.real_switch"
pytest.register_assert_rewrite(
    *(f"{HERE}.{name}" for name in ("baresip", "exchange", "freeswitch", "programs", "sip", "sipp", "story"))
)

from demo.auth0 import Auth0StandIn  # noqa: E402 - what is rewritten must not have been imported before
from telephony.tests.real_switch.exchange import Exchange  # noqa: E402
from telephony.tests.real_switch.story import Story, told  # noqa: E402

NONE_GIVEN = "no FreeSWITCH is given: make test-switch FREESWITCH=/path/to/freeswitch"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("switch")


@pytest.fixture(scope="session")
def freeswitch() -> Path:
    """The program."""
    given = os.environ.get("FREESWITCH", "")
    if not given:
        pytest.skip(NONE_GIVEN)
    path = Path(given)
    found = path / "bin" / "freeswitch" if path.is_dir() else path
    assert found.is_file(), f"FREESWITCH={given}: there is no program"
    return found


@pytest.fixture(scope="session")
def exchange(freeswitch: Path, auth0_for_all: Auth0StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Portal, switch and people, for all the stories."""
    with Exchange(freeswitch, tmp_path_factory.mktemp("exchange"), auth0_for_all).running() as exchange:
        yield exchange


@pytest.fixture
def story(exchange: Exchange) -> Iterator[Story]:
    """A story of its own, on the exchange of all."""
    with told(exchange) as story:
        yield story
