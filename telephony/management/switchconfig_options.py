"""The options of `manage.py switchconfig`, and the kinds of values that they take."""

import argparse
import ipaddress
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser

from telephony.switch.configuration import Srtp


def port(text: str) -> int:
    """Read a port from the command line."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def address(text: str) -> str:
    """Read an IP address from the command line."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def network(text: str) -> str:
    """Read an address or a network from the command line, as CIDR."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_arguments(parser: CommandParser) -> None:
    """Add all of them."""
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write; made where it is missing")
    parser.add_argument("--force", action="store_true", help="write over a folder that the portal did not write, too")
    parser.add_argument("--group", help="a group that may read the files, such as the one that the switch runs in")
    parser.add_argument("--switchname", default="fs1", metavar="NAME", help="what the switch calls itself (%(default)s)")
    _add_portal(parser)
    _add_event_socket(parser)
    _add_sip(parser)
    _add_folders(parser)


def _add_portal(parser: CommandParser) -> None:
    parser.add_argument(
        "--portal-url", default=settings.PUBLIC_URL, metavar="URL", help="the portal, as the switch reaches it (PUBLIC_URL)"
    )
    parser.add_argument(
        "--cacert", default="", metavar="FILE", help="on the switch, the certificates that it trusts (its system's)"
    )


def _add_event_socket(parser: CommandParser) -> None:
    parser.add_argument(
        "--esl", metavar="HOST:PORT", help="which of several in FREESWITCH_ESL_URL it is, where its name does not tell yet"
    )
    parser.add_argument(
        "--esl-listen", type=address, metavar="ADDRESS",
        help="where the event socket listens (FREESWITCH_ESL_URL, where that is an address; 127.0.0.1)",
    )  # fmt: skip
    parser.add_argument("--esl-port", type=port, help="its port (that of FREESWITCH_ESL_URL; 8021)")
    parser.add_argument("--esl-password", metavar="PASSWORD", help="its password (that of FREESWITCH_ESL_URL)")
    parser.add_argument(
        "--esl-allow", type=network, action="append", metavar="NETWORK",
        help="from where the portal speaks to it, may be given several times (the switch's own machine)",
    )  # fmt: skip


def _add_sip(parser: CommandParser) -> None:
    parser.add_argument("--sip-ip", "--bind", type=address, metavar="ADDRESS", help="where it listens (FREESWITCH_SIP_ADDRESS)")
    parser.add_argument(
        "--external-ip", type=address, metavar="ADDRESS", help="what it is called outside (FREESWITCH_SIP_PUBLIC_ADDRESS)"
    )
    parser.add_argument("--internal-port", type=port, metavar="PORT", help="for phones (FREESWITCH_SIP_PORT)")
    parser.add_argument("--external-port", type=port, metavar="PORT", help="for carriers (FREESWITCH_CARRIER_PORT)")
    parser.add_argument(
        "--tls", metavar="FOLDER",
        help="on the switch, the folder with its certificate, agent.pem; TLS is one port above (FREESWITCH_TLS_DIR)",
    )  # fmt: skip
    parser.add_argument("--srtp", choices=[each.value for each in Srtp], help="whether phones encrypt voice (FREESWITCH_SRTP)")
    parser.add_argument("--rtp-start", type=port, default=16384, metavar="PORT", help="first port for voice (%(default)s)")
    parser.add_argument("--rtp-end", type=port, default=32768, metavar="PORT", help="last port for voice (%(default)s)")
    parser.add_argument("--max-sessions", type=int, default=1000, metavar="LEGS", help="legs at once (%(default)s)")


def _add_folders(parser: CommandParser) -> None:
    parser.add_argument("--log-dir", default="/var/log/freeswitch", help="on the switch: logs (%(default)s)")
    parser.add_argument("--db-dir", default="/var/lib/freeswitch/db", help="its own database (%(default)s)")
    parser.add_argument("--run-dir", default="/run/freeswitch", help="its process id (%(default)s)")
    parser.add_argument("--cache-dir", default="/var/lib/freeswitch/cache", help="files of mod_http_cache (%(default)s)")
    parser.add_argument(
        "--cdr-dir", default="/var/lib/freeswitch/spool/cdr", help="records that could not be posted (%(default)s)"
    )
    parser.add_argument(
        "--log-every-record", action="store_true", help="leave every record in --cdr-dir, too, for `importcdrs --delete`"
    )
    parser.add_argument("--syslog", action="store_true", help="tell warnings and errors to syslog, too (mod_syslog)")
