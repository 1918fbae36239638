"""Where webhooks may go, by the form of a URL and by the address that it leads to."""

from ipaddress import ip_address, ip_network

import pytest

from webhooks.targets import TargetError, is_allowed, parse_target

LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("HTTPS://Hooks.Example.COM:443/a/B?c=d", "https://hooks.example.com/a/B?c=d"),
        ("https://hooks.example.com.:8443/", "https://hooks.example.com:8443/"),
        ("https://bücher.example/ü".replace("/ü", "/%C3%BC"), "https://xn--bcher-kva.example/%C3%BC"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_a_url_is_kept_as_it_is_sent_to(given: str, kept: str) -> None:
    assert str(parse_target(given, [])) == kept


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.com", "http://hooks.example.com/", "ftp://hooks.example.com/", "gopher://hooks.example.com/",
        "file:///etc/passwd", "javascript:alert(1)", "https://", "https:///x", "https://user@hooks.example.com/",
        "https://user:secret@hooks.example.com/", "https://@hooks.example.com/", "https://hooks.example.com/#x",
        "https://hooks.example.com/ü", "https://hooks.example.com/a b", "https://hooks.example.com\\@evil/",
        "https://hooks.example.com/\r\nX: y", "https://hooks.example.com/\x00", "\thttps://hooks.example.com/",
        "https://hooks.example.com:22/", "https://hooks.example.com:80/", "https://hooks.example.com:99999/",
        "https://hooks.example.com:x/", "https://hooks.example.com:0/", "https://-a.example/", "https://a..b/", "https://a_b.example/",
        "https://" + "a" * 64 + ".example/", "https://[::1", "https://[v1.x]/", "https://" + "a" * 1000,
        # Other notations of 127.0.0.1 and of what lies inside.
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
        "https://0x7f.1/", "https://0/", "https://1.2.3/", "https://127.0.0.1./", "https://\uff11\uff12\uff17.0.0.1/", "https://localhost/",
        "https://LOCALHOST/", "https://a.localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:8.8.8.8]/",
        "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[2606:4700::1111%eth0]/", "https://[2606:4700::1111%25x]/",
        "https://%38.8.8.8/", "https://192.0.0.192/", "https://10.0.0.1/", "https://169.254.169.254/latest/",
        "https://192.168.0.1/", "https://172.16.0.1/", "https://100.64.0.1/", "https://100.100.100.200/", "https://168.63.129.16/",
        "https://0.0.0.0/", "https://255.255.255.255/", "https://224.0.0.1/", "https://[fd00:ec2::254]/", "https://[::]/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/", "https://[ff02::1]/",
        "http://127.0.0.1:8000/", "http://localhost:8000/",
    ],
)  # fmt: skip
def test_a_url_that_nothing_is_sent_to(url: str) -> None:
    with pytest.raises(TargetError):
        parse_target(url, [])


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://localhost:8000/", "https://127.0.0.1:8443/"])
def test_an_operator_may_permit_loopback_and_then_without_tls(url: str) -> None:
    assert str(parse_target(url, LOOPBACK)) == url


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://hooks.example.com/", "http://8.8.8.8/", "http://[::1]:8000/"])
def test_elsewhere_nothing_goes_without_tls_whatever_is_permitted(url: str) -> None:
    with pytest.raises(TargetError):
        parse_target(url, [*LOOPBACK, ip_network("10.0.0.0/8")])


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses(text: str) -> None:
    assert is_allowed(ip_address(text), [])


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
        "192.0.0.1", "192.0.0.8", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "168.63.129.16", "192.88.99.1", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "::127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:1::", "2001:db8::1", "3fff::1", "fec0::1", "100::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not(text: str) -> None:
    assert not is_allowed(ip_address(text), [])
    assert not is_allowed(ip_address(text), [ip_network("9.0.0.0/8"), ip_network("2600::/16")])


def test_what_the_operator_permits() -> None:
    assert is_allowed(ip_address("10.1.2.3"), [ip_network("10.1.0.0/16")])
    assert not is_allowed(ip_address("10.2.2.3"), [ip_network("10.1.0.0/16")])
    assert not is_allowed(ip_address("::ffff:10.1.2.3"), [ip_network("10.1.0.0/16")])
