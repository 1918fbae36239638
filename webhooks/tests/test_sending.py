"""Sending one message: to the address that was checked and no other, over TLS by its name, within its time, following nothing."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from webhooks import sending
from webhooks.sending import LEADS_NOWHERE, UnreachableError, post
from webhooks.targets import TargetError, parse_target
from webhooks.tests.receiver import Receiver, closed_port, receiving

LOOPBACK = [ip_network("127.0.0.0/8")]
NAME = "hooks.example.com"
Names = Callable[..., list[int]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Have names lead to these addresses, one list after the other, the last for ever; return how often was asked."""

    def lead(*answers: list[str]) -> list[int]:
        asked: list[int] = []

        def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            found = answers[min(len(asked), len(answers) - 1)]
            asked.append(port)
            return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(sending.socket, "getaddrinfo", getaddrinfo)
        return asked

    return lead


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def send(url: str, allowed: Any = LOOPBACK, body: bytes = b"{}") -> sending.Answer:
    return post(parse_target(url, LOOPBACK), {"webhook-id": "msg_1"}, body, allowed)


def test_a_message_arrives_as_it_is(receiver: Receiver) -> None:
    receiver.answers, receiver.body = [200], b"thanks\0 \xff"
    answer = send(receiver.url, body=b'{"a":"\xc3\xbc"}')
    assert (answer.status, answer.text) == (200, "thanks \ufffd")
    (message,) = receiver.messages
    assert (message.path, message.body) == ("/hook?a=b", b'{"a":"\xc3\xbc"}')
    assert message.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert message.headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "fd00:ec2::254", "100.64.0.1", "0.0.0.1"],
)
def test_a_name_that_leads_inside_is_not_followed(names: Names, address: str) -> None:
    names([address])
    with pytest.raises(TargetError) as error:
        send(f"https://{NAME}/", allowed=[])
    assert str(error.value) == LEADS_NOWHERE, "nor is anybody told where it leads"


def test_one_address_inside_spoils_all(names: Names, receiver: Receiver) -> None:
    names(["8.8.8.8", "169.254.169.254"])
    with pytest.raises(TargetError):
        send(f"https://{NAME}/")


def test_a_name_is_asked_for_once_and_the_checked_address_is_what_is_connected_to(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: first it leads outside, then, for whoever asks again, to this machine."""
    asked = names(["8.8.8.8"], ["127.0.0.1"])
    connected: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(sending.socket, "create_connection", connect)
    with pytest.raises(UnreachableError, match="refused"):
        send(f"https://{NAME}/", allowed=[])
    assert connected == [("8.8.8.8", 443)]
    assert asked == [443]


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/inside", "http://169.254.169.254/latest/meta-data/"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver, location: str, status: int) -> None:
    receiver.answers = [status]
    receiver.headers["Location"] = location.format(port=receiver.port)
    assert send(receiver.url).status == status
    assert len(receiver.messages) == 1


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    assert send(receiver.url).status == 204


def test_nobody_listens() -> None:
    with pytest.raises(UnreachableError, match="refused"):
        send(f"http://127.0.0.1:{closed_port()}/")


def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(sending.socket, "getaddrinfo", fails)
    with pytest.raises(UnreachableError, match=LEADS_NOWHERE):
        send(f"https://{NAME}/")


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(sending.socket, "getaddrinfo", lambda *args, **kwargs: ended.wait(30) and [])
    monkeypatch.setattr(sending, "RESOLVED_WITHIN_SECONDS", 0.2)
    try:
        with pytest.raises(UnreachableError, match="not resolved in time"):
            send(f"https://{NAME}/")
    finally:
        ended.set()


def test_the_second_address_is_tried_where_nobody_listens_at_the_first(names: Names, receiver: Receiver) -> None:
    names(["::1", "127.0.0.1"])
    assert send(f"http://localhost:{receiver.port}/", allowed=[*LOOPBACK, ip_network("::1/128")]).status == 204


# -- those who are slow, or send without end -------------------------------------------------------------------------------


def read_request(connection: socket.socket) -> None:
    """Read a whole message, whose body is `{}`: who closes with something unread resets the connection."""
    read = b""
    while not read.endswith(b"\r\n\r\n{}") and (more := connection.recv(65536)):
        read += more


@pytest.fixture
def peer() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serve one connection by a function; what it was given is closed at the end."""
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(speak: Callable[[socket.socket], None]) -> str:
        def run() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    read_request(connection)
                    speak(connection)
                except OSError:
                    return

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield serve
    for thread in threads:
        thread.join(10)
    server.close()


def drip(connection: socket.socket, chunk: bytes) -> None:
    while True:
        connection.sendall(chunk)
        time.sleep(0.05)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_who_drips_is_cut_off(peer: Any, monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.6)

    def speak(connection: socket.socket) -> None:
        connection.sendall(head)
        drip(connection, b"X-A: b\r\n" if head else b"H")

    began = time.monotonic()
    with pytest.raises(UnreachableError, match="No answer came within"):
        send(peer(speak))
    assert time.monotonic() - began < 5


def test_who_says_nothing_is_cut_off(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.4)
    with pytest.raises(UnreachableError, match="No answer came within"):
        send(peer(lambda connection: time.sleep(1.5)))


def test_a_body_without_end_is_read_to_64_kilobytes_and_kept_to_two(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    def speak(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 8192)
            sent += 8192

    answer = send(peer(speak))
    assert (answer.status, answer.text) == (200, "x" * sending.KEPT)


def test_a_status_counts_though_its_body_breaks_off(peer: Any) -> None:
    assert send(peer(lambda c: c.sendall(b"HTTP/1.1 201 OK\r\nContent-Length: 100\r\n\r\nx"))).status == 201


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x00", b"220 mail.example.com ESMTP\r\n", b"HTTP/1.1 9999 X\r\n\r\n", b""])
def test_what_is_no_http_is_no_answer(peer: Any, nonsense: bytes) -> None:
    with pytest.raises(UnreachableError):
        send(peer(lambda connection: connection.sendall(nonsense)))


# -- TLS -------------------------------------------------------------------------------------------------------------------


def certificate_for(name: str, folder: Path, days: int = 1) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def speak_tls(monkeypatch: pytest.MonkeyPatch, names: Names) -> Iterator[Callable[..., tuple[int, list[str | None]]]]:
    """Serve TLS with a certificate, trusted or not; return the port and the names that were asked for (SNI)."""
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(certificate: Path, *, trusted: bool = True) -> tuple[int, list[str | None]]:
        asked: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run() -> None:
            connection, _ = server.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    read_request(secured)
                    secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                return
            finally:
                connection.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        if trusted:
            made = ssl.create_default_context(cafile=str(certificate))
            monkeypatch.setattr(sending, "trust", lambda: made)
        names(["127.0.0.1"])
        return server.getsockname()[1], asked

    yield serve
    for thread in threads:
        thread.join(10)
    for server in servers:
        server.close()


def test_tls_has_the_name_though_the_address_is_fixed(speak_tls: Any, tmp_path: Path) -> None:
    port, asked = speak_tls(certificate_for(NAME, tmp_path))
    assert send(f"https://{NAME}:{port}/").status == 204
    assert asked == [NAME]


def test_a_certificate_of_another_name_is_none(speak_tls: Any, tmp_path: Path) -> None:
    port, _ = speak_tls(certificate_for("elsewhere.example.com", tmp_path))
    with pytest.raises(UnreachableError, match="certificate is not valid"):
        send(f"https://{NAME}:{port}/")


def test_a_certificate_that_has_expired_is_none(speak_tls: Any, tmp_path: Path) -> None:
    port, _ = speak_tls(certificate_for(NAME, tmp_path, days=-1))
    with pytest.raises(UnreachableError, match="certificate is not valid"):
        send(f"https://{NAME}:{port}/")


def test_a_certificate_that_nobody_vouches_for_is_none(speak_tls: Any, tmp_path: Path) -> None:
    port, _ = speak_tls(certificate_for(NAME, tmp_path), trusted=False)
    with pytest.raises(UnreachableError, match="certificate is not valid"):
        send(f"https://{NAME}:{port}/")


def test_whoever_hangs_in_the_handshake_is_cut_off(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.4)
    url = peer(lambda connection: time.sleep(1.5))
    with pytest.raises(UnreachableError, match="No answer came within"):
        send(url.replace("http:", "https:"))
