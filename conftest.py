"""What every test shares: on CI a test that is skipped has failed; and each begins with nothing counted or cached."""

import os
import signal
from collections.abc import Generator

import pytest
from django.core.cache import cache

pytest_plugins = ("accounts.tests.auth0", "portal.tests.browser")

# Who runs the tests in the background has them ignore SIGINT, and with them the commands whose Ctrl-C they try.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
