"""Call links on the console: the list, one of them, the form that places one, and hanging it up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from telephony.models import Assignment, Call, CallLink, CellPhone, Extension
from telephony.models.holding import HoldingState
from telephony.switch.esl import SwitchAddress
from telephony.tests.simulated_switch import originate_of, simulated
from web import read_only

pytestmark = pytest.mark.django_db

FORM = {"form_id": "f" * 22, "mode": "callback", "source": "extension", "destination_number": "2403019517"}


@pytest.fixture
def held(make_person: Callable[..., User], hold: Callable[..., Assignment], client: Client) -> Assignment:
    held = hold(make_person("anna"), "1006", "17036879447")
    client.force_login(held.user)
    return held


@pytest.fixture
def make_link(held: Assignment) -> Callable[..., CallLink]:
    def make(user: User | None = None, **fields: Any) -> CallLink:
        ended = {} if fields.get("status", "queued") in CallLink.OPEN else {"ended_at": timezone.now()}
        given = {"source_number": "1006", "destination_number": "12403019517", "number": held.number} | ended | fields
        return CallLink.objects.create(
            user=user or held.user, call_uuid=uuid4(), destination_leg_uuid=uuid4(), job_uuid=uuid4(),
            **({"expires_at": timezone.now() + timedelta(minutes=5)} | given),
        )  # fmt: skip

    return make


def make_call(link: CallLink) -> Call:
    now = timezone.now()
    return Call.objects.create(
        call_uuid=str(link.call_uuid), call_link=link, direction="outbound", caller_user=link.user, started_at=now, ended_at=now,
        hangup_cause="NO_ANSWER",
    )  # fmt: skip


def page(client: Client, path: str = "/call-links/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


# -- the list --------------------------------------------------------------------------------------------------------------


def test_the_list_says_what_became_of_each(client: Client, make_link: Callable[..., CallLink]) -> None:
    assert "No call links yet" in page(client)
    failed = make_link(status="failed", hangup_cause="USER_NOT_REGISTERED", sent_at=timezone.now())
    make_link(status="failed")
    make_link(status="expired", mode="dial_in")
    make_link(status="cancelled")
    call = make_call(failed)
    text = page(client)
    for said in (
        "Phone not registered", "The source was not connected: Phone not registered.",
        "The switch could not be reached: nobody was called.", "Nobody dialled in within its time.",
        "It was cancelled before anybody talked.", f'href="/calls/{call.pk}/"', "+1 240-301-9517", "Dial in",
    ):  # fmt: skip
        assert said in text
    assert ">By<" not in text


def test_the_list_is_ones_own_and_staff_see_everybodys_with_who(
    client: Client, make_link: Callable[..., CallLink], make_person: Callable[..., User]
) -> None:
    link = make_link(make_person("ben"), destination_number="12403019518")
    assert "No call links yet" in page(client)
    client.force_login(make_person("sam", Role.STAFF))
    text = page(client)
    assert "+1 240-301-9518" in text
    assert ">ben<" in text
    assert ">By<" in text
    assert f"/call-links/{link.pk}/cancel" not in page(client, f"/call-links/{link.pk}/"), "staff look on"


def test_its_filters(client: Client, make_link: Callable[..., CallLink], make_person: Callable[..., User]) -> None:
    make_link(destination_number="12403019511", status="failed")
    open_one = make_link(destination_number="12403019512")
    CallLink.objects.filter(pk=open_one.pk).update(created_at=timezone.now() - timedelta(days=3))
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    for query, shown, hidden in (
        ("state=failed", "9511", "9512"), ("state=under_way", "9512", "9511"), ("q=9512", "9512", "9511"),
        (f"after={day}", "9511", "9512"), (f"before={day}", "9512", "9511"),
    ):  # fmt: skip
        text = page(client, f"/call-links/?{query}")
        assert shown in text.partition("<table")[2], query
        assert hidden not in text.partition("<table")[2], query
    assert "Nothing matches" in page(client, "/call-links/?q=5550000")
    for wrong in ("state=x", "after=x", "q=anna", "q=%00"):
        assert 'role="alert"' in page(client, f"/call-links/?{wrong}"), wrong
    assert "9512" in page(client, "/call-links/?cursor=nonsense")
    client.force_login(make_person("sam", Role.STAFF))
    assert "9511" in page(client, "/call-links/?q=anna")
    assert "Nothing matches" in page(client, "/call-links/?q=nobody")


def test_its_pages(client: Client, make_link: Callable[..., CallLink]) -> None:
    for _ in range(51):
        make_link(status="cancelled")
    assert 'rel="next"' in page(client)
    assert 'rel="prev"' not in page(client)


def test_it_costs_the_same_for_one_row_and_for_twenty(client: Client, make_link: Callable[..., CallLink]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    make_call(make_link(status="cancelled"))
    queries()
    one = queries()
    for _ in range(19):
        make_call(make_link(status="cancelled"))
    assert queries() == one


def test_causes_are_text(client: Client, make_link: Callable[..., CallLink]) -> None:
    link = make_link(status="failed", hangup_cause="<script>alert(1)</script>", sent_at=timezone.now())
    for path in ("/call-links/", f"/call-links/{link.pk}/"):
        text = page(client, path)
        assert "alert(1)" in text
        assert "<script>alert" not in text


# -- one -------------------------------------------------------------------------------------------------------------------


def test_one_is_asked_for_until_its_call_is_known(client: Client, make_link: Callable[..., CallLink]) -> None:
    link = make_link(sent_at=timezone.now())
    path = f"/call-links/{link.pk}/state"
    text = page(client, path)
    assert 'hx-trigger="every 1s"' in text
    assert "Placing the call" in text
    seen = text.partition('hx-get="')[2].partition('"')[0]
    assert client.get(seen).status_code == 204, "nothing has changed"
    CallLink.objects.filter(pk=link.pk).update(status="completed", bridged_at=timezone.now(), ended_at=timezone.now())
    response = client.get(seen)
    assert response["HX-Trigger"] == "calls-changed"
    assert "They talked, and somebody hung up." in response.content.decode()
    assert "every 1s" in response.content.decode(), "its record is yet to come"
    call = make_call(link)
    text = page(client, path)
    assert "every 1s" not in text
    assert f'href="/calls/{call.pk}/"' in text
    assert f'href="/call-links/new?to={link.destination_number}"' in text


def test_one_of_which_no_record_comes_is_not_asked_for_for_ever(client: Client, make_link: Callable[..., CallLink]) -> None:
    link = make_link(status="failed", sent_at=timezone.now())
    assert "every 1s" in page(client, f"/call-links/{link.pk}/")
    CallLink.objects.filter(pk=link.pk).update(
        created_at=timezone.now() - timedelta(minutes=2), ended_at=timezone.now() - timedelta(minutes=1)
    )
    assert "every 1s" not in page(client, f"/call-links/{link.pk}/")


def test_anothers_is_not_there(client: Client, make_link: Callable[..., CallLink], make_person: Callable[..., User]) -> None:
    link = make_link()
    client.force_login(make_person("ben"))
    for path in (f"/call-links/{link.pk}/", f"/call-links/{link.pk}/state", "/call-links/999/"):
        assert client.get(path).status_code == 404
    assert client.post(f"/call-links/{link.pk}/cancel").status_code == 404
    client.force_login(make_person("sam", Role.STAFF))
    assert client.post(f"/call-links/{link.pk}/cancel").status_code == 404, "staff hang up on the page of live calls"
    link.refresh_from_db()
    assert link.is_open


def test_one_is_cancelled(client: Client, make_link: Callable[..., CallLink]) -> None:
    link = make_link(sent_at=None)
    assert "Cancel" in page(client, f"/call-links/{link.pk}/")
    response = client.post(f"/call-links/{link.pk}/cancel", follow=True)
    assert response.redirect_chain == [(f"/call-links/{link.pk}/", 302)]
    assert "Cancelled" in response.content.decode()
    assert AuditEntry.objects.get(action="call_link.cancelled").actor == link.user
    assert client.post(f"/call-links/{link.pk}/cancel").status_code == 302, "a second time is no error"
    assert client.get(f"/call-links/{link.pk}/cancel").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_while_the_switch_is_away_it_is_said_that_it_is_hung_up_later(
    client: Client, make_link: Callable[..., CallLink], settings: Any
) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    link = make_link(sent_at=timezone.now(), status="ringing_source")
    text = client.post(f"/call-links/{link.pk}/cancel", headers={"hx-request": "true"}).content.decode()
    assert "hung up as soon as it can be" in text
    text = client.post(f"/call-links/{link.pk}/cancel", follow=True).content.decode()
    assert "hung up as soon as it can be" in text
    assert "It is being hung up." in text


# -- placing one -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_is_placed_once_however_often_the_form_is_sent(client: Client, held: Assignment, settings: Any) -> None:
    with simulated(settings) as switch:
        response = client.post("/call-links/new", FORM)
        link = CallLink.objects.get()
        assert response["Location"] == f"/call-links/{link.pk}/"
        for _ in range(2):
            assert client.post("/call-links/new", FORM)["Location"] == f"/call-links/{link.pk}/"
        # The half minute in which the same pair is the same link is long over: it is the form that is the same.
        CallLink.objects.update(created_at=timezone.now() - timedelta(hours=1))
        assert client.post("/call-links/new", FORM)["Location"] == f"/call-links/{link.pk}/"
        assert "user/1006@pbx.example.com" in originate_of(switch)
        assert switch.end_calls(10)
    assert CallLink.objects.count() == 1
    assert AuditEntry.objects.filter(action="call_link.placed").count() == 1


def test_the_same_pair_again_is_the_same_call_and_that_is_said(client: Client, held: Assignment) -> None:
    again = FORM | {"form_id": "g" * 22}
    with mock.patch("telephony.services.call_links.placing.dial") as dialled:
        assert "nobody was called again" not in client.post("/call-links/new", FORM, follow=True).content.decode()
        assert "nobody was called again" in client.post("/call-links/new", again, follow=True).content.decode()
        text = client.post("/call-links/new", again, headers={"hx-request": "true"}).content.decode()
    assert "nobody was called again" in text
    assert dialled.call_count == 1
    assert CallLink.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "source", "mode"),
    [
        ({"source": "extension"}, "1006", "callback"),
        ({"source": "number"}, "17036879447", "callback"),
        ({"source": "cell_phone"}, "12762087784", "callback"),
        ({"source": "other", "other_number": "(202) 555-0143"}, "12025550143", "callback"),
        ({"mode": "dial_in", "timeout": "10"}, "12762087784", "dial_in"),
        ({"mode": "dial_in", "source": "other", "other_number": "x"}, "12762087784", "dial_in"),
    ],
)
def test_from_which_phone(client: Client, held: Assignment, fields: dict[str, str], source: str, mode: str) -> None:
    CellPhone.objects.create(user=held.user, number="12762087784")
    with mock.patch("telephony.services.call_links.placing.dial"):
        response = client.post("/call-links/new", FORM | fields)
    assert response.status_code == 302
    link = CallLink.objects.get()
    assert (link.source_number, link.destination_number, link.mode) == (source, "12403019517", mode)
    minutes = round((link.expires_at - link.created_at).total_seconds() / 60)
    assert mode == "callback" or minutes == int(fields.get("timeout", 5))


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"destination_number": ""}, "destination-error", "This field is required."),
        ({"destination_number": "abc"}, "destination-error", "Not a phone number"),
        ({"destination_number": "240\r\n301"}, "destination-error", "Not a phone number"),
        ({"destination_number": "9" * 41}, "destination-error", "at most 40 characters"),
        ({"destination_number": "55"}, "destination-error", "Not a phone number"),
        ({"destination_number": "911"}, "destination-error", "Emergency numbers"),
        ({"destination_number": "+1 876 555 1234"}, "destination-error", "may not be called"),
        ({"destination_number": "1006"}, "destination-error", "own phone"),
        ({"source": "other"}, "other-error", "Give the number that is rung first."),
        ({"source": "other", "other_number": "x,y"}, "other-error", "Not a phone number"),
        ({"source": "other", "other_number": "9002345678"}, "other-error", "may not be called"),
        ({"source": "cell_phone"}, "field-error", "is not one of the available choices"),
        ({"mode": "dial_in"}, "field-error", "You have no cell phone registered"),
        ({"mode": "dial_in", "timeout": "61"}, "field-error", "less than or equal to 60"),
        ({"mode": "dial_in", "timeout": "0"}, "field-error", "greater than or equal to 1"),
        ({"mode": "shout"}, "field-error", "is not one of the available choices"),
        ({"form_id": "x"}, "alert", "damaged on its way"),
    ],
)
def test_what_is_refused_is_told_beside_its_field(
    client: Client, held: Assignment, fields: dict[str, str], field: str, why: str
) -> None:
    response = client.post("/call-links/new", FORM | fields)
    assert response.status_code == 200
    text = response.content.decode()
    assert any(why in part.partition("</")[0] for part in text.split(field)[1:]), text
    assert not CallLink.objects.exists()


def test_nobody_is_rung_by_anothers_number_as_if_it_were_ones_own(
    client: Client, held: Assignment, make_person: Callable[..., User], hold: Callable[..., Assignment]
) -> None:
    hold(make_person("ben"), "1005", "17036879448")
    with mock.patch("telephony.services.call_links.placing.dial") as dialled:
        client.post("/call-links/new", FORM | {"source": "other", "other_number": "17036879448"})
    [(link, endpoint)] = [call.args for call in dialled.call_args_list]
    assert link.source_number == "17036879448"
    assert "1005" not in str(endpoint), "it goes through the gateway, as the API has it"
    client.post("/call-links/new", FORM | {"form_id": "g" * 22, "source": "other", "other_number": "1005"})
    assert CallLink.objects.count() == 1


def test_too_many_are_refused_in_words(client: Client, held: Assignment, make_link: Callable, settings: Any) -> None:
    for _ in range(2):
        make_link(sent_at=timezone.now(), destination_number="1005")
    text = client.post("/call-links/new", FORM).content.decode()
    assert "You have 2 call links under way" in text
    assert 'value="2403019517"' in text, "what was typed stays"


@pytest.mark.django_db(transaction=True)
def test_while_the_switch_is_away_nobody_is_called_and_the_form_can_be_sent_again(
    client: Client, held: Assignment, settings: Any
) -> None:
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    text = client.post("/call-links/new", FORM).content.decode()
    assert "nobody was called. Try again." in text
    with simulated(settings) as switch:
        assert client.post("/call-links/new", FORM).status_code == 302
        assert switch.end_calls(10)


def test_without_a_number_one_is_led_to_getting_one(client: Client, make_person: Callable[..., User], hold: Callable) -> None:
    ben = make_person("ben")
    client.force_login(ben)
    for _ in range(2):
        text = page(client, "/call-links/new")
        assert "You need a number first" in text
        assert 'href="/phone/"' in text
        client.post("/call-links/new", FORM)
        hold(ben, "1007") if not Assignment.objects.exists() else None
    assert not CallLink.objects.exists()


def test_with_a_closed_extension_one_is_told_so(client: Client, held: Assignment) -> None:
    Extension.objects.update(state=HoldingState.DISABLED)
    assert "1006@pbx.example.com is closed" in page(client, "/call-links/new")
    client.post("/call-links/new", FORM)
    assert not CallLink.objects.exists()


def test_the_form_takes_a_destination_along(client: Client, held: Assignment) -> None:
    assert 'value="12403019517"' in page(client, "/call-links/new?to=12403019517")
    assert "<script>" not in page(client, "/call-links/new?to=%22%3E%3Cscript%3E").partition("<form")[2]
    assert not CallLink.objects.exists(), "to look at it dials nobody"


def test_as_a_part_of_another_page_it_shows_its_state_in_place(client: Client, held: Assignment) -> None:
    part = {"hx-request": "true"}
    text = client.get("/call-links/new", headers=part).content.decode()
    assert 'hx-target="#place-link"' in text
    assert "<html" not in text
    text = client.post("/call-links/new", FORM | {"destination_number": "x"}, headers=part).content.decode()
    assert "Not a phone number" in text
    with mock.patch("telephony.services.call_links.placing.dial"):
        text = client.post("/call-links/new", FORM, headers=part).content.decode()
    link = CallLink.objects.get()
    assert f'hx-get="/call-links/{link.pk}/state' in text
    assert "<html" not in text


def test_while_the_portal_only_reads_nothing_is_placed(client: Client, held: Assignment) -> None:
    read_only.turn(on=True)
    assert "The portal only reads at the moment" in page(client, "/call-links/new")
    assert client.post("/call-links/new", FORM).status_code == 503
    assert not CallLink.objects.exists()


# -- from where one gets there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "other", "words"), [("inbound", "12025550143", "Call back"), ("outbound", "12403019517", "Call again")]
)
def test_a_calls_page_leads_to_calling_back(client: Client, held: Assignment, direction: str, other: str, words: str) -> None:
    now = timezone.now()
    side = {"caller_user": held.user} if direction == "outbound" else {"callee_user": held.user}
    call = Call.objects.create(
        call_uuid=str(uuid4()), direction=direction, caller_number="12025550143", callee_number="12403019517", started_at=now,
        ended_at=now, hangup_cause="NO_ANSWER", **side,
    )  # fmt: skip
    text = page(client, f"/calls/{call.pk}/")
    assert words in text
    assert f'href="/call-links/new?to={other}"' in text
    Call.objects.update(caller_number="anonymous", callee_number="anonymous")
    assert "/call-links/new?to=" not in page(client, f"/calls/{call.pk}/")


def test_who_begins_is_told_the_next_step(client: Client, make_person: Callable[..., User], hold: Callable) -> None:
    ben = make_person("ben")
    client.force_login(ben)
    text = page(client, "/")
    assert "Welcome, ben" in text
    assert text.partition('class="first-steps"')[2].partition("</section>")[0].count("btn btn-primary") == 1, "one next step"
    assert 'aria-label="Find calls"' not in text, "there is nothing to be found"
    assert 'href="/phone/">Get a number' in text
    hold(ben, "1007", "17036879448")
    text = page(client, "/")
    assert "No calls yet" in text
    assert 'href="/phone/setup">Set up a phone' in text
    assert "No call matches" in page(client, "/?q=555")
    client.force_login(make_person("sam", Role.STAFF))
    assert "Welcome" not in page(client, "/")
