"""Run the stand-in for Auth0 as a process: `python -m demo.auth0`."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.auth0.service import Service
from demo.auth0.settings import TOKEN_LIFETIME_SECONDS, SettingError, address_from, settings_from


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.auth0",
        description="A strict stand-in for Auth0, on loopback only. It starts only where AUTH0_BASE_URL is exactly the address "
        "that it is to serve, and takes AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE, AUTH0_ROLES_CLAIM and PUBLIC_URL "
        "as the portal does.",
    )
    parser.add_argument("--host", help="loopback only; by default that of AUTH0_BASE_URL")
    parser.add_argument("--port", type=int, help="by default that of AUTH0_BASE_URL; 0 takes a free one where it says 0 too")
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep keys, sessions and grants here over a restart")
    parser.add_argument(
        "--token-lifetime", type=int, default=TOKEN_LIFETIME_SECONDS, metavar="SECONDS",
        help="how long an access token is good (default: %(default)s, three days)",
    )  # fmt: skip
    return parser.parse_args(arguments)


def run(environment: Mapping[str, str], arguments: Sequence[str], over: threading.Event) -> None:
    """Serve until the event is set. Raises SettingError, OSError."""
    options = parse(arguments)
    address = address_from(environment, options.host, options.port)
    with Service(settings_from(environment, options.token_lifetime), address, options.state) as service:
        # The first line tells whoever started this where it is.
        print(service.base_url, flush=True)
        over.wait()


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    over = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: over.set())
    try:
        run(os.environ, sys.argv[1:], over)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The stand-in for Auth0 cannot listen: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
