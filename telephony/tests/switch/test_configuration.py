"""`sofia.conf` and `acl.conf`: hardened, whole, and of fitting values only."""

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from telephony.switch.configuration import Listening, SofiaGateway, acl_document, sofia_document
from telephony.switch.documents import UnsafeTextError, serialise

DOMAIN = "pbx.example.com"


def params(parent: Element) -> dict[str, str]:
    return {found.get("name", ""): found.get("value", "") for found in parent.iter("param")}


def profile(root: Element, name: str) -> dict[str, str]:
    found = root.find(f".//profile[@name='{name}']/settings")
    assert found is not None
    return params(found)


def sofia(*gateways: SofiaGateway, domains: tuple[str, ...] = (DOMAIN,), listening: Listening | None = None) -> Element:
    return fromstring(serialise(sofia_document(listening or Listening(), domains, gateways)))


def test_both_profiles_are_hardened() -> None:
    root = sofia()
    assert [found.get("name") for found in root.iter("profile")] == ["internal", "external"]
    for name in ("internal", "external"):
        assert profile(root, name).items() >= {
            "inbound-reg-force-matching-username": "true", "accept-blind-reg": "false", "accept-blind-auth": "false",
            "dialplan": "XML",
        }.items()  # fmt: skip
        assert int(profile(root, name)["rtp-timeout-sec"]) > 0
    assert profile(root, "internal").items() >= {
        "context": "internal", "auth-calls": "true", "multiple-registrations": "contact", "force-register-domain": DOMAIN,
        "force-register-db-domain": DOMAIN, "challenge-realm": "auto_from", "sip-port": "5060",
    }.items()  # fmt: skip
    assert profile(root, "external").items() >= {
        "context": "public", "auth-calls": "false", "apply-inbound-acl": "carriers", "disable-transfer": "true",
        "disable-register": "true", "sip-port": "5080", "pass-callee-id": "false", "send-display-update": "false",
    }.items()  # fmt: skip


def test_of_several_domains_none_is_forced() -> None:
    assert "force-register-domain" not in profile(sofia(domains=(DOMAIN, "other.example.com")), "internal")
    assert "force-register-domain" not in profile(sofia(domains=()), "internal")


def test_where_it_listens() -> None:
    root = sofia(listening=Listening(address="10.0.0.5", public_address="203.0.113.5", internal_port=5066, external_port=5088))
    for name, port in (("internal", "5066"), ("external", "5088")):
        assert profile(root, name).items() >= {
            "sip-ip": "10.0.0.5", "rtp-ip": "10.0.0.5", "ext-sip-ip": "203.0.113.5", "ext-rtp-ip": "203.0.113.5", "sip-port": port,
        }.items()  # fmt: skip
    assert not {"sip-ip", "ext-sip-ip"} & profile(sofia(), "internal").keys()


def test_gateways() -> None:
    root = sofia(
        SofiaGateway(name="carrier", proxy="sip.example.net:5060;transport=tcp"),
        SofiaGateway(name="backup", proxy="192.0.2.7", username="acme", password="s3cret&(x)", register=True),
    )
    plain, registered = (params(found) for found in root.iter("gateway"))
    assert plain == {"register": "false", "caller-id-in-from": "true", "proxy": "sip.example.net:5060;transport=tcp"}
    assert registered == {
        "register": "true", "caller-id-in-from": "true", "proxy": "192.0.2.7", "username": "acme", "password": "s3cret&(x)",
        "extension": "auto_to_user",
    }  # fmt: skip
    internal = root.find(".//profile[@name='internal']")
    assert internal is not None
    assert not list(internal.iter("gateway"))


def test_a_password_is_not_in_what_a_gateway_prints() -> None:
    assert "s3cret" not in repr(SofiaGateway(name="carrier", password="s3cret"))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a b"}, {"name": "$${x}"}, {"name": ""}, {"proxy": "x y"}, {"proxy": "$${local_ip_v4}"}, {"proxy": "a;fs_path=b"},
        {"username": "a b"}, {"username": "${x}"}, {"password": "a$b"}, {"password": "a b"}, {"password": "<x>"}, {"password": "ü"},
        {"password": "X-PRE-PROCESS"}, {"password": "x" * 129}, {"proxy": "host\n"},
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(UnsafeTextError):
        sofia(SofiaGateway(**({"name": "carrier"} | fields)))


@given(name=st.text(max_size=20), proxy=st.text(max_size=20), username=st.text(max_size=20), password=st.text(max_size=20))
def test_whatever_a_gateway_is_made_of(name: str, proxy: str, username: str, password: str) -> None:
    gateway = SofiaGateway(name=name, proxy=proxy, username=username, password=password)
    try:
        body = serialise(sofia_document(Listening(), (DOMAIN,), [gateway]))
    except UnsafeTextError:
        return
    assert b"$" not in body
    assert len(list(fromstring(body).iter("gateway"))) == 1


def test_carriers_are_let_in_and_nobody_else() -> None:
    root = fromstring(serialise(acl_document(["192.0.2.0/24", "2001:db8::/32"], ["198.51.100.7/32"])))
    lists = {found.get("name"): found for found in root.iter("list")}
    assert {name: found.get("default") for name, found in lists.items()} == {
        "carriers": "deny", "domains": "deny", "phones": "allow",
    }  # fmt: skip
    assert [(node.get("type"), node.get("cidr")) for node in lists["carriers"]] == [
        ("allow", "192.0.2.0/24"), ("allow", "2001:db8::/32"),
    ]  # fmt: skip
    assert [(node.get("type"), node.get("cidr")) for node in lists["phones"]] == [("deny", "198.51.100.7/32")]
    assert not list(lists["domains"])


def test_who_is_banned_is_denied_up_to_what_a_document_holds() -> None:
    root = fromstring(serialise(acl_document([], [f"203.{place // 250}.{place % 250}.0/24" for place in range(10_100)])))
    (phones,) = (found for found in root.iter("list") if found.get("name") == "phones")
    assert len(phones) == 10_000
    assert {node.get("type") for node in phones} == {"deny"}


@pytest.mark.parametrize("network", ["203.0.113.9", "x", "", "203.0.113.0/24 x", "${x}", '"/><x'])
def test_what_is_no_network_is_not_banned(network: str) -> None:
    with pytest.raises(UnsafeTextError):
        acl_document([], [network])


@pytest.mark.parametrize("network", ["", "192.0.2.1", "all", "192.0.2.0/24 ", "$${x}/8"])
def test_what_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(UnsafeTextError):
        acl_document([network])
