"""Run the simulated switch: `python -m demo.switch`."""

import argparse
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import unquote, urlsplit

from demo.switch.exchange import Settings
from demo.switch.faults import FAULTS
from demo.switch.portal import Portal
from demo.switch.scenarios import table
from demo.switch.simulator import SimulatedSwitch

# Long enough for a record to be refused twice.
END_WITHIN_SECONDS = 4
DEFAULT_ESL_URL = "esl://:ClueCon@127.0.0.1:8021"


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    faults = "\n".join(f"  {name}: {what}" for name, what in FAULTS.items())
    made = argparse.ArgumentParser(
        prog="python -m demo.switch",
        description="A simulated FreeSWITCH. Passwords come from FREESWITCH_ESL_URL and FREESWITCH_HTTP_PASSWORD.",
        epilog=f"{table()}\n\nFaults:\n{faults}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--port", type=int, help="of the event socket; 0 is any (default: that of FREESWITCH_ESL_URL)")
    made.add_argument("--print-port", action="store_true", help="print the port on a line once it listens")
    made.add_argument("--portal", default=os.environ.get("PUBLIC_URL", ""), help="its address (default: PUBLIC_URL)")
    made.add_argument("--domain", default=os.environ.get("SIP_DOMAIN", "pbx.example.com"), help="the SIP domain")
    made.add_argument("--gateway", action="append", help="a gateway that exists; several times for several")
    made.add_argument("--extension", action="append", help="an extension that shows as registered; several times for several")
    made.add_argument("--pace", type=float, default=1.0, help="how long a second of a call takes (default: 1)")
    made.add_argument("--talk", type=float, help="how many seconds people talk (default: 5 to 15, by chance)")
    made.add_argument("--create-delay", type=float, default=0.02, help="seconds between a command and its channel")
    made.add_argument("--heartbeat", type=float, default=20.0, help="seconds between heartbeats")
    made.add_argument("--calls-every", type=float, default=0.0, help="seconds between calls that people place (default: none)")
    made.add_argument("--number", action="append", help="a number of the portal's that is called from outside; several times")
    made.add_argument("--err-log-dir", type=Path, help="where records go that the portal does not take")
    made.add_argument("--recordings-dir", type=Path, help="where recordings stay")
    made.add_argument("--fault", choices=FAULTS, default="", metavar="NAME", help="what goes wrong, see below")
    return made


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the switch's settings from the command line and the environment."""
    # Of several switches this is the first.
    socket = urlsplit(re.split(r"[\s,]+(?=esl://)", os.environ.get("FREESWITCH_ESL_URL", "").strip() or DEFAULT_ESL_URL)[0])
    user, password = os.environ.get("FREESWITCH_HTTP_USER") or "switch", os.environ.get("FREESWITCH_HTTP_PASSWORD", "")
    return Settings(
        password=unquote(socket.password or ""),
        port=arguments.port if arguments.port is not None else socket.port or 0,
        domain=arguments.domain,
        gateways=tuple(arguments.gateway or [os.environ.get("SIP_GATEWAY") or "carrier"]),
        extensions=tuple(arguments.extension or Settings().extensions),
        portal=Portal(arguments.portal.rstrip("/"), user, password) if arguments.portal else None,
        pace=arguments.pace,
        talk=arguments.talk,
        create_delay=arguments.create_delay,
        heartbeat=arguments.heartbeat,
        calls_every=arguments.calls_every,
        numbers=tuple(arguments.number or ()),
        err_log_dir=arguments.err_log_dir,
        recordings_dir=arguments.recordings_dir,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    read = parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        switch = SimulatedSwitch(settings_of(read), fault=read.fault).start()
    except OSError as error:
        print(f"The switch cannot listen: {error}", file=sys.stderr)
        return 1
    if read.print_port:
        print(switch.port, flush=True)
    stop.wait()
    switch.end_calls(END_WITHIN_SECONDS)
    switch.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
