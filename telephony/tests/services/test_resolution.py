"""From what a record says to our own rows."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from telephony.models import Call, CallLink, Extension, Gateway, Number, Provider
from telephony.tests.captures import posts_of

pytestmark = pytest.mark.django_db


def post_with(post_cdr: Callable, scenario: str, index: int, **variables: Any) -> Call:
    body = json.loads(posts_of(scenario)[index].body)
    body["variables"] |= variables
    body["variables"] = {name: value for name, value in body["variables"].items() if value is not None}
    assert post_cdr(json.dumps(body).encode()).status_code == 200
    return Call.objects.get()


def test_the_portals_own_ids_outweigh_what_else_is_said(post_cdr: Callable, hold: Callable, make_person: Callable) -> None:
    payer = hold(make_person("payer"), "1009", "12025550143")
    call = post_with(
        post_cdr, "outbound-answered", 2,
        portal_extension_id=str(payer.extension_id), portal_number_id=str(payer.number_id),
    )  # fmt: skip
    assert (call.caller_extension, call.caller_user, call.number) == (payer.extension, payer.user, payer.number)


def test_ids_that_are_nobodys_fall_back_to_the_phone_that_proved_itself(
    post_cdr: Callable, hold: Callable, make_person: Callable
) -> None:
    held = hold(make_person("anna"), "1006")
    call = post_with(
        post_cdr, "outbound-answered", 2, portal_extension_id="999999", portal_number_id="999999", portal_call_link="5"
    )
    assert (call.caller_extension, call.number, call.call_link) == (held.extension, None, None)


def test_a_call_that_reached_no_phone_is_for_the_holder_of_the_number(
    post_cdr: Callable, hold: Callable, make_person: Callable
) -> None:
    held = hold(make_person("anna"), "1006", "17036879447")
    call = post_with(post_cdr, "inbound-answered", 1, dialed_user=None, dialed_domain=None)
    assert (call.callee_extension, call.callee_user, call.caller_user) == (held.extension, held.user, None)


def test_a_number_that_nobody_holds(post_cdr: Callable, hold: Callable) -> None:
    Number.objects.create(number="17036879447", provider=Provider.objects.create(name="Acme"))
    call = post_with(post_cdr, "inbound-answered", 1, dialed_user=None, dialed_domain=None)
    assert (call.callee_extension, call.callee_user) == (None, None)
    assert (call.number.number, call.provider.name) == ("17036879447", "Acme")


def test_a_call_belongs_to_who_held_the_extension_when_it_began(
    post_cdr: Callable, hold: Callable, make_person: Callable
) -> None:
    former, later = make_person("former"), make_person("later")
    began = timezone.datetime(2026, 11, 23, 12, 48, 18, tzinfo=timezone.get_default_timezone())
    hold(former, "1006", ends_at=began + timedelta(minutes=1))
    hold(later, "1006", starts_at=began + timedelta(minutes=1))
    call = post_with(post_cdr, "outbound-answered", 2)
    assert call.caller_user == former
    assert list(Call.objects.visible_to(former)) == [call]
    assert not Call.objects.visible_to(later).exists()


def test_the_gateway_tells_the_provider_where_no_number_does(post_cdr: Callable) -> None:
    provider = Provider.objects.create(name="Acme")
    Gateway.objects.update(provider=provider)
    for post in posts_of("outbound-answered"):
        post_cdr(post)
    assert Call.objects.get().provider == provider


def test_whom_a_link_was_to_reach_stands_in_the_link(post_cdr: Callable, make_person: Callable) -> None:
    link = CallLink.objects.create(
        user=make_person("anna"), source_number="1005", destination_number="12403019517",
        call_uuid="11111111-2222-4333-8444-555555555552", destination_leg_uuid="11111111-2222-4333-8444-555555555562",
        job_uuid="11111111-2222-4333-8444-555555555572", expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    call = post_with(post_cdr, "call-link-source-no-answer", 0, portal_call_link=str(link.pk))
    assert (call.caller_number, call.callee_number, call.call_link) == ("1005", "12403019517", link)


def test_recordingurl_prints_an_address_that_works(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("recordingurl", "3e6bc8f5-181d-4c52-9d6d-46965011989d")
    url = capsys.readouterr().out.strip()
    assert url.startswith("http://127.0.0.1:8000/freeswitch/recordings/3e6bc8f5")
    assert client.put(url.removeprefix("http://127.0.0.1:8000"), b"x", content_type="audio/wav").status_code == 422
    for wrong in (["a b"], ["../x"], ["x", "--hours", "0"], ["x", "--hours", "9999"]):
        with pytest.raises(CommandError):
            call_command("recordingurl", *wrong)


def test_an_unknown_extension_has_no_owner(post_cdr: Callable) -> None:
    call = post_with(post_cdr, "local-no-route", 0)
    assert call.caller_user is None
    assert not Extension.objects.exists()
    assert not Call.objects.visible_to(User.objects.create_user("x")).exists()
