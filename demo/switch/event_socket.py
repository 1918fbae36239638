"""The event socket: clients, what they say and what they are told.

Source: mod_event_socket.c of FreeSWITCH 1.11, and conversations with 1.11.1.
"""

import contextlib
import logging
import queue
import re
import socket
import threading
import uuid

from demo.switch import commands
from demo.switch.events import NAMES, Event
from demo.switch.exchange import Exchange
from demo.switch.faults import COMMAND_FAULTS
from demo.switch.frames import Frame, FrameReader, disconnect_notice, event_frame, frame, reply
from demo.switch.subscriptions import Subscription

logger = logging.getLogger(__name__)

_SECRETS = re.compile(r"^(auth\s|api simulator register \S+\s).*|\?[^\s,})]+")
_POLL_SECONDS = 0.1


class Connection:
    """One client. Everything that it is told goes through one queue, in order."""

    def __init__(self, server: "EventSocket", link: socket.socket) -> None:
        self._server = server
        self._exchange = server.exchange
        self._link = link
        self._outgoing: queue.Queue[bytes | None] = queue.Queue()
        self._subscription = Subscription()
        self._authenticated = self._mute = False
        self._job_fault = ""
        self._closed = threading.Event()

    def start(self) -> None:
        """Serve the client in threads of their own."""
        for target in (self._write, self._read):
            threading.Thread(target=target, name="event-socket", daemon=True).start()

    def close(self) -> None:
        """Close once everything that waits is sent."""
        self._closed.set()
        self._outgoing.put(None)

    def hear(self, event: Event) -> None:
        """Tell the client of an event that it subscribed to."""
        if not self._subscription.wants(event):
            return
        is_job = event.name == "BACKGROUND_JOB" and event.get("Job-Command") == commands.ORIGINATE
        if is_job and self._job_fault == "drop-before-job":
            self.close()
            return
        self._send(event_frame(event, self._subscription.form))
        if is_job and self._job_fault == "drop-after-job":
            self.close()

    # -- the wire ----------------------------------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        if not self._mute and not self._closed.is_set():
            self._outgoing.put(data)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while (data := self._outgoing.get()) is not None:
                self._link.sendall(data)
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        try:
            self._greet()
            reader = FrameReader(self._receive)
            while not self._closed.is_set() and (received := reader.next()) is not None:
                self._obey(received)
        except TimeoutError:
            self._send(disconnect_notice())
        except OSError:
            logger.info("A client is gone.")
        finally:
            self._exchange.ignore(self.hear)
            self.close()
            self._server.forget(self)
            self._linger_and_close()

    def _linger_and_close(self) -> None:
        """Give the writer time to say the last word, then let go of the socket."""
        with contextlib.suppress(OSError):
            self._link.settimeout(1)
            while self._link.recv(4096):
                pass
        self._link.close()

    def _receive(self) -> bytes:
        data = self._link.recv(65536)
        self._server.count(data)
        return data

    def _greet(self) -> None:
        self._link.settimeout(self._exchange.settings.auth_seconds)
        fault = self._exchange.faults.strikes("close-on-connect", "garbage", "silent-on-connect")
        if fault == "close-on-connect":
            self.close()
            return
        if fault == "garbage":
            self._send(b"\x00\xff\x16SSH-2.0-nothing\r\nContent-Length: -7\r\n\r\n" * 3)
        self._mute = bool(fault)
        self._send(frame({"Content-Type": "auth/request"}))

    # -- commands ----------------------------------------------------------------------------------------------------------

    def _obey(self, received: Frame) -> None:
        command = received.command
        shown = _SECRETS.sub(lambda match: f"{match[1]}…" if match[1] else "?…", command)
        logger.info("%s", shown)
        self._server.commands.append(command)
        word, _, argument = command.partition(" ")
        if word in ("exit", "..."):
            self._bid_farewell("+OK bye")
        elif not self._authenticated:
            self._authenticate(word, argument)
        elif word in ("api", "bgapi"):
            self._run(word == "bgapi", argument, received.headers.get("job-uuid", "") or str(uuid.uuid4()))
        else:
            handler = {"event": self._subscribe, "nixevent": self._unsubscribe, "filter": self._filter}.get(word)
            self._send(reply(handler(argument) if handler else self._simple(word)))

    def _simple(self, word: str) -> str:
        if word == "noevents":
            return self._subscription.clear()
        if word in ("linger", "nolinger"):
            return "-ERR not controlling a session"
        return "-ERR command not found"

    def _bid_farewell(self, text: str) -> None:
        self._send(reply(text))
        self._send(disconnect_notice())
        self.close()

    def _authenticate(self, word: str, password: str) -> None:
        if word != "auth":
            self._send(reply("-ERR command not found"))
            return
        if self._exchange.faults.strikes("refuse-auth") or password != self._exchange.settings.password:
            self._bid_farewell("-ERR invalid")
            return
        self._authenticated = True
        self._link.settimeout(None)
        self._exchange.listen(self.hear)
        self._send(reply("+OK accepted"))
        if self._exchange.faults.strikes("drop-after-auth"):
            self.close()

    def _subscribe(self, argument: str) -> str:
        return self._subscription.add(argument.split(), NAMES)

    def _unsubscribe(self, argument: str) -> str:
        return self._subscription.drop(argument.split(), NAMES)

    def _filter(self, argument: str) -> str:
        return self._subscription.filter(argument.strip())

    # -- api and bgapi -----------------------------------------------------------------------------------------------------

    def _run(self, in_background: bool, command: str, job: str) -> None:
        is_originate = command.partition(" ")[0] == commands.ORIGINATE
        fault = self._exchange.faults.strikes(*COMMAND_FAULTS) if is_originate else ""
        if fault == "drop-before-command":
            self.close()
            return
        self._job_fault = fault
        if fault == "restart":
            self._server.restart_with_next_leg()
        if in_background:
            self._run_in_background(command, job, fault)
        else:
            self._run_and_wait(command, fault)

    def _run_in_background(self, command: str, job: str, fault: str) -> None:
        head = {"Content-Type": "command/reply", "Reply-Text": f"+OK Job-UUID: {job}", "Job-UUID": job}
        self._answer(frame(head), fault)
        name, _, argument = command.partition(" ")

        def done(result: str, at: int) -> None:
            headers = [("Job-UUID", job), ("Job-Command", name), ("Job-Command-Arg", argument)]
            headers = [(key, value) for key, value in headers if value]
            self._exchange.fire(self._exchange.event("BACKGROUND_JOB", headers, at, body=result))

        commands.run(self._exchange, command, done)

    def _run_and_wait(self, command: str, fault: str) -> None:
        """Execute a command; nothing else is heard on this connection until it is done."""
        results: queue.Queue[str] = queue.Queue()

        def done(result: str, at: int) -> None:
            results.put(result)

        commands.run(self._exchange, command, done)
        if fault in ("drop-before-reply", "silent-after-command"):
            self._answer(b"", fault)
            return
        while not self._closed.is_set():
            with contextlib.suppress(queue.Empty):
                result = (results.get(timeout=_POLL_SECONDS) or "-ERR no reply\n").encode()
                self._answer(frame({"Content-Type": "api/response", "Content-Length": str(len(result))}, result), fault)
                return

    def _answer(self, data: bytes, fault: str) -> None:
        """Reply to a command, as far as the fault lets us."""
        cut = {"drop-before-reply": 0, "silent-after-command": 0, "drop-in-reply": len(data) // 2}.get(fault, len(data))
        if cut:
            self._send(data[:cut])
        if fault == "silent-after-command":
            self._mute = True
        elif fault in ("drop-before-reply", "drop-in-reply", "drop-after-reply"):
            self.close()


class EventSocket:
    """The server: listens on a port of this machine and keeps the connections."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.commands: list[str] = []
        self.bytes_received = 0
        self.port = 0
        self._listener = socket.socket()
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()

    def start(self) -> None:
        """Listen; the port is known afterwards. Raises OSError where it is taken."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", self.exchange.settings.port))
        except OSError:
            self._listener.close()
            raise
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="event-socket", daemon=True).start()

    def stop(self) -> None:
        """Listen no more and close every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_all()

    def close_all(self) -> None:
        """Close every connection that there is."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def count(self, data: bytes) -> None:
        """Count what a client has sent."""
        with self._lock:
            self.bytes_received += len(data)

    def forget(self, connection: Connection) -> None:
        """Know that a connection is closed."""
        with self._lock:
            self._connections.discard(connection)

    def restart_with_next_leg(self) -> None:
        """Let the switch start anew as soon as a leg comes into being."""

        def listener(event: Event) -> None:
            if event.name == "CHANNEL_CREATE":
                self.exchange.ignore(listener)
                self.exchange.restart()
                self.close_all()

        self.exchange.listen(listener)

    def _accept(self) -> None:
        while not self.exchange.stopped.is_set():
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(self, link)
            with self._lock:
                self._connections.add(connection)
            connection.start()
