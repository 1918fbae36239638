"""Probes: known by their signature, noted wherever they arrive, and nothing else is left of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, override_settings

from telephony.models import Call, Leg, Quarantine, Recording
from telephony.services import probes
from telephony.services.probes import Hop
from telephony.services.recordings import INCOMING, upload_path
from telephony.tests.captures import DATA, posts_of
from telephony.tests.sweeps.sweeping import files_in, put, run
from telephony.tests.xml_answers import is_not_found, read

pytestmark = pytest.mark.django_db

AUDIO = (DATA / "local-answered" / "3e6bc8f5-181d-4c52-9d6d-46965011989d.wav").read_bytes()
Asker = Callable[..., HttpResponse]


def record_of(uuid: UUID, **variables: str) -> bytes:
    """A record of a real switch, of another leg."""
    record = json.loads(posts_of("local-no-route")[0].body)
    record["variables"] |= {"uuid": str(uuid), "call_uuid": str(uuid), "record_ms": "400"} | variables
    for entry in record["callflow"]:
        entry["caller_profile"]["uuid"] = str(uuid)
    return json.dumps(record).encode()


def test_only_ours_are_probes() -> None:
    probe = probes.new_probe()
    assert probe.version == 4
    assert probes.is_probe(str(probe))
    assert probes.probe_of_user(probes.user_of(probe)) == str(probe)
    with override_settings(SECRET_KEY="another-secret-key-of-another-portal-0000000"):
        assert not probes.is_probe(str(probe))
        assert probes.answer_to(str(probe)) != probes.answer_to(str(probes.new_probe()))
    last = f"{probe}"[:-1]
    changed = [f"{last}{digit}" for digit in "0123456789abcdef"]
    assert sum(map(probes.is_probe, changed)) == 1


@pytest.mark.parametrize(
    "text", ["", "d0c7", "1546d282-1981-4031-84b3-2be65916c202", "d0c70000-0000-4000-8000-000000000001", "d0c7é", "d0c7" * 100]
)
def test_nothing_else_is(text: str) -> None:
    assert not probes.is_probe(text)
    assert probes.probe_of_user(f"doctor-{text}") == ""
    assert probes.probe_of_user(text) == ""


def test_a_probe_without_its_prefix_is_a_user_like_any_other() -> None:
    assert probes.probe_of_user(str(probes.new_probe())) == ""


# -- the switch asks -------------------------------------------------------------------------------------------------------


def test_a_question_is_noted_and_answered_as_only_this_portal_can(ask: Asker) -> None:
    probe = probes.new_probe()
    assert probes.noted(probe, Hop.QUESTION) is None
    user = probes.user_of(probe)
    root = read(ask(user=user, domain="pbx.example.com", type="var", **{"FreeSWITCH-Switchname": "fs2"}))
    assert root.find(".//variable[@name='portal_doctor']").get("value") == probes.answer_to(str(probe))
    assert probes.noted(probe, Hop.QUESTION) == {"switchname": "fs2"}


@pytest.mark.parametrize("action", ["sip_auth", "user_call", "", "event_socket_auth"])
def test_nobody_comes_in_as_a_probe(ask: Asker, action: str) -> None:
    root = read(ask(user=probes.user_of(probes.new_probe()), domain="pbx.example.com", action=action))
    params = {found.get("name"): found.get("value") for found in root.iter("param")}
    assert params["sip-forbid-register"] == "true"
    assert len(params["a1-hash"]) == 32
    assert "dial-string" not in params


def test_a_forged_probe_is_an_unknown_user(ask: Asker) -> None:
    forged = "doctor-d0c70000-0000-4000-8000-000000000001"
    assert is_not_found(read(ask(user=forged, domain="pbx.example.com")))
    assert b"portal_doctor" not in ask(user=forged, domain="pbx.example.com", action="sip_auth").content


# -- the switch reports ----------------------------------------------------------------------------------------------------


def test_a_record_is_noted_and_is_no_call(post_cdr: Callable[..., HttpResponse]) -> None:
    probe = probes.new_probe()
    response = post_cdr(record_of(probe))
    assert (response.status_code, response.json()) == (200, {"result": "probe"})
    noted = probes.noted(probe, Hop.RECORD)
    assert noted is not None
    assert (noted["hangup_cause"], noted["record_ms"]) == ("NO_ROUTE_DESTINATION", 400)
    assert not Call.objects.exists()
    assert not Leg.objects.exists()
    assert not Quarantine.objects.exists()


def test_a_record_that_only_looks_like_one_is_a_call(post_cdr: Callable[..., HttpResponse]) -> None:
    assert post_cdr(record_of(UUID("d0c70000-0000-4000-8000-000000000001"))).json() == {"result": "stored"}
    assert Call.objects.count() == 1


def test_a_spilled_record_of_a_probe_is_swept_away(tmp_path: Path) -> None:
    probe = probes.new_probe()
    put(tmp_path, f"{probe}.cdr.json", record_of(probe))
    assert run("importcdrs", tmp_path, "--delete") == (0, "0 taken in, 1 known already", "")
    assert files_in(tmp_path) == []
    assert not Call.objects.exists()


# -- the switch uploads ----------------------------------------------------------------------------------------------------


def upload(client: Client, probe: UUID, body: bytes = AUDIO, path: str = "") -> Any:
    return client.generic("PUT", path or upload_path(str(probe)), body, content_type="audio/x-wav")


def test_a_recording_is_looked_at_and_not_kept(client: Client) -> None:
    probe = probes.new_probe()
    response = upload(client, probe)
    assert (response.status_code, response.json()) == (201, {"result": "probe"})
    assert probes.noted(probe, Hop.RECORDING) == {"bytes": len(AUDIO), "fault": ""}
    assert not Recording.objects.exists()
    assert list((settings.RECORDINGS_ROOT / INCOMING).iterdir()) == []


def test_a_recording_that_is_none(client: Client) -> None:
    probe = probes.new_probe()
    assert upload(client, probe, b"no audio").status_code == 422
    noted = probes.noted(probe, Hop.RECORDING)
    assert noted is not None
    assert "WAV" in noted["fault"]


def test_a_storage_that_takes_nothing(client: Client, tmp_path: Path) -> None:
    probe = probes.new_probe()
    (tmp_path / "file").write_text("")
    with override_settings(RECORDINGS_ROOT=tmp_path / "file"):
        assert upload(client, probe).status_code == 422
    noted = probes.noted(probe, Hop.RECORDING)
    assert noted is not None
    assert "cannot write" in noted["fault"]


def test_an_upload_needs_its_signature_all_the_same(client: Client) -> None:
    probe = probes.new_probe()
    path = upload_path(str(probe)).replace(str(probe), str(probes.new_probe()))
    assert upload(client, probe, path=path).status_code == 403
    assert probes.noted(probe, Hop.RECORDING) is None


def test_the_recording_of_a_probe_is_swept_away(tmp_path: Path) -> None:
    put(tmp_path, f"{probes.new_probe()}.wav", AUDIO)
    assert run("importrecordings", tmp_path) == (0, "0 taken in, 1 removed", "")
    assert files_in(tmp_path) == []
    assert not Recording.objects.exists()


# -- who is refused --------------------------------------------------------------------------------------------------------


def test_refusals_are_noted_while_somebody_wants_to_know(client: Client) -> None:
    assert client.post("/freeswitch/xml", headers={"authorization": "Basic eDp5"}).status_code == 401
    assert probes.refusal_at(Hop.QUESTION) is None
    with probes.attending(Hop.QUESTION):
        assert client.post("/freeswitch/xml", headers={"authorization": "Basic eDp5"}).status_code == 401
        assert probes.refusal_at(Hop.QUESTION) == {"code": "invalid_credentials", "address": "127.0.0.1"}
        assert probes.refusal_at(Hop.RECORD) is None
        assert client.post("/freeswitch/cdr", REMOTE_ADDR="203.0.113.9").status_code == 403
        assert probes.refusal_at(Hop.RECORD) == {"code": "network_not_allowed", "address": "203.0.113.9"}
    with probes.attending(Hop.QUESTION):
        assert probes.refusal_at(Hop.QUESTION) is None, "of before"


def test_a_cache_that_is_away_refuses_all_the_same(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(key: str) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(probes.cache, "get", away)
    assert client.post("/freeswitch/cdr", REMOTE_ADDR="203.0.113.9").status_code == 403
