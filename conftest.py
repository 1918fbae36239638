"""What every test shares: on CI a test that is skipped has failed; and each begins with nothing counted or cached."""

import os
import signal
from collections.abc import Generator

import pytest
from django.conf import settings
from django.core.cache import cache

pytest_plugins = ("accounts.tests.auth0", "portal.tests.browser")

# Who runs the tests in the background has them ignore SIGINT, and with them the commands whose Ctrl-C they try.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the run on a second database leave out what cannot depend on it."""
    parser.addoption("--only-database", action="store_true", help="only the tests that use the database")


def pytest_configure() -> None:
    """Have SQLite wait for no disk: what a test wrote outlives its process, as it has to, but need not outlive the machine."""
    options = settings.DATABASES["default"]["OPTIONS"]
    if "init_command" in options:
        options["init_command"] += "PRAGMA synchronous=OFF;"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out, where that is asked for, the tests that a second database tells nothing of; pytest says how many."""
    if not config.getoption("--only-database"):
        return
    without = [item for item in items if not _uses_database(item)]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if _uses_database(item)]


def _uses_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("one_database") is not None:
        return False
    fixtures = {"db", "transactional_db", "live_server", "django_db_setup"}
    return item.get_closest_marker("django_db") is not None or not fixtures.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nobody would read of it."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which is not allowed on CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """Forget the requests of the tests before: all of them come from one address."""
    cache.clear()
