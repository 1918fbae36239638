"""The address of the event socket, as the environment gives it."""

import pytest

from telephony.switch.errors import SwitchError
from telephony.switch.esl import SwitchAddress, parse_url
from telephony.switch.esl_address import parse_urls

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "host", "port", "password"),
    [
        ("esl://:ClueCon@127.0.0.1:8021", "127.0.0.1", 8021, "ClueCon"),
        ("esl://:ClueCon@127.0.0.1", "127.0.0.1", 8021, "ClueCon"),
        ("esl://:ClueCon@127.0.0.1:9/", "127.0.0.1", 9, "ClueCon"),
        ("ESL://:ClueCon@Switch-1.example.com:65535", "switch-1.example.com", 65535, "ClueCon"),
        ("esl://:ClueCon@free_switch", "free_switch", 8021, "ClueCon"),
        ("esl://:ClueCon@[::1]:8021", "::1", 8021, "ClueCon"),
        ("esl://:ClueCon@[fd00::2]", "fd00::2", 8021, "ClueCon"),
        ("esl://:a%2Fb%3Fc%23d%25e%20f@h", "h", 8021, "a/b?c#d%e f"),
        ("esl://:a@b:c@h:1", "h", 1, "a@b:c"),
        ("esl://:a+b@h", "h", 8021, "a+b"),
        ("esl://:p%C3%A4ss@h", "h", 8021, "päss"),
    ],
)
def test_what_is_read(url: str, host: str, port: int, password: str) -> None:
    address = parse_url(url)
    assert (address.host, address.port, address.password) == (host, port, password)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("", "esl://"),
        (SECRET, "esl://"),
        (f"http://:{SECRET}@127.0.0.1:8021", "esl://"),
        (f"tcp:{SECRET}", "esl://"),
        (f":{SECRET}@127.0.0.1:8021", "esl://"),
        ("esl://127.0.0.1:8021", "password"),
        ("esl://:@127.0.0.1:8021", "password"),
        ("esl://@127.0.0.1:8021", "password"),
        (f"esl://{SECRET}@127.0.0.1:8021", "user name"),
        (f"esl://user:{SECRET}@127.0.0.1:8021", "user name"),
        (f"esl://:{SECRET}@", "host"),
        (f"esl://:{SECRET}@:8021", "host"),
        (f"esl://:{SECRET}@-host", "host"),
        (f"esl://:{SECRET}@ho,st", "host"),
        (f"esl://:{SECRET}@[::1", "host"),
        (f"esl://:{SECRET}@[::x]", "host"),
        (f"esl://:{SECRET}@::1", "host"),
        (f"esl://:{SECRET}@h\u2100st:8021", "host"),
        (f"esl://:{SECRET}@127.0.0.1:0", "port"),
        (f"esl://:{SECRET}@127.0.0.1:65536", "port"),
        (f"esl://:{SECRET}@127.0.0.1:-1", "port"),
        (f"esl://:{SECRET}@127.0.0.1:http", "port"),
        (f"esl://:{SECRET}@127.0.0.1:٨٠٢١", "port"),
        (f"esl://:{SECRET}@127.0.0.1:8021/path", "after its port"),
        (f"esl://:{SECRET}@127.0.0.1:8021?x=1", "after its port"),
        (f"esl://:{SECRET}@127.0.0.1:8021#x", "after its port"),
        (f"esl://:{SECRET}#1@127.0.0.1:8021", "%23"),
        (f"esl://:{SECRET}/1@127.0.0.1:8021", "%2F"),
        (f"esl://:{SECRET}?1@127.0.0.1:8021", "%3F"),
        (f"esl://:{SECRET}%@127.0.0.1:8021", "%25"),
        (f"esl://:{SECRET}%zz@127.0.0.1:8021", "%25"),
        (f"esl://:{SECRET}%ff@127.0.0.1:8021", "UTF-8"),
        (f"esl://:{SECRET}\udcff@127.0.0.1:8021", "UTF-8"),
        (f"esl://:{SECRET}\n@127.0.0.1:8021", "line break"),
        (f"esl://:{SECRET}@127.0.0.1:8021\n", "line break"),
        (f"\tesl://:{SECRET}@127.0.0.1:8021", "control character"),
        (f"esl://:{SECRET}\0@127.0.0.1:8021", "control character"),
        (f"esl://:{SECRET} @127.0.0.1:8021", "blank"),
        (f"esl://:{SECRET}%0A@127.0.0.1:8021", "control character"),
        (f"esl://:{SECRET}%0d@127.0.0.1:8021", "control character"),
        (f"esl://:{SECRET}%00@127.0.0.1:8021", "control character"),
    ],
)
def test_what_is_refused_says_why_and_never_the_password(url: str, named: str) -> None:
    with pytest.raises(SwitchError) as refused:
        parse_url(url)
    assert named in str(refused.value)
    assert SECRET not in str(refused.value)
    # A chained error would show the password in every traceback.
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("host", "port", "password"),
    [
        ("", 1, "p"),
        ("a b", 1, "p"),
        ("h\n", 1, "p"),
        ("h", 0, "p"),
        ("h", 65536, "p"),
        ("h", 1, ""),
        ("h", 1, "p\nexit"),
        ("h", 1, "\udcff"),
    ],
)
def test_an_address_that_cannot_be_is_never_made(host: str, port: int, password: str) -> None:
    with pytest.raises(SwitchError):
        SwitchAddress(host, port, password)


def test_the_password_is_never_shown() -> None:
    address = parse_url(f"esl://:{SECRET}@[::1]:8021")
    assert SECRET not in repr(address)
    assert str(address) == "[::1]:8021"
    assert str(parse_url(f"esl://:{SECRET}@h:9")) == "h:9"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("esl://:a@h:1", ["h:1"]),
        ("esl://:a@h:1 esl://:b@h:2", ["h:1", "h:2"]),
        ("esl://:a@h:1,esl://:b@h:2,", ["h:1", "h:2"]),
        (" esl://:a@h:1 ,\n\tESL://:b@[::1]:2 , esl://:c@i ", ["h:1", "[::1]:2", "i:8021"]),
    ],
)
def test_several_switches(text: str, shown: list[str]) -> None:
    assert [str(address) for address in parse_urls(text)] == shown


def test_a_comma_may_be_part_of_a_password() -> None:
    assert [address.password for address in parse_urls("esl://:a,b@h:1,esl://:,c@h:2")] == ["a,b", ",c"]


@pytest.mark.parametrize(
    "text", [f"esl://:{SECRET}@h:1 {SECRET}", f"esl://:{SECRET}@h:1 esl://:x@h:1", f"esl://:{SECRET}@h:1;esl://:{SECRET}@h:2"]
)
def test_several_of_which_one_is_wrong_are_refused_and_nothing_is_quoted(text: str) -> None:
    with pytest.raises(SwitchError) as refused:
        parse_urls(text)
    assert SECRET not in str(refused.value)
