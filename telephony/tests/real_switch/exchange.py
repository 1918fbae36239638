"""A portal and a real FreeSWITCH with nothing but what the portal generated for it, on loopback, and people with phones."""

import contextlib
import secrets
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.tests.auth0 import bearer
from demo.auth0 import Auth0StandIn
from portal.tests.running import Portal
from telephony.tests.real_switch import programs
from telephony.tests.real_switch.freeswitch import FreeSwitch
from telephony.tests.real_switch.sip.phone import Phone

DOMAIN = "pbx.example.com"
NUMBERS = ("17036879447", "17036879448", "17036879449", "17036879450", "17036879451")
PEOPLE = ("bob", "ann", "eve", "joe", "tom")
GATEWAYS = ("carrier", "spare")


@dataclass
class Person:
    """Somebody with an extension and a number, what proves them to the API, and their phone's password."""

    name: str
    proof: dict[str, str]
    number: str
    extension: str
    password: str


class Exchange:
    """All of it. `carriers` are the ports at which the gateways are looked for, in the order of their priority."""

    def __init__(self, binary: Path, folder: Path, auth0: Auth0StandIn) -> None:
        self.folder = folder
        ports = programs.free_block()
        self.carriers = list(ports[: len(GATEWAYS)])
        self.portal = Portal(folder, auth0)
        self.portal.port = ports[len(GATEWAYS)]
        self.switch = FreeSwitch(binary, folder / "switch", ports[len(GATEWAYS) + 1 :])
        self.people: dict[str, Person] = {}
        self.portal.environment |= {
            "DEBUG": "false",
            "FREESWITCH_ESL_URL": f"esl://:{self.switch.password}@127.0.0.1:{self.switch.event_port}",
            "FREESWITCH_HTTP_PASSWORD": secrets.token_urlsafe(24),
            "FREESWITCH_RECORDINGS_DIR": str(self.switch.recordings),
            "FREESWITCH_SIP_ADDRESS": "127.0.0.1",
            "FREESWITCH_SIP_PORT": str(self.switch.phone_port),
            "FREESWITCH_CARRIER_PORT": str(self.switch.carrier_port),
            "PORT": str(self.portal.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.portal.port}",
            "FREESWITCH_ALLOWED_CIDRS": "127.0.0.1/32",
            # Whoever guesses passwords comes from another address of loopback.
            "BAN_NEVER_CIDRS": "127.0.0.1/32",
            "BAN_AFTER_FAILURES": "5",
            "SIP_DOMAIN": DOMAIN,
            "SIP_GATEWAY": GATEWAYS[0],
            "EXTENSION_RANGE": "1005-1009",
            "CALLS_AN_HOUR": "1000",
            "CALL_LINKS_AN_HOUR": "1000",
            # Whoever is told by webhooks is on this machine, too.
            "WEBHOOK_ALLOWED_CIDRS": "127.0.0.1/32",
        }

    @contextlib.contextmanager
    def running(self) -> Iterator["Exchange"]:
        """Portal, listener and switch, with their people."""
        self.portal.manage("migrate", "-v", "0")
        self._make_gateways()
        with contextlib.ExitStack() as stack:
            serving = stack.enter_context(contextlib.ExitStack())
            serving.enter_context(self.portal.serving())
            self._serving = serving
            self._hire(*PEOPLE)
            self.people["staff"] = Person("staff", self.portal.key("auth0|staff", "staff")[1], "", "", "")
            self.switch.configure(self.portal)
            stack.enter_context(self.switch.running())
            stack.enter_context(self._beside("eventlistener", says="connected"))
            yield self

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """A worker, which does what waits."""
        with self._beside("worker", "--poll", "0.1", says="working"):
            yield

    @contextlib.contextmanager
    def _beside(self, name: str, *options: str, says: str) -> Iterator[None]:
        """A command of the portal that goes on beside it; it is ready when it has said something."""
        log = self.folder / f"{name}.log"
        command = [sys.executable, "manage.py", name, *options]
        with programs.running(command, log, cwd=settings.BASE_DIR, env=self.portal.environment):
            programs.until(lambda: says in log.read_text(), name)
            yield

    @contextlib.contextmanager
    def portal_away(self) -> Iterator[None]:
        """The portal's server is stopped, and comes back afterwards."""
        self._serving.close()
        try:
            yield
        finally:
            self._serving.enter_context(self.portal.serving())

    # -- people and their phones -------------------------------------------------------------------------------------------

    def phone(self, name: str, **options: Any) -> Phone:
        """Return a phone of somebody's extension, with their password or another one; not registered yet."""
        person = self.people[name]
        options = {"password": person.password} | options
        return Phone(("127.0.0.1", self.switch.phone_port), person.extension, DOMAIN, **options)

    def ask(self, path: str, method: str = "GET", body: Any = None, *, by: str = "staff") -> Any:
        """Ask the API as somebody, and return the answer. The story fails where it is refused."""
        status, answer = self.portal.ask(path, self.people[by].proof, method, body)
        assert status < 300, (path, status, answer)
        return answer

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Return the calls that somebody sees in the API, newest first."""
        return list(self.ask("call-recording?limit=200", by=name))

    def _hire(self, *names: str) -> None:
        operator = bearer(settings.MAINTENANCE_TOKEN)
        body = {"provider": "Acme Carrier", "numbers": list(NUMBERS)}
        assert self.portal.ask("maintenance/numbers", operator, "POST", body) == (200, {"added": len(NUMBERS), "skipped": []})
        for name in names:
            _, proof = self.portal.key(f"auth0|{name}")
            status, given = self.portal.ask("assign-number", proof)
            assert status == 200, given
            self.people[name] = Person(name, proof, given["phone_number"], given["extension"], self.new_password(proof))

    def new_password(self, proof: dict[str, str]) -> str:
        """Return the password that the portal shows once."""
        status, shown = self.portal.ask("assign-number/sip-password", proof, "POST")
        assert (status, shown["domain"]) == (200, DOMAIN), shown
        return str(shown["password"])

    def _make_gateways(self) -> None:
        rows = [
            {"name": name, "priority": n + 1, "proxy": f"127.0.0.1:{port};transport=udp"}
            for n, (name, port) in enumerate(zip(GATEWAYS, self.carriers, strict=True))
        ]
        self.portal.manage(
            "shell", "-v", "0", "-c",
            "from telephony.models import Domain, Gateway\n"
            f"for row in {rows!r}: Gateway.objects.update_or_create(name=row['name'], defaults=row | {{'domain': Domain.objects.get()}})",
        )  # fmt: skip


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
