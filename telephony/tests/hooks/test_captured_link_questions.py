"""What a real switch asked when a call link's source had answered, and when somebody dialled in."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.utils import timezone

from telephony.models import Assignment, CallLink, Switch
from telephony.services.cell_phones import register_cell_phone
from telephony.tests.captures import question_of
from telephony.tests.plans import actions, bridges, variables
from telephony.tests.xml_answers import read

pytestmark = pytest.mark.django_db

SOURCE, OTHER = "61f8d31c-0100-4e1c-b9e4-1ab66681aced", "0a41a18d-328a-45b1-ab4d-e5c64e87a119"
CALLER = "41d285bd-7517-4058-bb76-2d0341650cef"


def make_link(held: Assignment, **fields: object) -> CallLink:
    usual = {
        "user": held.user, "extension": held.extension, "number": held.number, "source_number": "1006",
        "destination_number": "12403019511", "call_uuid": uuid4(), "destination_leg_uuid": uuid4(), "job_uuid": uuid4(),
        "expires_at": timezone.now() + timedelta(minutes=5),
    }  # fmt: skip
    return CallLink.objects.create(**usual | fields)


def test_the_plan_of_a_link(ask: Callable[..., HttpResponse], ann: Assignment) -> None:
    link = make_link(ann, pk=10, call_uuid=SOURCE, destination_leg_uuid=OTHER, sent_at=timezone.now(), status="ringing_source")
    found = actions(read(ask(question_of("call-link-plan/01-plan.http").body)), "portal")
    assert re.fullmatch(rf"\{{origination_uuid={OTHER},.*\}}sofia/gateway/carrier/12403019511", bridges(found)[0])
    link.refresh_from_db()
    assert (link.status, link.planned_at is not None) == ("source_answered", True)


def test_the_plan_of_who_dials_in(ask: Callable[..., HttpResponse], ann: Assignment) -> None:
    register_cell_phone(ann.user, "12762087784")
    Switch.objects.create(name="fs1")
    link = make_link(ann, mode="dial_in", source_number="12762087784")
    question = question_of("dial-in-plan/01-plan.http").body
    found = actions(read(ask(question)), "public")
    assert bridges(found)[0].endswith("}sofia/gateway/carrier/12403019511")
    given = variables(found)
    assert (given["call_direction"], given["portal_call_link"]) == ("outbound", str(link.pk))
    assert "transfer_ringback" not in given, "the caller has not been answered yet"
    assert ("set", f"portal_party={ann.extension_id}") not in found, (
        "a caller's number can be forged: no phone of hers is on it"
    )
    assert ("limit", f"hash portal_user {ann.user_id} 2 !CALL_REJECTED") in found
    link.refresh_from_db()
    assert (str(link.call_uuid), str(link.switch)) == (CALLER, "fs1")
    # The next call is an ordinary one.
    assert bridges(actions(read(ask(question)), "public")) == ["user/1006@pbx.example.com"]
