"""Send the API whatever its schema allows, and what it forbids, as nobody, as a person and as staff: `make test-schema`.

A portal of its own is started for it, with the demo's data, its simulated switch and a stand-in for Auth0, on loopback, without
limits; nothing rings anywhere. What must not be: a 5xx, a status, media type, header or member that the schema does not know,
input that should be refused and is not.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from demo.auth0 import Auth0StandIn  # noqa: E402 - found beside this folder
from demo.people import SIGN_IN  # noqa: E402

AUDIENCE = "https://portal.example.com/api"
ROLES_CLAIM = "https://mediamagic.dev/roles"
READY_WITHIN_SECONDS = 180
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header"
)
# What is said of a wrong request: also that it is not what If-Match says, which is looked at before the body.
SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 429, "5xx"]
"""
LIMITS = {
    "API_RATE_PER_MINUTE": "1000000", "CALL_LINKS_AT_ONCE": "1000", "CALL_LINKS_AN_HOUR": "100000",
    "CALL_LINK_MINUTES_A_DAY": "100000", "DEMO_CALLS_EVERY": "0",
}  # fmt: skip


def free_port() -> int:
    """Return a port of which the next two are free as well: the demo's stand-ins listen there."""
    while True:
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            for beside in (port + 1, port + 2):
                held.enter_context(socket.socket()).bind(("127.0.0.1", beside))
            return port


@contextlib.contextmanager
def portal(folder: Path, auth0: Auth0StandIn) -> Iterator[str]:
    """Run the demo's portal over a database of its own; yield its address."""
    port = free_port()
    environment = os.environ | LIMITS | {
        "ENV_FILE": str(folder / "env"), "PORT": str(port), "PORTAL_VAR": str(folder), "DEBUG": "true",
        "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'portal.sqlite3'}"),
        "RECORDINGS_URL": f"file://{folder / 'recordings'}", "STATIC_ROOT": str(folder / "static"),
        "AUTH0_BASE_URL": auth0.base_url, "AUTH0_CLIENT_ID": auth0.client_id, "AUTH0_CLIENT_SECRET": auth0.client_secret,
        "AUTH0_AUDIENCE": AUDIENCE, "MAINTENANCE_TOKEN": secrets.token_urlsafe(36), "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    log = folder / "run.log"
    with log.open("wb") as output:
        running = subprocess.Popen([sys.executable, "-m", "demo.run"], cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait(f"http://127.0.0.1:{port}", running, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(30)


def wait(url: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the portal is ready, or say why it is not."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{url}/readyz", timeout=2):  # noqa: S310
            return
        time.sleep(0.2)
    sys.exit(f"The portal did not become ready:\n{log.read_text()}")


def identities(auth0: Auth0StandIn) -> Mapping[str, list[str]]:
    """Return who sends requests, each with the options that prove it. A token cannot be revoked by its own requests."""
    tokens = {who.role: auth0.mint({"sub": who.subject, ROLES_CLAIM: [who.role]}) for who in SIGN_IN if who.role != "admin"}
    return {"anonymous": []} | {role: ["--header", f"Authorization: Bearer {token}"] for role, token in tokens.items()}


def fuzz(url: str, name: str, proof: list[str], options: argparse.Namespace, folder: Path) -> tuple[int, int]:
    """Run schemathesis as one identity; return its status and how many requests it sent."""
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS)
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings),
        "run", f"{url}/api/v2/schema", "--url", url, *proof, "--checks", CHECKS,
        "--phases", options.phases, "--max-examples", str(options.examples), "--mode", "all",
        "--seed", options.seed,
        "--generation-with-security-parameters", "false", "--suppress-health-check", "all", "--warnings", "off",
        # With more of them Python 3.11 breaks now and then when it reads a lambda's source in two threads at once.
        "--workers", "1", "--continue-on-failure", "--request-timeout", "30",
        "--report", "ndjson", "--report-ndjson-path", str(folder / f"{name}.ndjson"),
        *(["--include-path-regex", options.paths] if options.paths else []),
    ]  # fmt: skip
    said = []
    hooks = os.environ | {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(Path(__file__).parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=folder, env=hooks, text=True, **pipes) as running:  # noqa: S603
        for line in running.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    sent = re.search(r"^ *(\d+) generated", "".join(said), re.MULTILINE)
    return running.returncode, int(sent[1]) if sent else 0


def main() -> int:
    """Run as everybody; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="how many for each operation (%(default)s)")
    parser.add_argument("--only", choices=["anonymous", "user", "staff"], help="as one of them alone")
    # What is at the limits of each value is most of the time that a short run would take.
    parser.add_argument("--phases", default="examples,coverage,fuzzing", help="of schemathesis (%(default)s)")
    parser.add_argument("--paths", help="at the addresses alone in which this regular expression is found")
    parser.add_argument("--seed", default="1", help="another one finds other things (%(default)s)")
    parser.add_argument("--report", type=Path, help="keep the reports there")
    options = parser.parse_args()
    # So that the portal ends with this, whoever ends it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    statuses, sent, began = [], 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portal-fuzz-") as text, Auth0StandIn(callbacks=[], audiences=[AUDIENCE]) as auth0:
        folder = Path(text)
        with portal(folder, auth0) as url:
            for name, proof in identities(auth0).items():
                if options.only in (None, name):
                    print(f"\n== as {name}", flush=True)
                    status, requests = fuzz(url, name, proof, options, options.report or folder)
                    statuses.append(status)
                    sent += requests
                    print(f"== as {name}: {requests} requests", flush=True)
        print(json.dumps({"requests": sent, "seconds": round(time.monotonic() - began)}))
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
