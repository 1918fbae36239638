"""What runs beside the portal on a laptop: stand-ins for what is not there, and the portal's own background processes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.people import people

# Ports of the stand-ins, counted from the portal's.
AUTH0_OFFSET, SWITCH_OFFSET = 1, 2
CLIENT_ID = "demo-portal"
AUDIENCE = "https://portal.example.com/api"
STAFF_DOMAIN = "mediamagic.example"
# How often somebody of the demo calls by himself; 0 never.
CALLS_EVERY_SECONDS = "45"
ON_THE_PHONE = 8
# What is made up once for this machine and kept: passwords between the portal and its stand-ins.
SECRETS = ("switch_password", "auth0_secret")


@dataclass(frozen=True)
class Service:
    """A process beside the server: its command, and the loopback port on which it listens, if it does."""

    name: str
    command: list[str]
    port: int | None = None


def stand_in_settings(settings: Mapping[str, str], port: int, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that lead the portal to its stand-ins; a switch or a tenant that `.env` names is used instead."""
    chosen = {"PUBLIC_URL": settings.get("PUBLIC_URL") or f"http://127.0.0.1:{port}"}
    if not settings.get("FREESWITCH_ESL_URL"):
        chosen |= {
            "FREESWITCH_ESL_URL": f"esl://:{secrets['switch_password']}@127.0.0.1:{port + SWITCH_OFFSET}",
            "DEMO_CALLS_EVERY": settings.get("DEMO_CALLS_EVERY") or CALLS_EVERY_SECONDS,
            "FREESWITCH_RECORDINGS_DIR": settings.get("FREESWITCH_RECORDINGS_DIR") or "/recordings",
        }
    if not (settings.get("AUTH0_DOMAIN") or settings.get("AUTH0_BASE_URL")):
        chosen |= {
            "AUTH0_BASE_URL": f"http://127.0.0.1:{port + AUTH0_OFFSET}",
            "AUTH0_CLIENT_ID": CLIENT_ID,
            "AUTH0_CLIENT_SECRET": secrets["auth0_secret"],
            "AUTH0_AUDIENCE": AUDIENCE,
            "STAFF_EMAIL_DOMAINS": settings.get("STAFF_EMAIL_DOMAINS") or STAFF_DOMAIN,
        }
    return chosen


def services(chosen: Mapping[str, str], port: int, var: Path) -> list[Service]:
    """Return what is to run beside the server: a stand-in only where the settings lead to it."""
    beside = []
    if "AUTH0_BASE_URL" in chosen:
        command = [sys.executable, "-m", "demo.auth0", "--state", str(var / "auth0")]
        beside.append(Service("auth0", command, port + AUTH0_OFFSET))
    if "FREESWITCH_ESL_URL" in chosen:
        command = [
            sys.executable, "-m", "demo.switch", "--err-log-dir", str(var / "switch" / "spool"),
            "--calls-every", chosen.get("DEMO_CALLS_EVERY", "0"), *_on_the_phone(),
        ]  # fmt: skip
        beside.append(Service("switch", command, port + SWITCH_OFFSET))
    beside.append(Service("listener", [sys.executable, "manage.py", "eventlistener"]))
    beside.append(Service("worker", [sys.executable, "manage.py", "worker"]))
    return beside


def _on_the_phone() -> list[str]:
    """Return the options that name whose phones are registered at the simulated switch, and which numbers are called."""
    some = people()[:ON_THE_PHONE]
    return [f"--{name}={value}" for each in some for name, value in (("extension", each.extension), ("number", each.number))]
