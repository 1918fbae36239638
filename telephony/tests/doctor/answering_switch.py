"""A switch that answers each command from a table, over real loopback sockets, and reaches the portal as a real one does."""

import base64
import socketserver
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.test import Client

from telephony.switch.esl import SwitchAddress
from telephony.tests.captures import DATA
from telephony.tests.scripted_switch import ACCEPTED, GREETING, api_response, command_reply

PASSWORD = "Vq3xYw9LkP2mZtR7uHsN"
REFUSED = b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\n"
AUDIO = (DATA / "local-answered" / "3e6bc8f5-181d-4c52-9d6d-46965011989d.wav").read_bytes()
NOTHING = "can't find anything\n"
CLOSED = (
    '<context name="x"><extension name="portal-away"><condition>'
    '<action application="hangup" data="NORMAL_TEMPORARY_FAILURE"></action></condition></extension></context>\n'
)
Answer = str | Callable[[str], str]


def profiles(internal: str = "RUNNING (0)", external: str = "RUNNING (0)") -> str:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<profiles>\n'
        f"<profile><name>internal</name><state>{internal}</state></profile>\n"
        f"<profile><name>external</name><state>{external}</state></profile>\n</profiles>\n"
    )


def gateways(**states: str) -> str:
    """As the switch tells them; a state is `REGED UP`."""
    rows = "".join(
        f"<gateway><name>{name}</name><state>{state.split()[0]}</state><status>{state.split()[1]}</status></gateway>"
        for name, state in states.items()
    )
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<gateways>{rows}</gateways>\n'


class AnsweringSwitch:
    """`answers` may be changed: the longest beginning of a command that is in it tells the answer.

    What the switch itself would do, ask, report, upload, it does through the portal's own endpoints: as `http_password`, from
    `address`. `loses` names what it does not do, `records` is what its records say.
    """

    def __init__(self, record_of: Callable[..., bytes]) -> None:
        self.http_password = settings.FREESWITCH_HTTP_PASSWORD
        self.from_address = "127.0.0.1"
        self.loses: set[str] = set()
        self.records = {"record_ms": "400"}
        self.plan_cause = ""
        self.commands: list[str] = []
        self._record_of = record_of
        self.answers: dict[str, Answer] = {
            "switchname": "fs1", "version": "FreeSWITCH Version 1.11.1-release~64bit ( 64bit)\n",
            "strepoch": lambda _: str(int(time.time())), "module_exists": "true", "sofia xmlstatus": profiles(),
            "sofia xmlstatus gateway": gateways(carrier="NOREG UP"), "acl": "false", "user_data": self._user_data,
            "xml_locate dialplan": CLOSED, "xml_locate directory": NOTHING, "xml_locate configuration": self._configuration,
            "http_get": "/var/lib/freeswitch/cache/ab/cdef", "originate": self._originate,
        }  # fmt: skip
        switch = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = 20

            def handle(self) -> None:
                switch._speak(self.rfile, self.wfile)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.address = SwitchAddress("127.0.0.1", self._server.server_address[1], PASSWORD)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # -- the event socket --------------------------------------------------------------------------------------------------

    def _speak(self, heard: Any, said: Any) -> None:
        said.write(GREETING)
        if self._command(heard) != f"auth {PASSWORD}":
            said.write(REFUSED)
            return
        said.write(ACCEPTED)
        while command := self._command(heard):
            self.commands.append(command)
            said.write(self._answer(command.removeprefix("api ")))

    @staticmethod
    def _command(heard: Any) -> str:
        lines = []
        while (line := heard.readline()) not in (b"", b"\n"):
            lines.append(line.decode().rstrip("\n"))
        return "\n".join(lines)

    def _answer(self, command: str) -> bytes:
        known = [beginning for beginning in self.answers if command.startswith(beginning)]
        answer = self.answers[max(known, key=len)]
        reply = answer if isinstance(answer, str) else answer(command)
        return api_response(reply) if reply else command_reply("-ERR no reply")

    # -- what the switch does ----------------------------------------------------------------------------------------------

    def _post(self, path: str, body: bytes, content_type: str) -> Any:
        client = Client(REMOTE_ADDR=self.from_address)
        headers = {"authorization": _basic(f"{settings.FREESWITCH_HTTP_USER}:{self.http_password}")}
        return client.generic("POST", path, body, content_type=content_type, headers=headers)

    def _user_data(self, command: str) -> str:
        _, place, _, variable = command.split(" ")
        user, _, domain = place.partition("@")
        if "question" in self.loses:
            return "-ERR no reply\n"
        head = f"hostname=fs1&section=directory&tag_name=domain&key_name=name&key_value={domain}"
        fields = urlencode({"FreeSWITCH-Switchname": "fs1", "key": "id", "user": user, "domain": domain, "type": "var"})
        response = self._post(
            "/freeswitch/xml", f"{head}&Event-Name=REQUEST_PARAMS&{fields}".encode(), "application/x-www-form-urlencoded"
        )
        if response.status_code != 200 or "answer" in self.loses:
            return "-ERR no reply\n"
        found = fromstring(response.content).find(f".//variable[@name='{variable}']")
        return "-ERR no reply\n" if found is None else str(found.get("value"))

    def _configuration(self, command: str) -> str:
        name = command.rpartition(" ")[2]
        pair = f"{settings.FREESWITCH_HTTP_USER}:{self.http_password}"
        params = {
            "xml_curl.conf": {"gateway-url": f"{settings.PUBLIC_URL}/freeswitch/xml", "gateway-credentials": pair},
            "json_cdr.conf": {"url": f"{settings.PUBLIC_URL}/freeswitch/cdr", "cred": pair},
        }[name]
        lines = "".join(f'<param name="{param}" value="{value}"></param>' for param, value in params.items())
        return f'<configuration name="{name}"><settings>{lines}</settings></configuration>\n'

    def _originate(self, command: str) -> str:
        uuid = command.partition("origination_uuid=")[2][:36]
        _, is_recorded, upload = command.partition("bgapi:http_put ")
        if is_recorded and "recording" not in self.loses:
            path = urlsplit(upload.split(" ")[0]).path
            Client().generic("PUT", path, AUDIO, content_type="audio/x-wav")
        if "record" not in self.loses:
            cause = self.plan_cause or "CALL_REJECTED" if " XML " in command else "NORMAL_CLEARING"
            body = self._record_of(uuid, hangup_cause=cause, **self.records)
            self._post(f"/freeswitch/cdr?uuid={uuid}", body, "application/json")
        return f"+OK {uuid}\n"


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()
