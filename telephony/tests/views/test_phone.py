"""My phone: what one holds, and everything that one may do with it oneself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from telephony.models import Assignment, Call, CallLink, CellPhone, Domain, Extension, Number, Provider
from telephony.models.holding import HoldingState
from telephony.services.credentials import ha1_of
from telephony.services.extensions import close_extension
from telephony.switch.esl import SwitchAddress
from telephony.tests.simulated_switch import simulated
from web import read_only

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(make_person: Callable[..., User], client: Client) -> User:
    person = make_person("anna")
    client.force_login(person)
    return person


@pytest.fixture
def held(anna: User, hold: Callable[..., Assignment]) -> Assignment:
    return hold(anna, "1006", "17036879447")


@pytest.fixture
def pool(domain: Domain) -> Provider:
    provider = Provider.objects.create(name="Acme Carrier")
    for digits in ("17036879441", "12403019517"):
        Number.objects.create(number=digits, provider=provider)
    return provider


def page(client: Client, path: str = "/phone/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def sent(client: Client, path: str, **fields: str) -> str:
    return client.post(f"/phone/{path}", fields, follow=True).content.decode()


# -- the number ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_who_has_nothing_gets_a_number(client: Client, anna: User, pool: Provider) -> None:
    assert "You have no number yet" in page(client)
    text = sent(client, "number", area_code="240")
    assert "+1 240-301-9517 is yours now." in text
    assert "You have no number yet" not in text
    held = Assignment.objects.get(user=anna)
    assert AuditEntry.objects.get(action="assignment.opened").actor == anna
    assert "You have +1 240-301-9517 already." in sent(client, "number")
    assert Assignment.objects.get().pk == held.pk


@pytest.mark.django_db(transaction=True)
def test_an_empty_pool_is_said_in_words(client: Client, anna: User, pool: Provider) -> None:
    assert "No number with the area code 999 is free. Try another area code, or none." in sent(
        client, "number", area_code="999"
    )
    Number.objects.all().delete()
    assert "No number is free. Tell whoever runs the portal" in sent(client, "number")
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("area_code", ["x", "7", "703703", "٧٠٣", "-1", "7 3"])
def test_what_is_no_area_code(client: Client, anna: User, pool: Provider, area_code: str) -> None:
    text = sent(client, "number", area_code=area_code)
    assert 'id="id_area_code_error"' in text
    assert not Assignment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_closed_extension_gets_no_number(client: Client, anna: User, pool: Provider, hold: Callable[..., Assignment]) -> None:
    hold(anna, "1006")
    assert "You have an extension, and no number yet" in page(client)
    Extension.objects.update(state=HoldingState.DISABLED)
    assert "1006@pbx.example.com is closed. Ask whoever runs the portal." in sent(client, "number")
    assert Assignment.objects.get().number is None


def test_giving_it_back_is_asked_about_first(client: Client, anna: User, held: Assignment) -> None:
    text = page(client, "/phone/release")
    assert "Both rest for 30 days" in text
    assert "+1 703-687-9447" in text
    assert Assignment.objects.open().exists()
    assert "+1 703-687-9447 is given back." in sent(client, "release")
    assert not Assignment.objects.open().exists()
    assert Extension.objects.get().state == HoldingState.COOLING
    assert AuditEntry.objects.get(action="assignment.released").actor == anna
    for text in (sent(client, "release"), client.get("/phone/release", follow=True).content.decode()):
        assert "You have no number to give back." in text


def test_without_a_rest_it_says_so(client: Client, held: Assignment, settings: Any) -> None:
    settings.NUMBER_COOLDOWN_DAYS = 0
    assert "Anybody may get them at once." in page(client, "/phone/release")


# -- cell phone and forwarding ---------------------------------------------------------------------------------------------


def test_the_cell_phone_is_set_and_forgotten(client: Client, anna: User) -> None:
    assert "Your cell phone is registered." in sent(client, "cell-phone", cell_phone="(276) 208-7784")
    assert CellPhone.objects.get().number == "12762087784"
    assert 'value="12762087784"' in page(client)
    assert "Your cell phone is forgotten." in sent(client, "cell-phone/forget")
    assert not CellPhone.objects.exists()


def test_forwarding_is_set_and_ended(client: Client, held: Assignment) -> None:
    assert "are forwarded from now on" in sent(client, "forwarding", forward_to="+1 276 208 7784")
    held.extension.refresh_from_db()
    assert held.extension.forward_to == "12762087784"
    assert "+1 276-208-7784" in page(client)
    assert "forwarded no more" in sent(client, "forwarding/stop")
    held.extension.refresh_from_db()
    assert held.extension.forward_to == ""


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "This field is required."),
        ("x", "Not a phone number"),
        ("2762087784\n", "Not a phone number"),
        ("17036879447", "a number of ours"),
        ("911", "Emergency numbers cannot be called"),
        ("+18765551234", "may not be called"),
        ("9002345678", "may not be called"),
    ],
)
@pytest.mark.parametrize(("path", "field"), [("cell-phone", "cell_phone"), ("forwarding", "forward_to")])
def test_what_may_not_be_one_is_told_beside_its_field(
    client: Client, held: Assignment, path: str, field: str, number: str, why: str
) -> None:
    text = sent(client, path, **{field: number})
    assert why in text.partition(f'id="id_{field}_error"')[2].partition("</p>")[0]
    assert not CellPhone.objects.exists()
    assert not Extension.objects.exclude(forward_to="").exists()


def test_without_a_number_nothing_is_forwarded(client: Client, anna: User, hold: Callable[..., Assignment]) -> None:
    hold(anna, "1006")
    assert "You have no number yet: get one first." in sent(client, "forwarding/stop")
    sent(client, "forwarding", forward_to="2762087784")
    assert Extension.objects.get().forward_to == ""


# -- the phones ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_registered_phones_are_seen_and_what_is_the_same_is_not_sent_again(
    client: Client, held: Assignment, settings: Any
) -> None:
    with simulated(settings):
        text = page(client, "/phone/registered")
        assert "It works: 1 phone registered." in text
        assert "127.0.0.1:" in text
        again = text.partition('hx-get="')[2].partition('"')[0]
        assert client.get(again).status_code == 204
    settings.FREESWITCH_ESL = SwitchAddress("127.0.0.1", 1, "nobody-listens")
    text = page(client, again)
    assert "cannot be asked at the moment" in text
    assert "nobody-listens" not in text
    assert "127.0.0.1:1" not in text, "where the switch is, is for staff"
    settings.FREESWITCH_ESL = None
    assert "No switch is set up here" in page(client, "/phone/registered")


@pytest.mark.django_db(transaction=True)
def test_anothers_phones_are_not_seen(client: Client, anna: User, make_person: Callable, hold: Callable, settings: Any) -> None:
    hold(make_person("ben"), "1006", "17036879447")
    with simulated(settings):
        assert "It works" not in page(client, "/phone/registered")


@pytest.mark.django_db(transaction=True)
def test_a_password_is_shown_on_one_answer(client: Client, anna: User, held: Assignment) -> None:
    assert "Make a SIP password" in page(client, "/phone/setup")
    response = client.post("/phone/sip-password")
    text = response.content.decode()
    password = text.partition('id="new-password" translate="no" data-secret>')[2].partition("<")[0]
    assert len(password) == 24
    assert "no-store" in response["Cache-Control"]
    assert text.count(password) == 1
    assert ha1_of(Extension.objects.get())
    assert AuditEntry.objects.get(action="extension.password_renewed").actor == anna
    for path in ("/phone/", "/phone/setup", "/phone/sip-password"):
        assert password not in page(client, path)
    assert "A password is set, and cannot be looked up" in page(client, "/phone/setup")
    assert "The old one is no good" in page(client, "/phone/sip-password")


def test_who_holds_nothing_sets_nothing_up(client: Client, anna: User) -> None:
    for path in ("setup", "sip-password"):
        response = client.get(f"/phone/{path}", follow=True)
        assert response.redirect_chain == [("/phone/", 302)]
        assert "You have no number yet: get one first." in response.content.decode()
    assert client.post("/phone/sip-password").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_closed_extension_is_said_to_be_closed(client: Client, held: Assignment) -> None:
    close_extension(held.extension)
    assert "Staff have closed your extension" in page(client)
    assert "no phone is let in" in page(client, "/phone/setup")


# -- what it says ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("off", ["None of your calls are recorded."]),
        ("inbound", ["Calls from the outside are recorded; those to the outside are not."]),
        ("outbound", ["Calls to the outside are recorded; those from the outside are not."]),
        ("all", ["Calls with the outside are recorded.", "press *7 to have silence recorded, and *8 to go on"]),
    ],
)
def test_which_calls_are_recorded(client: Client, held: Assignment, settings: Any, policy: str, said: list[str]) -> None:
    assert "No calls are recorded here." in page(client)
    settings.FREESWITCH_RECORDINGS_DIR = "/recordings"
    Domain.objects.update(recording=policy)
    text = page(client)
    assert all(sentence in text for sentence in said)


def test_a_number_says_otherwise_than_its_extension_and_a_tone_is_told_of(
    client: Client, held: Assignment, settings: Any
) -> None:
    settings.FREESWITCH_RECORDINGS_DIR, settings.RECORDING_CODES = "/recordings", None
    Domain.objects.update(recording="off")
    Number.objects.update(recording="all", recording_notice=True)
    text = page(client)
    assert "Calls with the outside are recorded." in text
    assert "Calls with other extensions are not recorded." in text
    assert "Both parties hear a tone" in text
    assert "to have silence recorded" not in text


def test_what_is_used_up_is_shown(client: Client, anna: User, held: Assignment, settings: Any) -> None:
    settings.CALL_MINUTES_A_DAY, settings.CALL_LINKS_AN_HOUR = 90, 7
    now = timezone.now()
    Call.objects.create(
        call_uuid=str(uuid4()), direction="outbound", caller_user=anna, started_at=now - timedelta(hours=1), ended_at=now,
        answered=True, answered_at=now - timedelta(minutes=25), bill_seconds=25 * 60 + 59, duration_seconds=3600,
        hangup_cause="NORMAL_CLEARING",
    )  # fmt: skip
    CallLink.objects.create(
        user=anna, source_number="1006", destination_number="1005", call_uuid=uuid4(), destination_leg_uuid=uuid4(),
        job_uuid=uuid4(), expires_at=now + timedelta(minutes=1),
    )  # fmt: skip
    text = " ".join(page(client).split())
    assert "25 of 90 min" in text
    assert "1 of 7" in text
    assert "1 of 2" in text


def test_it_costs_the_same_however_much_there_is(client: Client, anna: User, held: Assignment) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page(client)
        return len(captured)

    queries()
    one = queries()
    for _ in range(20):
        CallLink.objects.create(
            user=anna, source_number="1006", destination_number="1005", call_uuid=uuid4(), destination_leg_uuid=uuid4(),
            job_uuid=uuid4(), expires_at=timezone.now() + timedelta(minutes=1),
        )  # fmt: skip
    assert queries() == one


def test_while_the_portal_only_reads_nothing_is_changed(client: Client, held: Assignment) -> None:
    read_only.turn(on=True)
    assert "The portal only reads at the moment" in page(client)
    assert "The portal only reads at the moment" in page(client, "/phone/setup")
    for path, fields in (
        ("number", {}), ("release", {}), ("cell-phone", {"cell_phone": "2762087784"}), ("cell-phone/forget", {}),
        ("forwarding", {"forward_to": "2762087784"}), ("forwarding/stop", {}), ("sip-password", {}),
    ):  # fmt: skip
        assert client.post(f"/phone/{path}", fields).status_code == 503
    assert Assignment.objects.open().exists()
    assert not CellPhone.objects.exists()


@pytest.mark.parametrize("path", ["", "setup", "registered", "sip-password", "release"])
def test_who_is_not_signed_in_is_led_to_where_one_signs_in(client: Client, path: str) -> None:
    assert client.get(f"/phone/{path}")["Location"].startswith("/login")


def test_what_people_say_is_text(client: Client, anna: User, held: Assignment) -> None:
    User.objects.filter(pk=anna.pk).update(name="<script>alert(1)</script>")
    text = sent(client, "cell-phone", cell_phone="<script>alert(1)</script>")
    assert "<script>alert" not in text
