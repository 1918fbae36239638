"""The files of a switch's own: hardened, whole, deterministic, and closed wherever the portal does not answer."""

import dataclasses
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from telephony.switch.configuration import Listening, SofiaGateway
from telephony.switch.documents import UnsafeTextError
from telephony.switch.own_files import MODULES, EventSocketAccess, OwnFiles, PortalAccess, SwitchFolders

OWN = OwnFiles(
    name="fs1",
    portal=PortalAccess(url="https://portal.example.com", user="switch", password="canary-http"),
    event_socket=EventSocketAccess(address="127.0.0.1", port=8021, password="canary-esl", networks=["127.0.0.0/8"]),
    folders=SwitchFolders(log="/v/log", database="/v/db", records="/v/cdr", cache="/v/cache"),
    listening=Listening(address="192.0.2.5", public_address="203.0.113.5"),
    domains=["pbx.example.com"],
    gateways=[SofiaGateway(name="carrier", proxy="sip.example.net", username="acme", password="canary-carrier")],
    carriers=["198.51.100.0/24"],
)


def files(**changes: Any) -> dict[str, bytes]:
    return dataclasses.replace(OWN, **changes).documents()


def configuration(name: str, **changes: Any) -> Element:
    return fromstring(files(**changes)[f"autoload_configs/{name}.conf.xml"])


def params(found: Element) -> dict[str, str]:
    return {param.get("name", ""): param.get("value", "") for param in found.iter("param")}


def test_each_file_that_the_switch_reads() -> None:
    names = ("acl", "console", "event_socket", "http_cache", "json_cdr", "logfile", "modules", "opus", "post_load_modules")
    names += ("sofia", "switch", "timezones", "xml_curl")
    assert list(files()) == [*(f"autoload_configs/{name}.conf.xml" for name in names), "dialplan/closed.xml", "freeswitch.xml"]
    assert "autoload_configs/syslog.conf.xml" in files(writes_syslog=True)


def test_the_root_names_each_of_them_and_nothing_else() -> None:
    made = files()
    root = fromstring(made["freeswitch.xml"])
    assert root.get("type") == "freeswitch/xml"
    included = list(root.iter("X-PRE-PROCESS"))
    assert {found.get("cmd") for found in included} == {"include"}
    assert sorted(str(found.get("data")) for found in included) == sorted(made.keys() - {"freeswitch.xml"})
    assert [found.get("name") for found in root.iter("section")] == ["configuration", "dialplan", "directory", "channels"]
    assert list(root.find("section[@name='directory']") or []) == [], "no user on the disk: else it would be let in"


def test_the_preprocessor_finds_nothing_to_act_on() -> None:
    for path, content in files().items():
        assert b"$" not in content, path
        assert b"<?" not in content, path
        assert b"exec" not in content, path
        if path != "freeswitch.xml":
            assert b"x-pre-process" not in content.lower(), path


def test_every_plan_on_the_disk_ends_the_call() -> None:
    root = fromstring(files()["dialplan/closed.xml"])
    contexts = {found.get("name"): found for found in root.iter("context")}
    assert contexts.keys() >= {"internal", "public", "portal", "default"}
    for found in contexts.values():
        assert [(action.get("application"), action.get("data")) for action in found.iter("action")] == [
            ("hangup", "NORMAL_TEMPORARY_FAILURE")
        ]
        assert [condition.attrib for condition in found.iter("condition")] == [{}], "matches whatever is dialled"


def test_the_portal_is_asked_for_everything_with_a_limit_of_time() -> None:
    found = configuration("xml_curl")
    url = found.find(".//param[@name='gateway-url']")
    assert url is not None
    assert url.get("bindings") == "directory|dialplan|channels|configuration"
    assert params(found) == {
        "gateway-url": "https://portal.example.com/freeswitch/xml", "gateway-credentials": "switch:canary-http",
        "auth-scheme": "basic", "method": "POST", "timeout": "5", "enable-cacert-check": "true", "enable-ssl-verifyhost": "true",
    }  # fmt: skip


def test_records_are_posted_by_the_calls_own_thread_and_spilled() -> None:
    assert params(configuration("json_cdr")) == {
        "url": "https://portal.example.com/freeswitch/cdr", "cred": "switch:canary-http", "auth-scheme": "basic",
        "log-b-leg": "true", "prefix-a-leg": "false", "encode": "false", "encode-values": "false",
        "timeout": "3", "retries": "1", "delay": "1", "log-errors-to-disk": "true", "log-http-and-disk": "false",
        "log-dir": "/v/cdr", "err-log-dir": "/v/cdr", "enable-cacert-check": "true", "enable-ssl-verifyhost": "true",
    }  # fmt: skip
    assert params(configuration("json_cdr", logs_every_record=True))["log-http-and-disk"] == "true"


def test_without_tls_there_is_no_certificate_to_check() -> None:
    plain = dataclasses.replace(OWN.portal, url="http://127.0.0.1:8000")
    for name in ("xml_curl", "json_cdr"):
        assert not {"enable-cacert-check", "enable-ssl-verifyhost"} & params(configuration(name, portal=plain)).keys()


def test_authorities_of_ones_own() -> None:
    private = dataclasses.replace(OWN.portal, authorities="/etc/portal/ca.pem")
    for name, param in (("xml_curl", "ssl-cacert-file"), ("json_cdr", "ssl-cacert-file"), ("http_cache", "ssl-cacert")):
        assert params(configuration(name, portal=private))[param] == "/etc/portal/ca.pem"
    # The module would look for a file that nobody has, and every recording would stay where it is.
    assert params(configuration("http_cache"))["ssl-cacert"] == "/etc/ssl/certs/ca-certificates.crt"


def test_the_event_socket_is_for_the_portal_only() -> None:
    assert params(configuration("event_socket")) == {
        "nat-map": "false", "listen-ip": "127.0.0.1", "listen-port": "8021", "password": "canary-esl",
        "apply-inbound-acl": "127.0.0.0/8", "stop-on-bind-error": "true",
    }  # fmt: skip
    several = dataclasses.replace(OWN.event_socket, networks=["10.0.0.0/24", "2001:db8::7/128"])
    acls = [
        found.get("value")
        for found in configuration("event_socket", event_socket=several).iter("param")
        if found.get("name") == "apply-inbound-acl"
    ]
    assert acls == ["10.0.0.0/24,2001:db8::7/128"], "of several params each would have to let the portal in"


def test_both_profiles_are_hardened_while_the_portal_is_away_too() -> None:
    found = configuration("sofia")
    profiles = {profile.get("name"): params(profile) for profile in found.iter("profile")}
    for profile in profiles.values():
        assert profile.items() >= {
            "inbound-reg-force-matching-username": "true", "accept-blind-auth": "false", "accept-blind-reg": "false",
            "rtp-timeout-sec": "300", "sip-ip": "192.0.2.5", "ext-rtp-ip": "203.0.113.5",
        }.items()  # fmt: skip
    assert profiles["internal"].items() >= {"auth-calls": "true", "multiple-registrations": "contact"}.items()
    assert profiles["external"].items() >= {"auth-calls": "false", "apply-inbound-acl": "carriers"}.items()
    assert profiles["external"].items() >= {"caller-id-in-from": "true", "password": "canary-carrier"}.items()
    lists = {found.get("name"): found.get("default") for found in configuration("acl").iter("list")}
    assert lists["carriers"] == "deny"


def test_tls_is_one_port_above() -> None:
    listening = Listening(tls_folder="/etc/portal/tls")
    profiles = {found.get("name"): params(found) for found in configuration("sofia", listening=listening).iter("profile")}
    for name, port in (("internal", "5061"), ("external", "5081")):
        assert profiles[name].items() >= {
            "tls": "true", "tls-sip-port": port, "tls-cert-dir": "/etc/portal/tls", "tls-version": "tlsv1.2,tlsv1.3",
        }.items()  # fmt: skip
    assert "tls" not in params(configuration("sofia"))


@pytest.mark.parametrize(
    "listening",
    [
        Listening(internal_port=5060, external_port=5060),
        Listening(internal_port=5060, external_port=5061, tls_folder="/t"),
        Listening(internal_port=5081, external_port=5080, tls_folder="/t"),
    ],
)
def test_two_profiles_on_one_port_are_refused(listening: Listening) -> None:
    with pytest.raises(UnsafeTextError, match="different"):
        files(listening=listening)


def test_what_asks_the_portal_is_loaded_before_what_is_answered() -> None:
    loaded = [found.get("module") for found in configuration("modules").iter("load")]
    assert loaded == list(MODULES)
    assert loaded.index("mod_xml_curl") < loaded.index("mod_sofia")
    assert {"mod_hash", "mod_http_cache", "mod_sndfile", "mod_tone_stream", "mod_loopback"} <= set(loaded)
    assert "mod_syslog" in [found.get("module") for found in configuration("modules", writes_syslog=True).iter("load")]


def test_the_core() -> None:
    found = params(configuration("switch", first_rtp_port=20000, last_rtp_port=20100, most_sessions=50))
    assert found.items() >= {
        "switchname": "fs1", "rtp-start-port": "20000", "rtp-end-port": "20100", "max-sessions": "50",
        "core-db-name": "/v/db/core.db",
    }.items()  # fmt: skip


def test_the_log_has_no_debugging_in_it() -> None:
    found = configuration("logfile")
    assert [each.get("value") for each in found.iter("map")] == ["info,notice,warning,err,crit,alert"]
    assert params(found)["logfile"] == "/v/log/freeswitch.log"


def test_the_same_values_make_the_same_bytes() -> None:
    assert files() == files()


def test_passwords_stand_in_few_places_and_in_no_repr() -> None:
    holding = {path for path, content in files().items() if b"canary" in content}
    assert holding == {f"autoload_configs/{name}.conf.xml" for name in ("event_socket", "json_cdr", "sofia", "xml_curl")}
    assert "canary" not in repr(OWN)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "a b"}, {"name": "$${x}"}, {"name": ""}, {"name": "-x"},
        {"first_rtp_port": 80}, {"first_rtp_port": 30000, "last_rtp_port": 30000}, {"last_rtp_port": 70000},
        {"most_sessions": 0}, {"sessions_per_second": -1},
        {"portal": dataclasses.replace(OWN.portal, url="https://portal/$${x}")},
        {"portal": dataclasses.replace(OWN.portal, url="ftp://portal")},
        {"portal": dataclasses.replace(OWN.portal, url="https://portal?x=1")},
        {"portal": dataclasses.replace(OWN.portal, password="a$b")},
        {"portal": dataclasses.replace(OWN.portal, password="a b")},
        {"portal": dataclasses.replace(OWN.portal, user="a:b")},
        {"portal": dataclasses.replace(OWN.portal, authorities="ca.pem")},
        {"event_socket": dataclasses.replace(OWN.event_socket, password="a<b")},
        {"event_socket": dataclasses.replace(OWN.event_socket, networks=[])},
        {"event_socket": dataclasses.replace(OWN.event_socket, networks=["any"])},
        {"event_socket": dataclasses.replace(OWN.event_socket, address="localhost")},
        {"folders": dataclasses.replace(OWN.folders, log="log")},
        {"folders": dataclasses.replace(OWN.folders, records="/v/../etc")},
        {"folders": dataclasses.replace(OWN.folders, cache="/v/$${base_dir}")},
        {"listening": Listening(tls_folder="tls")},
        {"gateways": [SofiaGateway(name="$${x}")]},
        {"carriers": ["everybody"]},
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnsafeTextError) as error:
        files(**change)
    assert "canary" not in str(error.value)


@given(text=st.text(max_size=30))
def test_whatever_a_switch_is_called(text: str) -> None:
    try:
        made = files(name=text, portal=dataclasses.replace(OWN.portal, password=text, user=text))
    except UnsafeTextError:
        return
    assert all(b"$" not in content for content in made.values())
    assert params(fromstring(made["autoload_configs/switch.conf.xml"]))["switchname"] == text
