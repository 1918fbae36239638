"""What the doctor asks a switch: of one grammar each; and how answers of a real one are read."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.switch import questions
from telephony.switch.commands import Command, RecordingTarget
from telephony.switch.errors import SwitchError, UnsafeCommandError

LEG = UUID("d0c7c307-8df9-4c9c-8ad5-96d67eee9f01")
TARGET = RecordingTarget(url="https://portal.example.com/freeswitch/recordings/x/1/ab.wav", file="/rec/x.wav")
HOSTILE = ["", " ", "a b", "a\n", "a\nauth x", "${system id}", "x&y", "x|y", "x,y", "{x}", "'", "١٢", "a;b"]

STATUS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<profiles>
<profile>
<name>external</name>
<type>profile</type>
<data>sip:mod_sofia@127.0.0.1:22084</data>
<state>RUNNING (0)</state>
</profile>
<profile>
<name>external</name>
<type>profile</type>
<data>sip:mod_sofia@127.0.0.1:22085</data>
<state>RUNNING (0) (TLS)</state>
</profile>
<gateway>
<name>carrier</name>
<type>gateway</type>
<data>sip:FreeSWITCH@carrier</data>
<state>NOREG</state>
</gateway>
</profiles>
"""
GATEWAYS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<gateways>
  <gateway>
    <name>carrier</name>
    <profile>external</profile>
    <password>no</password>
    <from>&lt;sip:FreeSWITCH@carrier&gt;</from>
    <state>NOREG</state>
    <status>UP</status>
  </gateway>
</gateways>
"""
XML_CURL = """<configuration name="xml_curl.conf">
    <bindings>
        <binding name="portal">
            <param name="gateway-url" value="http://127.0.0.1:22000/freeswitch/xml" bindings="directory|dialplan"></param>

            <param name="timeout" value="5"></param>

    </binding>

  </bindings>

</configuration>
"""


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (questions.AskTime(), "strepoch"),
        (questions.AskModule("mod_hash"), "module_exists mod_hash"),
        (questions.AskProfiles(), "sofia xmlstatus"),
        (questions.AskGateways(), "sofia xmlstatus gateway"),
        (
            questions.AskDirectory(f"doctor-{LEG}", "pbx.example.com", "portal_doctor"),
            f"user_data doctor-{LEG}@pbx.example.com var portal_doctor",
        ),
        (questions.AskConfiguration("xml_curl"), "xml_locate configuration configuration name xml_curl.conf"),
        (questions.AskPlans("internal"), "xml_locate dialplan context name internal"),
        (questions.AskUsers("10.0.0.5"), "xml_locate directory domain name 10.0.0.5"),
        (questions.AskList("2001:db8::7", "carriers"), "acl 2001:db8::7 carriers"),
        (questions.Fetch(f"https://[::1]:8000/healthz?probe={LEG}"), f"http_get https://[::1]:8000/healthz?probe={LEG}"),
        (
            questions.CallNobody(LEG),
            f"originate {{origination_uuid={LEG}}}null/doctor &playback(tone_stream://%(400,0,440))",
        ),
        (
            questions.CallNobody(LEG, TARGET),
            f"originate {{origination_uuid={LEG},record_post_process_exec_api='bgapi:http_put {TARGET.url} {TARGET.file}',"
            f"execute_on_answer='record_session {TARGET.file}'}}null/doctor &playback(tone_stream://%(400,0,440))",
        ),
        (questions.CallPlan(LEG, "internal"), f"originate {{origination_uuid={LEG}}}null/doctor 0000 XML internal"),
    ],
)
def test_each_question_is_one_line(command: Command, text: str) -> None:
    assert command.text == text


def _made(value: Any) -> list[Any]:
    return [
        lambda: questions.AskModule(value),
        lambda: questions.AskDirectory(value, "pbx.example.com", "v"),
        lambda: questions.AskDirectory("u", value, "v"),
        lambda: questions.AskDirectory("u", "pbx.example.com", value),
        lambda: questions.AskConfiguration(value),
        lambda: questions.AskPlans(value),
        lambda: questions.AskUsers(value),
        lambda: questions.AskList(value, "carriers"),
        lambda: questions.AskList("10.0.0.1", value),
        lambda: questions.Fetch(f"http://portal/{value}"),
        lambda: questions.CallPlan(LEG, value),
        lambda: questions.CallPlan(value, "internal"),
        lambda: questions.CallNobody(value),
    ]


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_that_does_not_fit_is_sent(value: str) -> None:
    for make in _made(value):
        with pytest.raises(UnsafeCommandError):
            make()


@given(value=st.text(max_size=12))
def test_whatever_is_put_in_is_one_line(value: str) -> None:
    for make in _made(value):
        try:
            text = make().text
        except UnsafeCommandError:
            continue
        assert text.isascii()
        assert text.isprintable()


def test_states_as_a_real_switch_tells_them() -> None:
    assert questions.profile_states(STATUS) == {"external": ["RUNNING (0)", "RUNNING (0) (TLS)"]}
    assert questions.gateway_states(GATEWAYS) == {"carrier": questions.GatewayState("NOREG", "UP")}
    assert questions.params_of(XML_CURL) == {"gateway-url": "http://127.0.0.1:22000/freeswitch/xml", "timeout": "5"}
    assert questions.version_of("FreeSWITCH Version 1.11.1-release~64bit ( 64bit)\n") == (1, 11)
    assert questions.time_of("1795644596\n") == 1795644596


def test_nothing_located() -> None:
    assert questions.located("can't find anything\n") is None
    assert questions.located("\n") is None
    assert questions.params_of("can't find anything\n") == {}


@pytest.mark.parametrize(
    ("read", "reply"),
    [
        (questions.version_of, "Asterisk 20"),
        (questions.time_of, "soon"),
        (questions.time_of, "-1"),
        (questions.time_of, "١٢٣"),
        (questions.profile_states, "Profile not found"),
        (questions.gateway_states, '<!DOCTYPE x [<!ENTITY a "b">]><gateways>&a;</gateways>'),
        (questions.located, "<context"),
        (questions.params_of, "-ERR"),
    ],
)
def test_answers_that_are_none(read: Any, reply: str) -> None:
    with pytest.raises(SwitchError):
        read(reply)
